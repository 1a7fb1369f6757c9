package opinion

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// synthetic makes a conversation of camps: each participant votes on about
// votes statements, by the leaning of its camp.
func synthetic(participants, statements, votes, camps int) *Conversation {
	chance := rand.New(rand.NewPCG(7, 7))
	leaning := make([][]float64, camps)
	for c := range leaning {
		leaning[c] = make([]float64, statements)
		for j := range leaning[c] {
			leaning[c][j] = chance.Float64()
		}
	}
	c := &Conversation{}
	for j := range statements {
		c.statements = append(c.statements, Statement{ID: fmt.Sprint(j), Text: fmt.Sprintf("Statement %d", j)})
	}
	share := float64(votes) / float64(statements)
	for p := range participants {
		camp := leaning[p%camps]
		var row []cell
		for j := range statements {
			if chance.Float64() >= share {
				continue
			}
			v := Disagree
			if r := chance.Float64(); r < 0.1 {
				v = Pass
			} else if r < 0.1+0.9*camp[j] {
				v = Agree
			}
			row = append(row, newCell(j, v))
		}
		if len(row) == 0 {
			row = append(row, newCell(0, Pass))
		}
		c.participants = append(c.participants, fmt.Sprint(p))
		c.rows = append(c.rows, row)
	}
	return c
}

func BenchmarkMake(b *testing.B) {
	b.Run("vtaiwan_1921x197", func(b *testing.B) {
		c, _ := loadReference(b, "vtaiwan.uberx")
		benchmarkMake(b, c)
	})
	b.Run("synthetic_2000x900_dense", func(b *testing.B) { benchmarkMake(b, synthetic(2000, 900, 110, 3)) })
	b.Run("synthetic_100000x1000", func(b *testing.B) { benchmarkMake(b, synthetic(100_000, 1000, 30, 3)) })
}

func benchmarkMake(b *testing.B, c *Conversation) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Make(c, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOneMoreVote(b *testing.B) {
	b.Run("vtaiwan_1921x197", func(b *testing.B) {
		c, _ := loadReference(b, "vtaiwan.uberx")
		benchmarkVote(b, c)
	})
	b.Run("synthetic_100000x1000", func(b *testing.B) { benchmarkVote(b, synthetic(100_000, 1000, 30, 3)) })
}

// benchmarkVote times one vote and the map after it.
func benchmarkVote(b *testing.B, c *Conversation) {
	l, err := NewLive(c, Options{})
	if err != nil {
		b.Fatal(err)
	}
	l.Map()
	chance := rand.New(rand.NewPCG(3, 3))
	before, n := cpu(b), 0
	for b.Loop() {
		n++
		v := Cast{
			Participant: c.participants[chance.IntN(len(c.participants))],
			Statement:   c.statements[chance.IntN(len(c.statements))].ID,
			Vote:        Vote(chance.IntN(3) - 1),
		}
		if err := l.Cast(v); err != nil {
			b.Fatal(err)
		}
		l.Map()
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(n), "cpu-ms/vote")
}

// cpu is the processor time that the process took so far, on all cores.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
