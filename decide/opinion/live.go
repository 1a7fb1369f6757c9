package opinion

import (
	"fmt"
	"slices"
)

// Live is a map that takes votes as they come. It keeps what the last map was
// made of, so that the next costs a small part of [Make]: for each pair of
// statements what those who voted on both said (whole numbers, so nothing
// drifts), the axes, and the groups' centres, from which the new ones are
// sought.
//
// Its maps are those of Make on the same votes: axes to 1e-6, places to 1e-5 of
// the map's width. Groups begin from the last ones, so a change that calls for
// wholly other groups may show only in the next Make.
//
// A Live may be used by one goroutine at a time; its maps by many.
type Live struct {
	work                     work
	products                 *products // nil where the statements are too many
	participants, statements map[string]int
}

// maxProducts is the number of statements up to which the products of their
// pairs are kept: 1,500 take 45 megabytes.
const maxProducts = 1500

// NewLive begins with the votes of c, which it leaves as they are.
func NewLive(c *Conversation, o Options) (*Live, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	own := *c
	own.statements, own.participants, own.rows = slices.Clone(c.statements), slices.Clone(c.participants), slices.Clone(c.rows)
	l := &Live{
		work:         work{conversation: &own, options: o, counts: c.counts(), ballots: newBallots(c.rows)},
		participants: map[string]int{}, statements: map[string]int{},
	}
	for p, id := range own.participants {
		l.participants[id] = p
	}
	for j, s := range own.statements {
		l.statements[s.ID] = j
	}
	if len(own.statements) <= maxProducts {
		l.products = newProducts(own.rows, len(own.statements))
	}
	return l, nil
}

// Add adds a statement on which people may vote from now on.
func (l *Live) Add(s Statement) error {
	if s.ID == "" {
		return fmt.Errorf("a statement has no id")
	}
	if _, ok := l.statements[s.ID]; ok {
		return fmt.Errorf("statement %q is there already", s.ID)
	}
	c := l.work.conversation
	l.statements[s.ID] = len(c.statements)
	c.statements = append(slices.Clip(c.statements), s) // maps made before share the old ones
	l.work.counts = append(l.work.counts, Count{})
	for g := range l.work.groups {
		l.work.groups[g] = append(l.work.groups[g], Count{})
	}
	for i, v := range l.work.space {
		l.work.space[i] = append(v, 0)
	}
	if l.products != nil && len(c.statements) <= maxProducts {
		l.products.grow()
	} else {
		l.products = nil
	}
	return nil
}

// Cast takes one vote, in place of an earlier one of the same participant on
// the same statement if there is one.
func (l *Live) Cast(v Cast) error {
	if err := checkCast(v); err != nil {
		return err
	}
	j, ok := l.statements[v.Statement]
	if !ok {
		return fmt.Errorf("there is no statement %q", v.Statement)
	}
	c := l.work.conversation
	p, ok := l.participants[v.Participant]
	if !ok {
		p = len(c.rows)
		l.participants[v.Participant] = p
		c.participants, c.rows = append(c.participants, v.Participant), append(c.rows, nil)
	}
	old := c.rows[p]
	at, again := slices.BinarySearchFunc(old, j, func(c cell, j int) int { return c.statement() - j })
	row := slices.Clone(old)
	if again {
		c.superseded++
		row[at] = newCell(j, v.Vote)
	} else {
		row = slices.Insert(row, at, newCell(j, v.Vote))
	}
	if l.products != nil {
		l.products.change(old, row, j)
	}
	l.work.leave(p)
	countRow(l.work.counts, old, -1)
	countRow(l.work.counts, row, 1)
	c.rows[p] = row
	l.work.ballots.set(p, row)
	return nil
}

// Map makes the map of the votes so far.
func (l *Live) Map() *Map {
	w := &l.work
	c := w.conversation
	w.mean = means(c.statements, w.counts)
	x := newCentred(c.statements, w.mean)
	if l.products != nil {
		l.products.centre(w.mean, c.statements)
		w.axes(l.products)
	} else {
		w.axes(rowProducts{c.rows, x})
	}
	w.place(x)
	w.group(w.tried)
	m := w.finish()
	m.Overall = slices.Clone(m.Overall)
	return m
}

