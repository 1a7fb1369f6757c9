package page

import "translocal/place"

// TakeUpPage is what the page shows on which a keeper of the site takes up a place
// of another node.
type TakeUpPage struct {
	Acts      int64
	Need, All int            // root keys; 0 where there are none
	Signed    Form           // a statement and its proofs
	Fresh     bool           // the statement was made just now
	Silent    bool           // and the node that kept the place did not answer before
	Kind      place.SiteKind // of this site
	Unkept    bool           // it is kept here, and nobody is its keeper yet
	Link      string         // for the first keeper, once it is done
}
