package tally

import (
	"math/big"
	"strconv"
	"strings"
)

// Pabulib's .pb format: three tables of semicolon-separated values under the
// titles META, PROJECTS and VOTES, each with a header of column names.
// Source: Faliszewski et al., "Participatory Budgeting: Data, Tools, and
// Analysis", arXiv:2305.11035, and the description at pabulib.org/format.

// withdrawnCost is what cities write for a project that was withdrawn after
// the ballots were printed.
const withdrawnCost = 999_999_999

// pabulibKinds gives our kind for each vote_type.
var pabulibKinds = map[string]Kind{
	"approval":   Approval,
	"choose-1":   ChooseOne,
	"cumulative": Cumulative,
	"scoring":    Score,
	"ordinal":    Ordinal,
}

// ParsePabulib reads a .pb file. Of a broken file it gives a [*FormatError] and
// no election. Every column and every line of META is kept, in order.
func ParsePabulib(data []byte) (*Election, error) {
	data, err := plainText(data)
	if err != nil {
		return nil, err
	}
	p := &pabulibReader{
		rows:     fieldReader{text: string(data), line: 1},
		election: &Election{},
		points:   map[string]*big.Rat{},
	}
	if err := p.read(); err != nil {
		return nil, err
	}
	return p.election, nil
}

type pabulibReader struct {
	rows     fieldReader
	election *Election
	line     int // of the row at hand

	sections map[string]int // title → line
	optionAt map[string]int // id → index
	voters   voterIDs
	points   map[string]*big.Rat // numbers already read
	metaLine map[string]int

	choices slab[int]
	extra   slab[string]
}

// voterIDs finds ids that come twice. Files mostly list voters in order, which
// needs no map.
type voterIDs struct {
	ids   []string
	lines []int32
	first map[string]int // id → index; nil while the ids are in order
}

// add gives the line of the same id before, 0 if there is none. An empty id is
// nobody's.
func (v *voterIDs) add(id string, line int) int {
	if id == "" {
		return 0
	}
	n := len(v.ids)
	v.ids, v.lines = append(v.ids, id), append(v.lines, int32(line))
	if v.first == nil {
		if n == 0 || inOrder(v.ids[n-1], id) {
			return 0
		}
		v.first = make(map[string]int, 2*n)
		for i, earlier := range v.ids[:n] {
			v.first[earlier] = i
		}
	}
	if at, ok := v.first[id]; ok {
		return int(v.lines[at])
	}
	v.first[id] = n
	return 0
}

