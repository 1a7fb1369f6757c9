package opinion

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Conversation is statements and what each participant last said to them.
type Conversation struct {
	Topic string

	// Exported holds the group that the exporting program put a participant
	// into, where it says so. Maps do not use it.
	Exported map[string]string

	statements   []Statement // in natural order of id
	participants []string    // in natural order of id; each has a vote
	rows         [][]cell    // by participant, then by statement
	superseded   int
}

// cell is one vote of a participant: the statement's index, and the vote in
// the low two bits. Three million of them take twelve megabytes.
type cell uint32

const maxStatements = 1 << 30

func newCell(statement int, v Vote) cell { return cell(statement)<<2 | cell(v+1) }
func (c cell) statement() int            { return int(c >> 2) }
func (c cell) vote() Vote                { return Vote(c&3) - 1 }

// Cast is a vote as it arrives.
type Cast struct {
	Participant, Statement string
	Vote                   Vote
}

// NewConversation gathers votes in the order in which they were cast: the last
// of a participant on a statement counts. A vote on a statement that is not
// listed is an error.
func NewConversation(statements []Statement, votes []Cast) (*Conversation, error) {
	b := newBuilder()
	for _, s := range statements {
		if err := b.add(s); err != nil {
			return nil, err
		}
	}
	for i, c := range votes {
		s, ok := b.statements.index[c.Statement]
		if !ok {
			return nil, fmt.Errorf("vote %d: there is no statement %q", i+1, c.Statement)
		}
		if err := checkCast(c); err != nil {
			return nil, fmt.Errorf("vote %d: %w", i+1, err)
		}
		b.events = append(b.events, event{b.participants.of(c.Participant), s, c.Vote, int64(i)})
	}
	return b.conversation(), nil
}

func checkCast(c Cast) error {
	if c.Participant == "" {
		return fmt.Errorf("the participant has no id")
	}
	if c.Vote < Disagree || c.Vote > Agree {
		return fmt.Errorf("found vote %d, expected -1, 0 or 1", c.Vote)
	}
	return nil
}

// interner numbers strings in the order in which they come.
type interner struct {
	ids   []string
	index map[string]int32
}

func (n *interner) of(id string) int32 {
	i, ok := n.index[id]
	if !ok {
		i = int32(len(n.ids))
		id = strings.Clone(id) // a reader's line is not kept alive by an id in it
		n.ids = append(n.ids, id)
		n.index[id] = i
	}
	return i
}

// event is a vote with the time that orders it among its kind.
type event struct {
	participant, statement int32
	vote                   Vote
	at                     int64
}

// builder gathers a conversation in the order of a file.
type builder struct {
	statements, participants interner
	said                     []Statement // by statement; without Text until one comes
	events                   []event
}

func newBuilder() *builder {
	return &builder{
		statements:   interner{index: map[string]int32{}},
		participants: interner{index: map[string]int32{}},
	}
}

func (b *builder) add(s Statement) error {
	if s.ID == "" {
		return fmt.Errorf("a statement has no id")
	}
	if _, ok := b.statements.index[s.ID]; ok {
		return fmt.Errorf("statement %q is listed twice", s.ID)
	}
	if len(b.said) == maxStatements {
		return fmt.Errorf("more than %d statements", maxStatements)
	}
	b.statements.of(s.ID)
	b.said = append(b.said, s)
	return nil
}

// statement returns the index of a statement, listed or not.
func (b *builder) statement(id string) int32 {
	i := b.statements.of(id)
	if int(i) == len(b.said) {
		b.said = append(b.said, Statement{ID: b.statements.ids[i]})
	}
	return i
}

