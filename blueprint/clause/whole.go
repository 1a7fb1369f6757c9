package clause

// Whole makes clauses that are known already ready for comparison, one provision each, whatever paragraphs
// they have. Align then answers with their indexes.
func Whole(clauses []Clause) Document {
	var d Document
	var all sequence
	for _, c := range clauses {
		p := Provision{Clause: c, Title: c.Text == ""}
		p.words = normalWords(p.body())
		s := sequenceOf(p.words)
		d.Provisions = append(d.Provisions, p)
		d.clauses = append(d.clauses, s)
		all.units = append(all.units, s.units...)
		all.weights = append(all.weights, s.weights...)
	}
	d.shingles = shinglesOf(all)
	return d
}
