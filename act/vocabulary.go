package act

import (
	"context"

	"translocal/db"
	"translocal/fault"
)

// A Type is one released version of a kind of act. Once released it keeps its
// meaning for ever; a change is a new version beside it.
type Type struct {
	Name string // "capability.Verb.v1"
	open func(*Act) (applier, error)
}

// applier writes the public rows of one act.
type applier func(ctx context.Context, tx *db.Tx) error

// Define makes a type whose object is a T. check says what the actor may say:
// shape, size, ownership of ids; it sees no database. apply is the only writer
// of public tables. It is deterministic: no clock, no chance, no network, no
// private table, no look into a part, and it changes only rows of the act's own
// stream. A fault of kind Invalid from either makes the act void: kept, proven,
// passed over. (For our own acts it refuses the command instead.)
func Define[T any](name string, check func(*Act, *T) error, apply func(context.Context, *db.Tx, *Act, *T) error) Type {
	return Type{Name: name, open: func(a *Act) (applier, error) {
		object := new(T)
		if err := strict(a.Object, object); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "fault.envelope")
		}
		if err := check(a, object); err != nil {
			return nil, err
		}
		return func(ctx context.Context, tx *db.Tx) error { return apply(ctx, tx, a, object) }, nil
	}}
}

// A Table is a public table: written by Apply alone, with a column "stream".
type Table struct {
	Name string
	Key  []string // columns that identify a row
}

// A Vocabulary is what a capability adds: its types, its public tables, and the
// submissions that its places take.
type Vocabulary struct {
	Types       []Type
	Tables      []Table
	Submissions []SubmissionType
}
