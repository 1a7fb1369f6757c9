package tally

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Pool is those who may be drawn by lot, with what is known of each.
type Pool struct {
	Categories []string // such as age, neighbourhood
	People     []Person
}

// Person is one of a pool.
type Person struct {
	ID     string
	Values []string // one for each category
}

// Quota says how many of those drawn may have a value. Both ends are included.
type Quota struct {
	Category, Value string
	Min, Max        int
}

// Lot is how to draw a panel from a pool. Values without a quota are free.
type Lot struct {
	Size   int // of a panel
	Quotas []Quota
	Panels int // how many to make before one is drawn; 0: 1000, so that three digits draw one
}

// Panels are panels that all meet the quotas, made so that everyone's chance
// to be on the one that is drawn is as even as the method can make it.
type Panels struct {
	Members [][]string // by panel: ids, sorted
	Chances []Chance   // by person, sorted by id
	Lowest  Number     // the smallest chance of anyone
	Bound   Number     // no method can give everyone more than this
	Pool    string     // SHA-256 of the pool and the quotas, in hex: what was drawn from
}

// Chance is how likely a person is on the panel that is drawn.
type Chance struct {
	ID     string
	Chance Number
}

const (
	defaultPanels = 1000
	panelAttempts = 20  // panels to begin before giving up
	seatChanges   = 100 // changes to a panel, for each of its seats, before beginning anew
)

// Commitment is what to publish before a draw, so that the seed published
// after it can't have been chosen to suit: its SHA-256 in hex.
func Commitment(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return hex.EncodeToString(sum[:])
}

// Make makes the panels. The same pool, in whatever order, the same lot and
// the same seed give the same panels on every machine.
//
// The method is a greedy maximin, not leximin: people alike in every category
// form a group, and within a group people take turns. A panel is filled seat by
// seat, each from the group that has been on panels least for its size among
// those that the quotas still allow. Where none is allowed the seat is given all
// the same, and afterwards single seats, by lot, go to the group that comes
// nearest to meeting all quotas, until they are met. Bound is what the sizes
// alone allow: compare it with Lowest to see how even the lot is.
func (l Lot) Make(pool Pool, seed string) (*Panels, error) {
	b, err := l.builder(pool, seed)
	if err != nil {
		return nil, err
	}
	panels := l.Panels
	if panels == 0 {
		panels = defaultPanels
	}
	p := &Panels{Pool: poolHash(pool, l)}
	for range panels {
		counts, err := b.panel()
		if err != nil {
			return nil, err
		}
		p.Members = append(p.Members, b.take(counts))
	}
	b.chances(p)
	return p, nil
}

// Draw draws one panel by a seed of its own, committed to before the panels
// were made and published after them. Balls from an urn do as well.
func (p *Panels) Draw(seed string) (number int, members []string, err error) {
	if len(p.Members) == 0 {
		return 0, nil, errors.New("there are no panels to draw from")
	}
	number = (&lotStream{seed: seed + "\n" + p.Pool}).intn(len(p.Members))
	return number, p.Members[number], nil
}

// lotStream is a stream of chance that anyone can make again: block i is the
// SHA-256 of the seed, a newline and i in decimal, of which the first eight
// bytes are a number, highest byte first.
type lotStream struct {
	seed string
	next uint64
}

// intn gives a number from 0 to n-1. A block that would favour small numbers
// is passed over.
func (s *lotStream) intn(n int) int {
	limit := ^uint64(0) - ^uint64(0)%uint64(n)
	for {
		sum := sha256.Sum256(strconv.AppendUint([]byte(s.seed+"\n"), s.next, 10))
		s.next++
		if v := binary.BigEndian.Uint64(sum[:8]); v < limit {
			return int(v % uint64(n))
		}
	}
}

// alike is a group of people with the same values.
type alike struct {
	values []int // index into builder.quotas by category; -1: no quota
	people []string
	turn   int   // whose turn it is
	seats  int64 // given to the group so far, on all panels
}

