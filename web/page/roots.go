package page

import "translocal/place"

// RootsPage is what the page on root keys shows.
type RootsPage struct {
	Now    place.RootKeys
	Name   Form // that names others
	Signed Form // a statement and its proofs
	Fresh  bool // the statement was made just now, and is to be signed
}
