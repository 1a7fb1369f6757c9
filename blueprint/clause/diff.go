package clause

// State says what became of a clause between two versions.
type State string

// The states of a clause. A clause that changed and moved is Changed, with Change.Moved set.
const (
	Kept    State = "kept"
	Changed State = "changed"
	Moved   State = "moved" // same words, another place
	Dropped State = "dropped"
	Added   State = "added"
)

// Change is what became of one clause.
type Change struct {
	ID     string
	State  State
	Moved  bool          // its place among the clauses that both versions hold is another one
	From   int           // its index in the older version, -1 if added
	To     int           // its index in the newer version, -1 if dropped
	Before Clause        // zero if added
	After  Clause        // zero if dropped
	Fields []FieldChange // the fields that differ, if changed
}

// FieldChange is one field that differs.
type FieldChange struct {
	Field         Field
	Before, After string
}

// Words returns the difference word by word.
func (f FieldChange) Words() []Span { return Words(f.Before, f.After) }

// Diff says what became of each clause of a, and which are new, on the way to b. Clauses are matched by
// id, and compared field by field. The changes stand in the order of b; a dropped clause stands after the
// clause that it followed in a. As few clauses as possible count as moved.
func Diff(a, b []Clause) []Change {
	from, to := keyList(a), keyList(b)
	moved := from.moved(to, nil)

	// Dropped clauses wait behind the clause of a that they followed, -1 for the start.
	dropped := make(map[int][]int)
	last := -1
	for i, k := range from.keys {
		if to.has(k) {
			last = i
			continue
		}
		dropped[last] = append(dropped[last], i)
	}

	changes := make([]Change, 0, len(a)+len(b))
	drop := func(after int) {
		for _, i := range dropped[after] {
			changes = append(changes, Change{ID: a[i].ID, State: Dropped, From: i, To: -1, Before: a[i]})
		}
	}
	drop(-1)
	for j, k := range to.keys {
		i, ok := from.at[k]
		if !ok {
			changes = append(changes, Change{ID: b[j].ID, State: Added, From: -1, To: j, After: b[j]})
			continue
		}
		c := Change{ID: b[j].ID, State: Kept, Moved: moved[k], From: i, To: j, Before: a[i], After: b[j], Fields: fieldChanges(a[i], b[j])}
		switch {
		case len(c.Fields) > 0:
			c.State = Changed
		case c.Moved:
			c.State = Moved
		}
		changes = append(changes, c)
		drop(i)
	}
	return changes
}

func fieldChanges(a, b Clause) []FieldChange {
	if a == b {
		return nil
	}
	var out []FieldChange
	for _, f := range Fields {
		if x, y := a.Get(f), b.Get(f); x != y {
			out = append(out, FieldChange{f, x, y})
		}
	}
	return out
}

// moved returns the keys whose place in to, among those that both lists hold (and that keep, if given,
// allows), is another than in l: all but a longest run in the same order.
func (l keyed) moved(to keyed, keep func(key) bool) map[key]bool {
	var common []key
	var places []int
	for _, k := range to.keys {
		if i, ok := l.at[k]; ok && (keep == nil || keep(k)) {
			common = append(common, k)
			places = append(places, i)
		}
	}
	out := make(map[key]bool)
	for _, k := range common {
		out[k] = true
	}
	for _, i := range increasing(places) {
		delete(out, common[i])
	}
	return out
}