// products holds, for each pair of statements, what those who voted on both
// said: sums of whole numbers from which the scatter of centred votes follows
// for whatever means.
type products struct {
	n, stride int       // statements; room for them in a row
	both      []int32   // [j*stride+k]: who voted on j and k
	agree     []int32   // sum of their votes' products
	sums      []int32   // sum of their votes on j
	centred   []float64 // the scatter, of the means last given
	outdated  []bool    // by statement
}

func newProducts(rows [][]cell, n int) *products {
	p := &products{outdated: make([]bool, n)}
	p.widen(n)
	p.n = n
	for _, row := range rows {
		for _, c := range row {
			p.add(row, c, 1)
		}
	}
	for j := range p.outdated {
		p.outdated[j] = true
	}
	return p
}

// grow adds a statement on which nobody voted.
func (p *products) grow() {
	if p.n == p.stride {
		p.widen(p.n + p.n/4 + 16)
	}
	p.n++
	p.outdated = append(p.outdated, true)
}

// widen makes room for more statements.
func (p *products) widen(stride int) {
	wide := products{
		both: make([]int32, stride*stride), agree: make([]int32, stride*stride),
		sums: make([]int32, stride*stride), centred: make([]float64, stride*stride),
	}
	for j := range p.n {
		from, to := j*p.stride, j*stride
		copy(wide.both[to:], p.both[from:from+p.n])
		copy(wide.agree[to:], p.agree[from:from+p.n])
		copy(wide.sums[to:], p.sums[from:from+p.n])
		copy(wide.centred[to:], p.centred[from:from+p.n])
	}
	p.both, p.agree, p.sums, p.centred, p.stride = wide.both, wide.agree, wide.sums, wide.centred, stride
}

// add adds what c, one vote of a row, adds to the row of its statement.
func (p *products) add(row []cell, c cell, times int32) {
	from := c.statement() * p.stride
	both, agree, sums := p.both[from:from+p.n], p.agree[from:from+p.n], p.sums[from:from+p.n]
	v := int32(c.vote()) * times
	for _, d := range row {
		k := d >> 2
		both[k] += times
		agree[k] += v * int32(d.vote())
		sums[k] += v
	}
}

// change replaces a row by one that differs in its vote on statement j alone.
func (p *products) change(old, row []cell, j int) {
	p.outdated[j] = true
	p.addOne(old, j, -1)
	p.addOne(row, j, 1)
}

// addOne adds what the vote on statement j in a row adds to all pairs, if the
// row has one.
func (p *products) addOne(row []cell, j int, times int32) {
	at, ok := slices.BinarySearchFunc(row, j, func(c cell, j int) int { return c.statement() - j })
	if !ok {
		return
	}
	p.add(row, row[at], times)
	v := int32(row[at].vote())
	for _, c := range row {
		if c.statement() == j {
			continue // done by add
		}
		to := c.statement()*p.stride + j
		p.both[to] += times
		p.agree[to] += times * int32(c.vote()) * v
		p.sums[to] += times * int32(c.vote())
	}
}

// centre brings the scatter up to date for the means given.
func (p *products) centre(mean []float64, statements []Statement) {
	for j, old := range p.outdated {
		if !old {
			continue
		}
		for k := range p.n {
			at, across := j*p.stride+k, k*p.stride+j
			var s float64
			if !statements[j].Removed && !statements[k].Removed {
				s = float64(p.agree[at]) - mean[k]*float64(p.sums[at]) -
					mean[j]*float64(p.sums[across]) + mean[j]*mean[k]*float64(p.both[at])
			}
			p.centred[at], p.centred[across] = s, s
		}
		p.outdated[j] = false
	}
}

func (p *products) multiply(out, v []float64) {
	inParallel(p.n, 256, func(from, to int) {
		for j := from; j < to; j++ {
			out[j] = dot(p.centred[j*p.stride:j*p.stride+p.n], v)
		}
	})
}
