package opinion

import (
	"math"
	"slices"
)

// Make maps a conversation.
func Make(c *Conversation, o Options) (*Map, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	counts := c.counts()
	w := &work{conversation: c, options: o, counts: counts, ballots: newBallots(c.rows)}
	w.mean = means(c.statements, counts)
	x := newCentred(c.statements, w.mean)
	w.axes(rowProducts{c.rows, x})
	w.place(x)
	w.group(nil)
	return w.finish(), nil
}

// work is a map in the making.
type work struct {
	conversation *Conversation
	options      Options
	counts       []Count

	mean       []float64
	values     [2]float64 // eigenvalues of the scatter of votes
	components [2][]float64
	space      [][]float64 // in which the components were found

	places      []xy         // by participant
	grouped     []int        // participants who have at least MinVotes
	points      []xy         // their places
	sameGrouped bool         // they are those of the last map
	tried       []clustering // one for each number of groups that was tried
	fits        []fit
	sampled     int
	chosen      int       // index into tried; -1: no groups
	why         Message   // there are no groups
	groups      [][]Count // by group, by statement
	member      []int8    // by participant: the group with which the votes are counted; -1: none
	ballots     *ballots
}

// axes finds the directions along which answers differ most. near may hold the
// last map's.
func (w *work) axes(m symmetric) {
	n := len(w.conversation.statements)
	w.values, w.components, w.space = topTwo(m, n, w.space)
}

func (w *work) place(x centred) {
	c := w.conversation
	w.places = slices.Grow(w.places[:0], len(c.rows))[:len(c.rows)]
	project(w.places, c.rows, x, w.components, newStretch(c.statements, w.counts))
	before := w.grouped
	w.grouped, w.points = make([]int, 0, len(before)), w.points[:0]
	for p, row := range c.rows {
		if len(row) >= MinVotes {
			w.grouped = append(w.grouped, p)
			w.points = append(w.points, w.places[p])
		}
	}
	w.sameGrouped = slices.Equal(before, w.grouped)
}

// group divides those with enough votes. from holds clusterings of nearly the
// same points to begin with; nil: begin anew.
func (w *work) group(from []clustering) {
	w.chosen = -1
	w.tried, w.fits = nil, nil
	if len(w.grouped) < MinGrouped {
		w.why = say("opinion.why.few", "grouped", len(w.grouped), "votes", MinVotes, "least", MinGrouped)
		return
	}
	low, high := minK, maxK
	if w.options.K != 0 {
		low, high = w.options.K, w.options.K
	}
	high = min(high, distinct(w.points, high))
	if high < low {
		w.why = say("opinion.why.alike")
		if w.options.K != 0 {
			w.why = say("opinion.why.fewer_places", "groups", w.options.K)
		}
		return
	}
	var labelings [][]uint8
	for k := low; k <= high; k++ {
		c := w.divide(k, from)
		if w.options.K == 0 && !c.whole() {
			continue
		}
		w.tried = append(w.tried, c)
		labelings = append(labelings, c.labels)
	}
	if len(w.tried) == 0 {
		w.why = say("opinion.why.apart", "least", minGroup)
		return
	}
	w.fits, w.sampled = silhouettes(w.points, labelings)
	w.chosen = choose(w.fits)
	w.renumber(w.tried[w.chosen].order())
}

// divide makes k groups, beginning from a former division into as many.
func (w *work) divide(k int, from []clustering) clustering {
	i := slices.IndexFunc(from, func(c clustering) bool { return len(c.centres) == k })
	if i < 0 {
		return kmeans(w.points, k)
	}
	var c clustering
	if w.sameGrouped {
		c = from[i].moved(w.points)
	} else {
		c = lloyd(w.points, from[i].centres)
	}
	if !c.whole() {
		return kmeans(w.points, k)
	}
	return c
}

// tolerated is the most that the silhouette of a smaller number of groups may
// lack.
const tolerated = 0.02

// choose returns the number of groups to show: the smallest whose silhouette
// lies within one standard error of the best (the rule of Breiman and others
// 1984 for choosing among models that data can't tell apart), and not more
// than tolerated below it.
func choose(fits []fit) int {
	best := 0
	for i := range fits {
		if fits[i].mean > fits[best].mean {
			best = i
		}
	}
	within := fits[best].mean - min(fits[best].err, tolerated)
	return slices.IndexFunc(fits, func(f fit) bool { return f.mean >= within })
}

// renumber gives the groups of the last map the numbers of this one.
func (w *work) renumber(rank []uint8) {
	if len(rank) != len(w.groups) || slices.IsSorted(rank) {
		return
	}
	groups := make([][]Count, len(rank))
	for from, to := range rank {
		groups[to] = w.groups[from]
	}
	w.groups = groups
	for p, g := range w.member {
		if g >= 0 {
			w.member[p] = int8(rank[g])
		}
	}
}