// panelBuilder makes panels that meet the quotas.
type panelBuilder struct {
	size   int
	quotas []Quota
	sumMin []int // by category: the minimums together
	groups []alike
	chance *lotStream
}

// builder checks pool and quotas and groups the people.
func (l Lot) builder(pool Pool, seed string) (*panelBuilder, error) {
	b := &panelBuilder{size: l.Size, quotas: l.Quotas, sumMin: make([]int, len(pool.Categories)), chance: &lotStream{seed: seed}}
	if err := l.check(pool); err != nil {
		return nil, err
	}
	quotaAt := map[[2]string]int{}
	for i, q := range l.Quotas {
		quotaAt[[2]string{q.Category, q.Value}] = i
		b.sumMin[slices.Index(pool.Categories, q.Category)] += q.Min
	}
	people := slices.Clone(pool.People)
	slices.SortFunc(people, func(p, q Person) int { return cmp.Compare(p.ID, q.ID) })
	groupAt := map[string]int{}
	for _, person := range people {
		var values []int
		for c, value := range person.Values {
			q, ok := quotaAt[[2]string{pool.Categories[c], value}]
			if !ok {
				q = -1
			}
			values = append(values, q)
		}
		key := fmt.Sprint(values)
		at, ok := groupAt[key]
		if !ok {
			at = len(b.groups)
			groupAt[key] = at
			b.groups = append(b.groups, alike{values: values})
		}
		b.groups[at].people = append(b.groups[at].people, person.ID)
	}
	for i := range b.groups { // whose turn comes first is by lot
		people := b.groups[i].people
		for n := len(people) - 1; n > 0; n-- {
			j := b.chance.intn(n + 1)
			people[n], people[j] = people[j], people[n]
		}
	}
	return b, b.impossible(pool)
}

// check refuses a pool or quotas that say nothing clear.
func (l Lot) check(pool Pool) error {
	if l.Size < 1 || l.Panels < 0 {
		return fmt.Errorf("a panel of %d, %d panels: expected at least one", l.Size, l.Panels)
	}
	if len(pool.People) < l.Size {
		return fmt.Errorf("a panel of %d from %d people: there are too few", l.Size, len(pool.People))
	}
	seen := map[string]bool{}
	for i, p := range pool.People {
		switch {
		case p.ID == "":
			return fmt.Errorf("person %d has no id", i+1)
		case seen[p.ID]:
			return fmt.Errorf("person %q is in the pool twice", p.ID)
		case len(p.Values) != len(pool.Categories):
			return fmt.Errorf("person %q has %d values for %d categories", p.ID, len(p.Values), len(pool.Categories))
		}
		seen[p.ID] = true
	}
	quotas := map[[2]string]bool{}
	for _, q := range l.Quotas {
		key := [2]string{q.Category, q.Value}
		switch {
		case !slices.Contains(pool.Categories, q.Category):
			return fmt.Errorf("quota for %s: there is no such category", q.Category)
		case quotas[key]:
			return fmt.Errorf("two quotas for %s %s", q.Category, q.Value)
		case q.Min < 0 || q.Max < q.Min:
			return fmt.Errorf("quota for %s %s: from %d to %d", q.Category, q.Value, q.Min, q.Max)
		}
		quotas[key] = true
	}
	return nil
}

