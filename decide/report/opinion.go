package report

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strconv"

	"translocal/decide/opinion"
	"translocal/i18n"
)

// minDetailed is the least size of a group whose answers are shown: a share of
// fewer people says too much of each.
const minDetailed = 5

const (
	maxShared  = 10 // statements of common ground, and as many that all reject
	maxDivides = 10
)

//go:embed opinion.html
var opinionHTML string

var opinionTemplate = template.Must(template.New("opinion").Parse(opinionHTML))

// Opinion writes an opinion map as one page that needs nothing else: no script,
// no picture, no address. Where fewer than [opinion.MinShown] participants are
// on the map, it has words and shares and no dots; of a group smaller than five
// no answers. No participant is named.
func Opinion(w io.Writer, m *opinion.Map, p *i18n.Printer) error {
	v := &opinionPage{m: m, p: p}
	return opinionTemplate.Execute(w, v)
}

// opinionPage is what the template asks for.
type opinionPage struct {
	m *opinion.Map
	p *i18n.Printer
}

// T gives a message to the template.
func (v *opinionPage) T(key string, args ...any) string { return v.p.T(key, args...) }

func (v *opinionPage) Lang() string { return v.p.Lang() }
func (v *opinionPage) Dir() string  { return v.p.Dir() }

func (v *opinionPage) Title() string {
	return cmp.Or(v.m.Topic, v.p.T("opinion.title"))
}

// How are the sentences on how the map came about.
func (v *opinionPage) How() (out []string) {
	for _, e := range v.m.Explanation {
		out = append(out, v.say(e))
	}
	return out
}

func (v *opinionPage) say(e opinion.Message) string {
	if e.Count >= 0 {
		return v.p.N(e.Key, e.Count, e.Args...)
	}
	return v.p.T(e.Key, e.Args...)
}

// Alike warns of equal votes, by their numbers alone; "" if there are none.
func (v *opinionPage) Alike() string {
	a := v.m.Alike
	if a.Sets == 0 {
		return ""
	}
	return v.p.T("opinion.alike", "voters", a.Voters, "votes", opinion.MinVotes) + " " +
		v.p.N("opinion.alike.sets", a.Sets, "largest", a.Largest)
}

// Grouped says whether there are groups, Drawn whether their dots may be shown.
func (v *opinionPage) Grouped() bool { return v.m.K > 0 }
func (v *opinionPage) Drawn() bool   { return v.m.K > 0 && v.m.Grouped >= opinion.MinShown }

// Few says why no dots are shown.
func (v *opinionPage) Few() string { return v.p.T("opinion.few", "least", opinion.MinShown) }

// Small says that some groups' answers are not shown; "" if all are.
func (v *opinionPage) Small() string {
	for g := range v.m.Groups {
		if !v.detailed(g) {
			return v.p.T("opinion.small", "least", minDetailed)
		}
	}
	return ""
}

func (v *opinionPage) detailed(g int) bool { return v.m.Groups[g].Size >= minDetailed }

// letter names a group: A, B, C, …
func letter(g int) string { return string(rune('A' + g)) }

func (v *opinionPage) groupName(g int) string { return v.p.T("opinion.group", "name", letter(g)) }

// GroupNames head the columns of tables.
func (v *opinionPage) GroupNames() (out []string) {
	for g := range v.m.Groups {
		out = append(out, v.groupName(g))
	}
	return out
}

// share writes k of n as a percentage; "–" where n is 0.
func (v *opinionPage) share(k, n int) string {
	if n == 0 {
		return "–"
	}
	return v.p.T("opinion.percent", "share", v.p.Decimal(100*float64(k)/float64(n), 0))
}

// said is a statement in its own words, or by its number.
func (v *opinionPage) said(statement int) string {
	s := v.m.Statements[statement]
	if s.Text == "" {
		return v.p.T("opinion.statement", "id", s.ID)
	}
	return s.Text
}

// bar is a share with its length out of 100.
type bar struct {
	Text string
	Long string // for an SVG attribute; "": no bar
}

func (v *opinionPage) bar(k, n int) bar {
	b := bar{Text: v.share(k, n)}
	if n > 0 {
		b.Long = strconv.FormatFloat(100*float64(k)/float64(n), 'f', 1, 64)
	}
	return b
}

// groupBars are the shares of each group that answer a statement in one way.
func (v *opinionPage) groupBars(statement int, answer opinion.Vote) (out []bar) {
	for g := range v.m.Groups {
		if !v.detailed(g) {
			out = append(out, bar{Text: "–"})
			continue
		}
		n := v.m.Groups[g].Counts[statement]
		out = append(out, v.bar(success(n, answer), n.Votes))
	}
	return out
}

func success(n opinion.Count, answer opinion.Vote) int {
	if answer == opinion.Disagree {
		return n.Disagree
	}
	return n.Agree
}

// statementRow is a statement with a bar for each group.
type statementRow struct {
	Said string
	Bars []bar
}

// shared lists statements that more than half of every group answer in one way.
func (v *opinionPage) shared(from []opinion.Ranked, answer opinion.Vote) (out []statementRow) {
	for _, r := range from {
		every := !slices.ContainsFunc(v.m.Groups, func(g opinion.Group) bool {
			n := g.Counts[r.Statement]
			return 2*success(n, answer) <= n.Votes
		})
		if every && len(out) < maxShared {
			out = append(out, statementRow{v.said(r.Statement), v.groupBars(r.Statement, answer)})
		}
	}
	return out
}

