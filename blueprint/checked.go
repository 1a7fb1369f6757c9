package blueprint

import (
	"cmp"
	"context"
	"slices"

	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// MaxName is how long the name may be by which somebody who checked a translation wants to be named.
const MaxName = 100

// Checked says that a translated clause is right as it stands: somebody compared it with the original. A person's
// translation is checked by another person. Who it was stays with the draft; name is how they want to be named in
// the version, "" for not at all.
func (b *Blueprints) Checked(ctx context.Context, v place.Viewer, l Link, rev int64, id, name string) (*Draft, error) {
	if v.Person == "" {
		return nil, fault.New(fault.SignIn, "fault.sign_in")
	}
	name, err := fault.Line("name", name, MaxName)
	if err != nil {
		return nil, err
	}
	return b.change(ctx, v, l, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		if d.Stream != "" {
			if err := place.May(ctx, tx, v, d.Stream, place.CheckTranslation, place.Any); err != nil {
				return err
			}
		}
		i := d.index(id)
		if i < 0 || d.stale(id, rev) {
			return fault.New(fault.Conflict, "blueprint.fault.stale")
		}
		if err := d.checkable(d.Clauses[i], v.Person); err != nil {
			return err
		}
		if d.Hands == nil {
			d.Hands = map[string]Hand{}
		}
		hand := d.Hands[id]
		hand.Checked, hand.Name = v.Person, name
		d.Hands[id], d.Clauses[i].Status = hand, Checked
		d.fresh(id)
		d.touch(id)
		return nil
	})
}

// checkable tells why somebody can't say of a clause that its translation is right.
func (d *Draft) checkable(c Clause, person string) error {
	switch {
	case c.Status != Human && c.Status != Machine, c.Heading+c.Text == "":
		return fault.New(fault.Conflict, "blueprint.fault.nothing_to_check")
	case slices.ContainsFunc(d.Collisions, func(x Collision) bool { return x.ID == c.ID }):
		return fault.New(fault.Conflict, "blueprint.fault.settle_first")
	case c.Status == Human && d.Hands[c.ID].By == person:
		return fault.New(fault.Forbidden, "blueprint.fault.own_translation")
	}
	return nil
}

// ToCheck lists the clauses whose translation this person could say is right, in the order of the text.
func (d *Draft) ToCheck(person string) []string {
	var out []string
	for _, c := range d.Clauses {
		if d.checkable(c, person) == nil {
			out = append(out, c.ID)
		}
	}
	return out
}

// CheckedBy are the names of those who checked clauses and want to be named, each once, in the order of the text.
func (d *Draft) CheckedBy() []string {
	var out []string
	for _, c := range d.Clauses {
		if h := d.Hands[c.ID]; c.Status == Checked && h.Name != "" && !slices.Contains(out, h.Name) {
			out = append(out, h.Name)
		}
	}
	return out
}

// Named is how somebody wanted to be named where they checked a clause of this draft last.
func (d *Draft) Named(person string) string {
	name := ""
	for _, c := range d.Clauses {
		if h := d.Hands[c.ID]; h.Checked == person && person != "" {
			name = cmp.Or(h.Name, name)
		}
	}
	return name
}

// mergedStatus is the status of a clause that was merged: its own where the words are still its own, that of the other
// side where they are that one's, and of a mixture the weaker one, for nobody has checked it as it stands.
func mergedStatus(merged Wording, ours, theirs *Clause) Status {
	switch {
	case ours == nil && theirs == nil:
		return ""
	case theirs == nil || ours != nil && sameWords(merged, ours.Wording):
		return ours.Status
	case ours == nil || sameWords(merged, theirs.Wording):
		return theirs.Status
	}
	weakest := []Status{Machine, Human, Checked, ""}
	return weakest[min(slices.Index(weakest, ours.Status), slices.Index(weakest, theirs.Status))]
}

func sameWords(x, y Wording) bool {
	x.ID, x.Kind, y.ID, y.Kind = "", "", "", ""
	return x == y
}
