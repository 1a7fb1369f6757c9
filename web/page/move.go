package page

// TakeUpPage is what the page shows on which a keeper of the site takes up a place
// of another node.
type TakeUpPage struct {
	Acts      int64
	Need, All int    // root keys; 0 where there are none
	Signed    Form   // a statement and its proofs
	Fresh     bool   // the statement was made just now
	Link      string // for the first keeper, once it is done
}
