// Package clause compares, merges and aligns texts made of clauses: the smallest units of a blueprint
// that keep an identity of their own from one place to the next.
//
// It is pure: it reads no clock, no file and no network, keeps no state, and imports nothing else of
// this module. Two kinds of text meet here. Blueprints have clauses with stable ids; Diff and Merge
// follow those. Texts from elsewhere (a draft, an ordinance) have none; Segment finds their clauses,
// Align says which clause of one text answers to which of another, Nearest names the likely parent and
// Families the groups of texts that share wording. How those are judged, and where they fail, is
// written in docs/comparing.md.
package clause

// The two kinds of clause.
const (
	Passage = "passage" // wording to be agreed on
	Step    = "step"    // something to be done: who, when, how long, with what
)

// Clause is the content of one clause, as far as a comparison needs it. Its place in the text is its
// index in the slice that holds it. The zero value of a field means that the clause doesn't have it.
// Clauses are comparable with ==.
type Clause struct {
	ID        string // stable across versions and adaptations
	Kind      string // Passage or Step
	Heading   string
	Text      string // Markdown, with {{variables}}
	Reason    string // why the clause is there
	Softer    string // a wording that asks less
	Stronger  string // a wording that asks more
	Power     string // who has the power to do it
	Rests     string // the article or principle that it rests on
	Who       string // of a step: who does it
	When      string // of a step
	HowLong   string // of a step
	Materials string // of a step
}

// Field names one field of a clause; its value is also its name in JSON.
type Field string

// The fields of a clause that can change (its id can't).
const (
	FieldKind      Field = "kind"
	FieldHeading   Field = "heading"
	FieldText      Field = "text"
	FieldReason    Field = "reason"
	FieldSofter    Field = "softer"
	FieldStronger  Field = "stronger"
	FieldPower     Field = "power"
	FieldRests     Field = "rests"
	FieldWho       Field = "who"
	FieldWhen      Field = "when"
	FieldHowLong   Field = "howLong"
	FieldMaterials Field = "materials"
)

// Fields are all fields of a clause in the order in which a reader meets them.
var Fields = [...]Field{
	FieldKind, FieldHeading, FieldText, FieldWho, FieldWhen, FieldHowLong, FieldMaterials,
	FieldReason, FieldSofter, FieldStronger, FieldPower, FieldRests,
}

// Get returns the value of one field, "" for a name that is no field.
func (c Clause) Get(f Field) string {
	if p := c.field(f); p != nil {
		return *p
	}
	return ""
}

// Set gives one field a value. A name that is no field changes nothing.
func (c *Clause) Set(f Field, value string) {
	if p := c.field(f); p != nil {
		*p = value
	}
}

func (c *Clause) field(f Field) *string {
	switch f {
	case FieldKind:
		return &c.Kind
	case FieldHeading:
		return &c.Heading
	case FieldText:
		return &c.Text
	case FieldReason:
		return &c.Reason
	case FieldSofter:
		return &c.Softer
	case FieldStronger:
		return &c.Stronger
	case FieldPower:
		return &c.Power
	case FieldRests:
		return &c.Rests
	case FieldWho:
		return &c.Who
	case FieldWhen:
		return &c.When
	case FieldHowLong:
		return &c.HowLong
	case FieldMaterials:
		return &c.Materials
	}
	return nil
}

// key tells clauses of one list apart. Ids should be unique in a list; where they are not (a foreign or
// broken document), the first clause with an id answers to the first with that id in the other list,
// the second to the second, so that nothing is lost.
type key struct {
	id  string
	nth int
}

// keyed is a list of clauses with their keys, in order, and the place of each key.
type keyed struct {
	clauses []Clause
	keys    []key
	at      map[key]int
}

func keyList(clauses []Clause) keyed {
	l := keyed{clauses: clauses, keys: make([]key, len(clauses)), at: make(map[key]int, len(clauses))}
	seen := make(map[string]int, len(clauses))
	for i, c := range clauses {
		k := key{c.ID, seen[c.ID]}
		seen[c.ID]++
		l.keys[i] = k
		l.at[k] = i
	}
	return l
}

// get returns the clause with this key, or nil.
func (l keyed) get(k key) *Clause {
	i, ok := l.at[k]
	if !ok {
		return nil
	}
	c := l.clauses[i]
	return &c
}

func (l keyed) has(k key) bool {
	_, ok := l.at[k]
	return ok
}

// increasing returns the indexes of a longest strictly increasing subsequence of seq; of several, always
// the same one. O(n log n).
func increasing(seq []int) []int {
	tails := make([]int, 0, len(seq)) // tails[l]: index of the smallest end of a run of length l+1
	before := make([]int, len(seq))
	for i, v := range seq {
		lo, hi := 0, len(tails)
		for lo < hi {
			mid := (lo + hi) / 2
			if seq[tails[mid]] < v {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		before[i] = -1
		if lo > 0 {
			before[i] = tails[lo-1]
		}
		if lo == len(tails) {
			tails = append(tails, i)
		} else {
			tails[lo] = i
		}
	}
	if len(tails) == 0 {
		return nil
	}
	run := make([]int, len(tails))
	for i, at := len(run)-1, tails[len(tails)-1]; i >= 0; i, at = i-1, before[at] {
		run[i] = at
	}
	return run
}
