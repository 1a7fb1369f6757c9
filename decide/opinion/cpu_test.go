package opinion

import (
	"syscall"
	"testing"
	"time"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func TestCPU(t *testing.T) {
	c, _ := loadReference(t, "vtaiwan.uberx")
	a := cpu()
	for range 10 {
		Make(c, Options{})
	}
	t.Log("vtaiwan make", (cpu()-a)/10)
	c = synthetic(100_000, 1000, 30, 3)
	a = cpu()
	Make(c, Options{})
	t.Log("100k make", cpu()-a)
	a = cpu()
	l, _ := NewLive(c, Options{})
	t.Log("100k newlive", cpu()-a)
	l.Map()
	a = cpu()
	for i := range 20 {
		l.Cast(Cast{c.participants[i*17], c.statements[i*7].ID, Agree})
		l.Map()
	}
	t.Log("100k vote", (cpu()-a)/20)
	w := &l.work
	step := func(name string, f func()) {
		a := cpu()
		for range 10 {
			f()
		}
		t.Log(name, (cpu()-a)/10)
	}
	x := newCentred(w.conversation.statements, w.mean)
	n := 0
	step("axes", func() { w.axes(counted{l.products, &n}) })
	t.Log("products", n)
	step("place", func() { w.place(x) })
	step("group", func() { w.group(w.tried) })
	step("countGroups", func() { w.countGroups() })
	step("finish", func() { w.finish() })
	lab := [][]uint8{}
	for _, t := range w.tried {
		lab = append(lab, t.labels)
	}
	step("silhouettes", func() { silhouettes(w.points, lab) })
	step("lloyd", func() {
		for _, t := range w.tried {
			lloyd(w.points, t.centres)
		}
	})
}

type counted struct {
	m symmetric
	n *int
}

func (c counted) multiply(out, v []float64) { *c.n++; c.m.multiply(out, v) }