// countGroups counts the votes of each group: from the counts of the last map,
// if it had as many groups, by those who changed.
func (w *work) countGroups() {
	k := 0
	if w.chosen >= 0 {
		k = len(w.tried[w.chosen].centres)
	}
	if k != len(w.groups) {
		w.groups, w.member = make([][]Count, k), nil
		for g := range w.groups {
			w.groups[g] = make([]Count, len(w.counts))
		}
	}
	for len(w.member) < len(w.conversation.rows) {
		w.member = append(w.member, -1)
	}
	if k == 0 {
		return
	}
	for i, p := range w.grouped {
		g := int8(w.tried[w.chosen].labels[i])
		if w.member[p] != g {
			w.leave(p)
			countRow(w.groups[g], w.conversation.rows[p], 1)
			w.member[p] = g
		}
	}
}

// leave takes a participant out of the group counted with.
func (w *work) leave(p int) {
	if p < len(w.member) && w.member[p] >= 0 {
		countRow(w.groups[w.member[p]], w.conversation.rows[p], -1)
		w.member[p] = -1
	}
}

func (w *work) finish() *Map {
	c := w.conversation
	m := &Map{
		Topic: c.Topic, Participants: c.participants, Superseded: c.superseded,
		Statements: c.statements, Overall: w.counts,
		Mean: w.mean, Components: w.components,
		Grouped: len(w.grouped), Sampled: w.sampled,
		Majority: majority(c.statements, w.counts),
	}
	for _, n := range w.counts {
		m.Votes += n.Votes
	}
	if n := float64(len(c.rows) - 1); n > 0 {
		whole := scatter(w.counts, w.mean, c.statements)
		for i, v := range w.values {
			m.Variance[i] = v / n
			if whole > 0 {
				m.Explained[i] = v / whole
			}
		}
	}
	m.Points = make([]Point, len(c.rows))
	for p, at := range w.places {
		m.Points[p] = Point{at.x, at.y, -1}
	}
	w.countGroups()
	if w.chosen >= 0 {
		w.fillGroups(m)
	}
	m.Alike = w.findAlike()
	m.Explanation = w.explain(m)
	return m
}

func (w *work) fillGroups(m *Map) {
	chosen := w.tried[w.chosen]
	m.K = len(chosen.centres)
	m.Silhouette = w.fits[w.chosen].mean
	for i, f := range w.fits {
		m.Silhouettes = append(m.Silhouettes, Quality{len(w.tried[i].centres), f.mean})
	}
	for i, p := range w.grouped {
		m.Points[p].Group = int(chosen.labels[i])
	}
	together := sum(w.groups)
	for g, size := range chosen.sizes {
		m.Groups = append(m.Groups, Group{
			Size: size, X: chosen.centres[g].x, Y: chosen.centres[g].y, Counts: slices.Clone(w.groups[g]),
			Representative: representative(m.Statements, w.groups[g], together),
		})
	}
	agree, disagree := Consensus(w.groups)
	m.CommonGround = ranked(m.Statements, w.groups, agree)
	m.CommonNo = ranked(m.Statements, w.groups, disagree)
	m.Divides = divides(m.Statements, w.groups)
}

// explain says how the map came about.
func (w *work) explain(m *Map) []Message {
	var out []Message
	add := func(s Message) { out = append(out, s) }
	add(sayN("opinion.how.participants", len(m.Participants), "votes", m.Votes))
	if m.Superseded > 0 {
		add(sayN("opinion.how.superseded", m.Superseded))
	}
	removed := 0
	for _, s := range m.Statements {
		if s.Removed {
			removed++
		}
	}
	if removed > 0 {
		add(sayN("opinion.how.removed", removed))
	}
	if few := len(m.Participants) - m.Grouped; few > 0 && m.K > 0 {
		add(sayN("opinion.how.few_votes", few, "votes", MinVotes))
	}
	switch {
	case m.K == 0:
		add(w.why)
	case w.options.K != 0:
		add(sayN("opinion.how.groups_asked", m.K))
	default:
		add(sayN("opinion.how.groups_chosen", m.K))
	}
	if m.K > 0 {
		add(clarity(m.Silhouette))
		if m.Sampled < m.Grouped {
			add(sayN("opinion.how.sampled", m.Sampled))
		}
	}
	return out
}

// clarity puts a silhouette into words, at the bounds that Kaufman and
// Rousseeuw give (Finding Groups in Data, 1990, table 4).
func clarity(silhouette float64) Message {
	rounded := math.Round(silhouette*100) / 100
	switch {
	case silhouette > 0.7:
		return say("opinion.how.clear", "silhouette", rounded)
	case silhouette > 0.5:
		return say("opinion.how.fair", "silhouette", rounded)
	case silhouette > 0.25:
		return say("opinion.how.weak", "silhouette", rounded)
	}
	return say("opinion.how.blurred", "silhouette", rounded)
}
