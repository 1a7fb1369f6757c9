package place

import (
	"context"

	"translocal/act"
	"translocal/db"
)

// Names tells what people are called as one viewer sees it in one place. A
// pseudonym that a keeper hid is seen by the keepers and its bearer alone.
type Names struct {
	all    bool
	viewer string
	hidden map[string]bool
}

var hiddenNames = db.Rows[string](`select thing from hidden where stream = $1 and kind = 'person'`)

// NamesIn reads which pseudonyms the viewer does not see in a place. Whatever
// shows the name of an account to others in a place shows it through this.
func NamesIn(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint) (Names, error) {
	role, err := RoleIn(ctx, on, v, stream)
	if err != nil {
		return Names{}, err
	}
	n := Names{all: role == Keeper, viewer: v.Person, hidden: map[string]bool{}}
	list, err := hiddenNames.All(ctx, on, stream)
	for _, person := range list {
		n.hidden[person] = true
	}
	return n, err
}

// Hide empties the name of a person whose pseudonym the viewer does not see, and
// tells whether it did.
func (n Names) Hide(person string, name *string) bool {
	if n.all || person == "" || person == n.viewer || !n.hidden[person] {
		return false
	}
	*name = ""
	return true
}