// impossible says which quota alone can't be met.
func (b *panelBuilder) impossible(pool Pool) error {
	have := make([]int, len(b.quotas))
	most := make([]int, len(pool.Categories)) // by category: the most that it lets onto a panel
	for _, g := range b.groups {
		for c, q := range g.values {
			if q >= 0 {
				have[q] += len(g.people)
			} else {
				most[c] += len(g.people)
			}
		}
	}
	for i, q := range b.quotas {
		if have[i] < q.Min {
			return fmt.Errorf("quota for %s %s: at least %d, but the pool has %d", q.Category, q.Value, q.Min, have[i])
		}
		most[slices.Index(pool.Categories, q.Category)] += min(q.Max, have[i])
	}
	for c, category := range pool.Categories {
		switch {
		case b.sumMin[c] > b.size:
			return fmt.Errorf("quotas for %s: together at least %d, more than the panel's %d", category, b.sumMin[c], b.size)
		case most[c] < b.size:
			return fmt.Errorf("quotas for %s: together at most %d, fewer than the panel's %d", category, most[c], b.size)
		}
	}
	return nil
}

// panel finds how many of each group make a panel.
func (b *panelBuilder) panel() ([]int, error) {
	for range panelAttempts {
		f := &filling{panelBuilder: b, counts: make([]int, len(b.groups)), has: make([]int, len(b.quotas)), needs: slices.Clone(b.sumMin)}
		f.fill()
		if !f.mend() {
			continue
		}
		for i, n := range f.counts {
			b.groups[i].seats += int64(n)
		}
		return f.counts, nil
	}
	return nil, fmt.Errorf("found no panel that meets all quotas in %d attempts: there may be none; widen a quota", panelAttempts)
}

// filling is a panel that is being filled.
type filling struct {
	*panelBuilder
	counts []int // by group
	has    []int // by quota
	needs  []int // by category: seats that minimums still need
	broken int   // by how much quotas are not met, together
}

// fill gives every seat, against the quotas where it must.
func (f *filling) fill() {
	for _, q := range f.quotas {
		f.broken += q.Min
	}
	for left := f.size; left > 0; left-- {
		allowed := f.where(func(g int) bool { return f.allows(g, left) })
		if len(allowed) == 0 {
			allowed = f.where(func(int) bool { return true })
		}
		f.seat(f.leastServed(allowed), 1)
	}
}

// mend changes seats until all quotas are met; false if that takes too long.
func (f *filling) mend() bool {
	for change := 0; f.broken > 0; change++ {
		if change == seatChanges*f.size {
			return false
		}
		out := f.seated(f.chance.intn(f.size))
		f.seat(out, -1)
		others := f.where(func(g int) bool { return g != out })
		switch {
		case len(others) == 0:
			f.seat(out, 1)
			return false
		case f.chance.intn(10) == 0: // now and then any, to leave dead ends
			f.seat(others[f.chance.intn(len(others))], 1)
		default:
			f.seat(f.leastServed(f.nearest(others)), 1)
		}
	}
	return true
}

// where lists the groups with someone left who meets the condition.
func (f *filling) where(condition func(group int) bool) []int {
	var groups []int
	for g := range f.groups {
		if f.counts[g] < len(f.groups[g].people) && condition(g) {
			groups = append(groups, g)
		}
	}
	return groups
}

// seated gives the group that holds a seat.
func (f *filling) seated(seat int) int {
	for g, n := range f.counts {
		if seat -= n; seat < 0 {
			return g
		}
	}
	return -1 // not reached: there are as many seats as counts
}

// allows tells whether a group may have one of the seats left: no maximum is
// passed, and enough seats are left for each category's minimums.
func (f *filling) allows(group, left int) bool {
	for c, q := range f.groups[group].values {
		helps := q >= 0 && f.has[q] < f.quotas[q].Min
		if q >= 0 && f.has[q] >= f.quotas[q].Max || f.needs[c] >= left && !helps {
			return false
		}
	}
	return true
}

// nearest lists those groups that would leave the quotas least broken.
func (f *filling) nearest(groups []int) []int {
	var best []int
	least := 0
	for _, g := range groups {
		broken := 0
		for _, q := range f.groups[g].values {
			switch {
			case q < 0:
			case f.has[q] < f.quotas[q].Min:
				broken--
			case f.has[q] >= f.quotas[q].Max:
				broken++
			}
		}
		if best == nil || broken < least {
			best, least = append(best[:0], g), broken
		} else if broken == least {
			best = append(best, g)
		}
	}
	return best
}