// conversation sorts what was gathered: participants and statements by id, so
// that the order of a file's lines makes no difference.
func (b *builder) conversation() *Conversation {
	statementOrder, statementRank := naturalOrder(b.statements.ids)
	participantOrder, participantRank := naturalOrder(b.participants.ids)
	c := &Conversation{
		statements:   make([]Statement, len(statementOrder)),
		participants: make([]string, len(participantOrder)),
		rows:         make([][]cell, len(participantOrder)),
	}
	for rank, i := range statementOrder {
		c.statements[rank] = b.said[i]
	}
	for rank, i := range participantOrder {
		c.participants[rank] = b.participants.ids[i]
	}

	// Events by participant, in their order; then each participant's own.
	starts := make([]int, len(participantOrder)+1)
	for _, e := range b.events {
		starts[participantRank[e.participant]+1]++
	}
	for i := range participantOrder {
		starts[i+1] += starts[i]
	}
	sorted := make([]event, len(b.events))
	at := slices.Clone(starts)
	for _, e := range b.events {
		p := participantRank[e.participant]
		e.statement = statementRank[e.statement]
		sorted[at[p]] = e
		at[p]++
	}
	cells := make([]cell, 0, len(sorted))
	for p := range c.rows {
		own := sorted[starts[p]:starts[p+1]]
		slices.SortStableFunc(own, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.statement, b.statement), cmp.Compare(a.at, b.at))
		})
		from := len(cells)
		for i, e := range own {
			if i+1 < len(own) && own[i+1].statement == e.statement {
				c.superseded++
				continue
			}
			cells = append(cells, newCell(int(e.statement), e.vote))
		}
		c.rows[p] = cells[from:len(cells):len(cells)]
	}
	return c
}

// naturalOrder returns the indices of ids in natural order, and the place of
// each.
func naturalOrder(ids []string) (order, rank []int32) {
	order, rank = make([]int32, len(ids)), make([]int32, len(ids))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compareNatural(ids[a], ids[b]) })
	for place, i := range order {
		rank[i] = int32(place)
	}
	return order, rank
}

// compareNatural puts whole numbers of any length in the order of their
// values, before all other ids, which stand in the order of their bytes.
func compareNatural(a, b string) int {
	an, bn := isNumber(a), isNumber(b)
	switch {
	case an && bn:
		at, bt := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(at), len(bt)), cmp.Compare(at, bt), cmp.Compare(a, b))
	case an:
		return -1
	case bn:
		return 1
	}
	return cmp.Compare(a, b)
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Statements returns the statements in natural order of id. The caller must
// not change them.
func (c *Conversation) Statements() []Statement { return c.statements }

// Participants returns the ids of those who voted, in natural order.
// The caller must not change them.
func (c *Conversation) Participants() []string { return c.participants }

// counts returns how all participants voted on each statement.
func (c *Conversation) counts() []Count {
	counts := make([]Count, len(c.statements))
	for _, row := range c.rows {
		countRow(counts, row, 1)
	}
	return counts
}

// countRow adds a participant's votes to counts, by times.
func countRow(counts []Count, row []cell, by int) {
	for _, v := range row {
		n := &counts[v.statement()]
		n.Votes += by
		switch v.vote() {
		case Agree:
			n.Agree += by
		case Disagree:
			n.Disagree += by
		}
	}
}

// means returns each statement's mean vote, 0 where nobody voted or where it
// was removed: such a column of votes is all zero.
func means(statements []Statement, counts []Count) []float64 {
	m := make([]float64, len(counts))
	for j, n := range counts {
		if n.Votes > 0 && !statements[j].Removed {
			m[j] = float64(n.Agree-n.Disagree) / float64(n.Votes)
		}
	}
	return m
}

// stretch is what scales a participant's position, who would stand near the
// middle for having voted on little: the root of statements over votes cast.
// As in the reference, a removed statement is one on which everyone passed,
// and statements are those on which anyone voted.
type stretch struct {
	voted, removed int
	isRemoved      []bool
}

func newStretch(statements []Statement, counts []Count) stretch {
	s := stretch{isRemoved: make([]bool, len(statements))}
	for j, n := range counts {
		if n.Votes == 0 {
			continue
		}
		s.voted++
		if statements[j].Removed {
			s.removed++
			s.isRemoved[j] = true
		}
	}
	return s
}

func (s stretch) of(row []cell) float64 {
	cast := len(row)
	if s.removed > 0 {
		cast = s.removed
		for _, v := range row {
			if !s.isRemoved[v.statement()] {
				cast++
			}
		}
	}
	return math.Sqrt(float64(s.voted) / float64(max(1, cast)))
}