// Common is the common ground, Rejected what all groups disagree with.
func (v *opinionPage) Common() []statementRow {
	return v.shared(v.m.CommonGround, opinion.Agree)
}
func (v *opinionPage) Rejected() []statementRow {
	return v.shared(v.m.CommonNo, opinion.Disagree)
}

// Divides is what divides the groups most.
func (v *opinionPage) Divides() (out []statementRow) {
	for _, d := range v.m.Divides[:min(maxDivides, len(v.m.Divides))] {
		out = append(out, statementRow{v.said(d.Statement), v.groupBars(d.Statement, opinion.Agree)})
	}
	return out
}

// groupView is a group in words.
type groupView struct {
	Class         string
	Name, People  string
	Share, Place  string
	Agree, Reject []groupSays
	Hidden        bool // too small to show
}

type groupSays struct{ Said, Shares string }

// Groups are the groups, greatest first.
func (v *opinionPage) Groups() (out []groupView) {
	for g, group := range v.m.Groups {
		view := groupView{
			Class: class(g), Name: v.groupName(g), Share: v.share(group.Size, v.m.Grouped),
			Place: v.place(group), Hidden: !v.detailed(g),
		}
		if v.Drawn() {
			view.People = v.p.Number(group.Size)
		}
		for _, r := range group.Representative {
			if view.Hidden {
				break
			}
			if r.For == opinion.Agree {
				view.Agree = append(view.Agree, v.says(g, r))
			} else {
				view.Reject = append(view.Reject, v.says(g, r))
			}
		}
		out = append(out, view)
	}
	return out
}

// says is what a group answers, and how many of all others answer so.
func (v *opinionPage) says(g int, r opinion.Representative) groupSays {
	var others, n int
	for other := range v.m.Groups {
		if other != g {
			count := v.m.Groups[other].Counts[r.Statement]
			others += success(count, r.For)
			n += count.Votes
		}
	}
	return groupSays{v.said(r.Statement), v.p.T("opinion.shares", "group", v.share(r.Success, r.Votes), "others", v.share(others, n))}
}

// place says in words where on the map a group stands.
func (v *opinionPage) place(g opinion.Group) string {
	var widest float64
	for _, other := range v.m.Groups {
		widest = max(widest, other.X, -other.X, other.Y, -other.Y)
	}
	side, height := v.p.T("opinion.place.middle"), v.p.T("opinion.place.level")
	if g.X > widest/4 {
		side = v.p.T("opinion.place.right")
	} else if g.X < -widest/4 {
		side = v.p.T("opinion.place.left")
	}
	if g.Y > widest/4 {
		height = v.p.T("opinion.place.above")
	} else if g.Y < -widest/4 {
		height = v.p.T("opinion.place.below")
	}
	return v.p.T("opinion.place", "side", side, "height", height)
}

// axisView is a sentence around a statement.
type axisView struct{ Before, Said, After string }

// Axes say what the two directions of the map mean: the statement that counts
// most in each, with which those to the right, and those above, agree more.
func (v *opinionPage) Axes() (out []axisView) {
	keys := [2]string{"opinion.axis.across", "opinion.axis.up"}
	for a, component := range v.m.Components {
		top := 0
		for j, x := range component {
			if x > component[top] {
				top = j
			}
		}
		if len(component) == 0 || component[top] <= 0 {
			continue
		}
		share := v.p.T("opinion.percent", "share", v.p.Decimal(100*v.m.Explained[a], 0))
		before, after := v.p.Around(keys[a], "statement", "share", share)
		out = append(out, axisView{before, v.said(top), after})
	}
	return out
}

// voteRow is how everybody voted on a statement.
type voteRow struct {
	Said                  string
	Agree, Disagree, Pass string
	Votes                 string
}

// Votes lists every statement that was voted on and not removed, the most
// agreed with first: in shares, or as a plain count where there are no groups.
func (v *opinionPage) Votes() (out []voteRow) {
	var order []int
	for j, n := range v.m.Overall {
		if n.Votes > 0 && !v.m.Statements[j].Removed {
			order = append(order, j)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := v.m.Overall[a], v.m.Overall[b]
		return cmp.Compare(y.Agree*x.Votes, x.Agree*y.Votes)
	})
	for _, j := range order {
		n := v.m.Overall[j]
		row := voteRow{Said: v.said(j), Votes: v.p.Number(n.Votes)}
		if v.m.K > 0 {
			row.Agree, row.Disagree, row.Pass = v.share(n.Agree, n.Votes), v.share(n.Disagree, n.Votes), v.share(n.Passed(), n.Votes)
		} else {
			row.Agree, row.Disagree, row.Pass = v.p.Number(n.Agree), v.p.Number(n.Disagree), v.p.Number(n.Passed())
		}
		out = append(out, row)
	}
	return out
}

// Counted says whether numbers of votes are shown: not of a small map, whose
// report has shares alone.
func (v *opinionPage) Counted() bool { return !v.Grouped() || v.Drawn() }