// seat gives a seat to a group (by 1) or takes it back (by -1).
func (f *filling) seat(group, by int) {
	f.counts[group] += by
	for c, q := range f.groups[group].values {
		if q < 0 {
			continue
		}
		unmet, short := f.unmet(q), f.short(q)
		f.has[q] += by
		f.broken += f.unmet(q) - unmet
		f.needs[c] += f.short(q) - short
	}
}

// short gives how many seats a quota's minimum still needs.
func (f *filling) short(q int) int { return max(f.quotas[q].Min-f.has[q], 0) }

// unmet gives by how much a quota is not met.
func (f *filling) unmet(q int) int {
	return max(f.short(q), f.has[q]-f.quotas[q].Max)
}

// leastServed gives the group that has had the fewest seats for its size, by
// lot among several.
func (f *filling) leastServed(allowed []int) int {
	best, ties := allowed[0], 1
	for _, g := range allowed[1:] {
		// seats/size of g against best, without division
		served := (f.groups[g].seats + int64(f.counts[g])) * int64(len(f.groups[best].people))
		servedBest := (f.groups[best].seats + int64(f.counts[best])) * int64(len(f.groups[g].people))
		switch {
		case served < servedBest:
			best, ties = g, 1
		case served == servedBest:
			if ties++; f.chance.intn(ties) == 0 {
				best = g
			}
		}
	}
	return best
}

// take names the people of a panel: in each group those whose turn it is.
func (b *panelBuilder) take(counts []int) []string {
	var members []string
	for g, n := range counts {
		group := &b.groups[g]
		for range n {
			members = append(members, group.people[group.turn%len(group.people)])
			group.turn++
		}
	}
	slices.Sort(members)
	return members
}

// chances counts how many panels each person is on.
func (b *panelBuilder) chances(p *Panels) {
	on := map[string]int64{}
	for _, members := range p.Members {
		for _, id := range members {
			on[id]++
		}
	}
	total := int64(len(p.Members))
	people := 0
	bound := big.NewRat(1, 1)
	have := make([]int, len(b.quotas))
	for _, g := range b.groups {
		people += len(g.people)
		for _, q := range g.values {
			if q >= 0 {
				have[q] += len(g.people)
			}
		}
		for _, id := range g.people {
			p.Chances = append(p.Chances, Chance{id, Num(big.NewRat(on[id], total))})
		}
	}
	slices.SortFunc(p.Chances, func(a, b Chance) int { return strings.Compare(a.ID, b.ID) })
	p.Lowest = slices.MinFunc(p.Chances, func(a, b Chance) int { return a.Chance.Cmp(b.Chance.Rat) }).Chance
	lower := func(r *big.Rat) {
		if r.Cmp(bound) < 0 {
			bound = r
		}
	}
	lower(big.NewRat(int64(b.size), int64(people)))
	for q, n := range have {
		if n > 0 {
			lower(big.NewRat(int64(b.quotas[q].Max), int64(n)))
		}
	}
	p.Bound = Num(bound)
}

// poolHash is the SHA-256 of a pool and a lot, in hex, over lines of quoted
// values, sorted, so that the order in which people are listed changes nothing.
func poolHash(pool Pool, l Lot) string {
	var lines []string
	for _, p := range pool.People {
		lines = append(lines, fmt.Sprintf("person %q %q", p.ID, p.Values))
	}
	for _, q := range l.Quotas {
		lines = append(lines, fmt.Sprintf("quota %q %q %d %d", q.Category, q.Value, q.Min, q.Max))
	}
	slices.Sort(lines)
	lines = append(lines, fmt.Sprintf("size %d categories %q", l.Size, pool.Categories))
	return Commitment(strings.Join(lines, "\n"))
}