// inOrder orders ids by length, then bytes: as whole numbers are ordered.
func inOrder(a, b string) bool {
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// slab hands out slices cut from large ones, so that millions of votes are few
// allocations.
type slab[T any] struct{ free []T }

func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.free = make([]T, max(n, 1<<14))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

func (p *pabulibReader) wrong(found, expected Phrase, args ...any) error {
	return wrongAt(p.line, found, expected, args...)
}

// read reads the sections in whatever order they come in; votes are only read
// once the projects are known.
func (p *pabulibReader) read() error {
	p.sections, p.metaLine = map[string]int{}, map[string]int{}
	p.optionAt = map[string]int{}
	for {
		row, err := p.next()
		if err != nil {
			return err
		}
		if row == nil {
			return p.finish()
		}
		title := p.title(row)
		if title == "" {
			return p.wrong(foundValue, wantTitle, "value", quoted(row[0]))
		}
		if line, ok := p.sections[title]; ok {
			return p.wrong(foundSectionAgain, wantSectionOnce, "value", title, "first", line)
		}
		p.sections[title] = p.line
		switch title {
		case "META":
			err = p.readMeta()
		case "PROJECTS":
			err = p.readProjects()
		case "VOTES":
			err = p.readVotes()
		}
		if err != nil {
			return err
		}
	}
}

// next gives the next row that is not blank, nil at the end.
func (p *pabulibReader) next() ([]string, error) {
	for {
		row, line, err := p.rows.next()
		p.line = line
		if err != nil || row == nil {
			return nil, err
		}
		if p.rows.quotedFirst || len(trimEmpty(row)) > 0 {
			return row, nil
		}
	}
}

// section reads rows of the current section and puts a title back.
func (p *pabulibReader) section(each func(row []string) error) error {
	for {
		mark := p.rows
		row, err := p.next()
		if err != nil || row == nil {
			return err
		}
		if p.title(row) != "" {
			p.rows = mark
			return nil
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// title gives the section that a row begins, "" if it begins none. In quotes,
// a title is a value.
func (p *pabulibReader) title(row []string) string {
	if p.rows.quotedFirst {
		return ""
	}
	for _, f := range row[1:] {
		if f != "" {
			return ""
		}
	}
	switch title := strings.ToUpper(row[0]); title {
	case "META", "PROJECTS", "VOTES":
		return title
	}
	return ""
}

// header reads the column names of a section, each of which must be unique.
func (p *pabulibReader) header(section string, required ...string) ([]string, map[string]int, error) {
	row, err := p.next()
	if err != nil {
		return nil, nil, err
	}
	expected := []any{"section", section, "columns", strings.Join(required, ";")}
	if row == nil {
		return nil, nil, p.wrong(foundEndFile, wantColumns, expected...)
	}
	names := trimEmpty(append([]string(nil), row...))
	at := make(map[string]int, len(names))
	for i, name := range names {
		if _, ok := at[name]; ok || name == "" {
			return nil, nil, p.wrong(foundColumnNamed, wantNewColumn, "number", i+1, "value", quoted(name))
		}
		at[name] = i
	}
	for _, name := range required {
		if _, ok := at[name]; !ok {
			return nil, nil, p.wrong(foundValue, wantColumns, append(expected, "value", quoted(strings.Join(names, ";")))...)
		}
	}
	return names, at, nil
}

func trimEmpty(row []string) []string {
	for len(row) > 0 && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	return row
}

// fit makes a row as long as its header: empty fields too many are dropped, and
// optional ones that are missing are empty.
func (p *pabulibReader) fit(row, header []string, required int) ([]string, error) {
	if len(row) > len(header) {
		row = row[:max(len(trimEmpty(row)), len(header))]
	}
	if len(row) > len(header) || len(row) < required {
		return nil, p.wrong(foundFields, wantAsColumns, "count", len(row), "number", len(header), "columns", quoted(strings.Join(header, ";")))
	}
	for len(row) < len(header) {
		row = append(row, "")
	}
	return row, nil
}

func (p *pabulibReader) readMeta() error {
	_, at, err := p.header("META", "key", "value")
	if err != nil {
		return err
	}
	return p.section(func(row []string) error {
		name, value := field(row, at["key"]), field(row, at["value"])
		if len(trimEmpty(row)) > len(at) {
			return p.wrong(foundFields, wantKeyValue, "count", len(row))
		}
		if line, ok := p.metaLine[name]; ok {
			return p.wrong(foundKeyAgain, wantKeyOnce, "value", quoted(name), "first", line)
		}
		p.metaLine[name] = p.line
		p.election.Meta = append(p.election.Meta, Field{name, value})
		return nil
	})
}

func field(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

// MetaValue gives what the file says about itself under a name, "" if nothing.
func (e *Election) MetaValue(name string) string {
	for _, f := range e.Meta {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func (p *pabulibReader) readProjects() error {
	names, at, err := p.header("PROJECTS", "project_id", "cost")
	if err != nil {
		return err
	}
	p.election.OptionColumns = names
	idAt, costAt := at["project_id"], at["cost"]
	nameAt, named := at["name"]
	return p.section(func(row []string) error {
		row, err := p.fit(row, names, max(idAt, costAt)+1)
		if err != nil {
			return err
		}
		o := Option{ID: trimBlanks(row[idAt]), Extra: append([]string(nil), row...)}
		if o.ID == "" {
			return p.wrong(foundNoID, wantProjectID)
		}
		if strings.ContainsRune(o.ID, ',') {
			return p.wrong(foundProjectID, wantNoComma, "value", quoted(o.ID))
		}
		if _, ok := p.optionAt[o.ID]; ok {
			return p.wrong(foundProjectAgain, wantProjectOnce, "value", quoted(o.ID))
		}
		if o.Cost, err = p.amount(row[costAt], foundCost, foundNoCost, "project", quoted(o.ID)); err != nil {
			return err
		}
		o.Withdrawn = o.Cost.IsInt() && o.Cost.Num().IsInt64() && o.Cost.Num().Int64() == withdrawnCost
		if named {
			o.Name, o.Extra[nameAt] = row[nameAt], ""
		}
		o.Extra[idAt] = ""
		p.optionAt[o.ID] = len(p.election.Options)
		p.election.Options = append(p.election.Options, o)
		return nil
	})
}

// amount reads money: a decimal number that is not negative. found and none say
// what else stands there.
func (p *pabulibReader) amount(s string, found, none Phrase, args ...any) (*big.Rat, error) {
	if s == "" {
		return nil, p.wrong(none, wantNumber, args...)
	}
	r, ok, expected := parseDecimal(s)
	if ok && r.Sign() < 0 {
		ok, expected = false, wantZeroOrMore
	}
	if !ok {
		return nil, p.wrong(found, expected, append(args, "value", quoted(s))...)
	}
	return r, nil
}

func (p *pabulibReader) readVotes() error {
	if p.sections["PROJECTS"] == 0 || p.sections["META"] == 0 {
		return p.wrong(foundVotesFirst, wantVotesLast)
	}
	if err := p.readKind(); err != nil {
		return err
	}
	required := []string{"voter_id", "vote"}
	scored := p.election.Kind == Cumulative || p.election.Kind == Score
	if scored {
		required = append(required, "points")
	}
	names, at, err := p.header("VOTES", required...)
	if err != nil {
		return err
	}
	p.election.BallotColumns = names
	least := 0
	for _, name := range required {
		least = max(least, at[name]+1)
	}
	seen := make([]int, len(p.election.Options)) // line of the last vote for each project
	p.expectVotes(strings.Count(p.rows.text[p.rows.at:], "\n") + 1)
	voterAt, voteAt, pointsAt := at["voter_id"], at["vote"], -1
	if scored {
		pointsAt = at["points"]
	}
	return p.section(func(row []string) error {
		row, err := p.fit(row, names, least)
		if err != nil {
			return err
		}
		b := Ballot{Weight: 1, Voter: row[voterAt]}
		if line := p.voters.add(b.Voter, p.line); line > 0 {
			return p.wrong(foundVoterAgain, wantOneVote, "value", quoted(b.Voter), "first", line)
		}
		if b.Choices, err = p.vote(row[voteAt], seen); err != nil {
			return err
		}
		if scored {
			if b.Points, err = p.ballotPoints(row[pointsAt], b.Choices); err != nil {
				return err
			}
		}
		b.Extra = p.keep(row, voterAt, voteAt, pointsAt)
		p.election.Ballots = append(p.election.Ballots, b)
		return nil
	})
}

// expectVotes makes room for at most n votes.
func (p *pabulibReader) expectVotes(n int) {
	p.election.Ballots = make([]Ballot, 0, n)
	p.voters.ids, p.voters.lines = make([]string, 0, n), make([]int32, 0, n)
}

// readKind reads the vote_type of META.
func (p *pabulibReader) readKind() error {
	voteType := p.election.MetaValue("vote_type")
	kind, ok := pabulibKinds[strings.ToLower(voteType)]
	if ok {
		p.election.Kind = kind
		return nil
	}
	line, given := p.metaLine["vote_type"]
	if !given {
		return wrongAt(p.sections["META"], foundNoVoteType, wantVoteType)
	}
	return wrongAt(line, foundVoteType, wantVoteType, "value", quoted(voteType))
}

// vote reads project ids separated by commas. seen finds ids named twice.
func (p *pabulibReader) vote(s string, seen []int) ([]int, error) {
	if s == "" || p.saysNone(s) {
		return nil, nil
	}
	choices := p.choices.take(strings.Count(s, ",") + 1)
	n := 0
	for rest, more := s, true; more; {
		var id string
		id, rest, more = strings.Cut(rest, ",")
		id = trimBlanks(id)
		if id == "" {
			return nil, p.wrong(foundVote, wantIDs, "value", quoted(s))
		}
		o, ok := p.optionAt[id]
		if !ok {
			return nil, p.wrong(foundVoteFor, wantProject, "value", quoted(id))
		}
		if seen[o] == p.line {
			return nil, p.wrong(foundProjectAgain, wantOnceInVote, "value", quoted(id))
		}
		seen[o] = p.line
		choices[n] = o
		n++
	}
	if p.election.Kind == ChooseOne && len(choices) > 1 {
		return nil, p.wrong(foundProjects, wantChooseOne, "count", len(choices))
	}
	return choices, nil
}

// saysNone knows the word that some exports write for an empty field.
func (p *pabulibReader) saysNone(s string) bool {
	if !strings.EqualFold(s, "none") {
		return false
	}
	_, isID := p.optionAt[s]
	return !isID
}

// ballotPoints reads points separated by commas, one for each choice.
func (p *pabulibReader) ballotPoints(s string, choices []int) ([]*big.Rat, error) {
	if len(choices) == 0 && (s == "" || strings.EqualFold(s, "none")) {
		return nil, nil
	}
	values := strings.Split(s, ",")
	if len(values) != len(choices) || s == "" {
		return nil, p.wrong(foundValue, wantPoints, "value", quoted(s), "projects", len(choices))
	}
	points := make([]*big.Rat, len(values))
	for i, v := range values {
		v = trimBlanks(v)
		r, ok := p.points[v]
		if !ok {
			if r, ok, _ = parseDecimal(v); !ok {
				return nil, p.wrong(foundValue, wantDecimalPoints, "value", quoted(v))
			}
			p.points[v] = r
		}
		if r.Sign() < 0 && p.election.Kind == Cumulative {
			return nil, p.wrong(foundValue, wantSomePoints, "value", quoted(v))
		}
		points[i] = r
	}
	return points, nil
}

// keep keeps the columns of a vote that have no field of their own, nil if
// there are none. own are the places of those that have one, or -1.
func (p *pabulibReader) keep(row []string, own ...int) []string {
	n := len(row)
	for _, i := range own {
		if i >= 0 {
			n--
		}
	}
	if n == 0 {
		return nil
	}
	extra := p.extra.take(len(row))
	copy(extra, row)
	for _, i := range own {
		if i >= 0 {
			extra[i] = ""
		}
	}
	return extra
}

// finish checks what only the whole file shows.
func (p *pabulibReader) finish() error {
	for _, title := range []string{"META", "PROJECTS", "VOTES"} {
		if p.sections[title] == 0 {
			return p.wrong(foundEndFile, wantSection, "section", title)
		}
	}
	e := p.election
	line, ok := p.metaLine["budget"]
	if !ok {
		return wrongAt(p.sections["META"], foundNoBudget, wantBudget)
	}
	p.line = line
	var err error
	if e.Budget, err = p.amount(e.MetaValue("budget"), foundBudget, foundNoBudgetValue); err != nil {
		return err
	}
	e.Title, e.Rule = e.MetaValue("description"), e.MetaValue("rule")
	if strings.EqualFold(e.Rule, "unknown") {
		e.Rule = ""
	}
	e.noteCount("num_projects", len(e.Options))
	e.noteCount("num_votes", len(e.Ballots))
	return e.Check()
}

// noteCount notes that a file announces another number of rows than it has.
func (e *Election) noteCount(name string, found int) {
	said := e.MetaValue(name)
	if n, err := strconv.Atoi(said); said != "" && (err != nil || n != found) {
		e.Notes = append(e.Notes, Msg("counting.note."+name, "said", said, "found", strconv.Itoa(found)))
	}
}

// fieldReader reads rows of semicolon-separated fields. A field that begins
// with a quote ends with one, and may hold semicolons, line breaks and doubled
// quotes. Blanks around fields are dropped.
type fieldReader struct {
	text string
	at   int
	line int
	row  []string

	quotedFirst bool // the row's first field stood in quotes
}

// next gives the next row and its line; the row is overwritten by the next
// call. A nil row is the end.
func (f *fieldReader) next() (row []string, line int, err error) {
	line = f.line
	if f.at >= len(f.text) {
		return nil, line, nil
	}
	f.row = f.row[:0]
	f.quotedFirst = f.quoteAhead()
	for {
		if f.quoteAhead() {
			value, err := f.quoted()
			if err != nil {
				return nil, line, err
			}
			f.row = append(f.row, value)
		} else {
			end := f.at
			for end < len(f.text) && f.text[end] != ';' && f.text[end] != '\n' && f.text[end] != '\r' {
				end++
			}
			f.row = append(f.row, trimBlanks(f.text[f.at:end]))
			f.at = end
		}
		if f.at < len(f.text) && f.text[f.at] == ';' {
			f.at++
			continue
		}
		f.endLine()
		return f.row, line, nil
	}
}

// endLine steps over \n, \r\n or \r.
func (f *fieldReader) endLine() {
	if f.at < len(f.text) && f.text[f.at] == '\r' {
		f.at++
		if f.at == len(f.text) || f.text[f.at] != '\n' {
			f.line++
			return
		}
	}
	if f.at < len(f.text) {
		f.at++
		f.line++
	}
}

// quoteAhead steps over blanks if a quoted field follows.
func (f *fieldReader) quoteAhead() bool {
	i := f.at
	for i < len(f.text) && (f.text[i] == ' ' || f.text[i] == '\t') {
		i++
	}
	if i < len(f.text) && f.text[i] == '"' {
		f.at = i
		return true
	}
	return false
}

func (f *fieldReader) quoted() (string, error) {
	opened := f.line
	start := f.at + 1
	doubled := false
	for i := start; i < len(f.text); i++ {
		switch f.text[i] {
		case '\n':
			f.line++
		case '"':
			if i+1 < len(f.text) && f.text[i+1] == '"' {
				doubled = true
				i++
				continue
			}
			value := f.text[start:i]
			if doubled {
				value = strings.ReplaceAll(value, `""`, `"`)
			}
			for i++; i < len(f.text) && (f.text[i] == ' ' || f.text[i] == '\t'); i++ {
			}
			if i < len(f.text) && f.text[i] != ';' && f.text[i] != '\n' && f.text[i] != '\r' {
				return "", wrongAt(f.line, foundAfterQuote, wantAfterQuote, "value", quoted(f.text[i:min(i+8, len(f.text))]))
			}
			f.at = i
			return value, nil
		}
	}
	return "", wrongAt(opened, foundOpenQuote, wantClosedQuote)
}

func trimBlanks(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
