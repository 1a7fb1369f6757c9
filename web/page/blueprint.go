package page

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"

	"translocal/advance"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/i18n"
	"translocal/place"
)

// VersionPage is what the page of a version shows.
type VersionPage struct {
	Embedded    bool // a suggestion stands in it, which everybody may read
	Version     *blueprint.Version
	Paper       bool            // to be printed: with a code that leads back to the page
	Stale       map[string]bool // clauses of a translation that are behind
	Adaptations int
	Became      []*advance.Bringing
	Role        place.Role // of the viewer in the version's place
	MayAnswer   bool       // the viewer answers suggestions for it, and enters them
	Adapters    []place.Mine
	Ours        []blueprint.Title // what the viewer's places made of it, or it of theirs
	Moves       []blueprint.Move  // for the version's own members
	Names       map[string]string // of the treaties and declarations that it rests on
	Part        Part              // the clauses that are shown
	Moved       Part              // the moves that are
}

// own tells whether the viewer works on the version's place.
func (p VersionPage) own() bool { return p.Role == place.Member || p.Role == place.Keeper }

// uncheckedTranslation tells whether a machine translated a part that no person has checked, or a person one that no other has.
func (p VersionPage) uncheckedTranslation() bool {
	return slices.ContainsFunc(p.Version.Clauses, func(c blueprint.Clause) bool {
		return c.Status == blueprint.Machine || c.Status == blueprint.Human
	})
}

// keeps are the places of which the viewer is keeper.
func keeps(list []place.Mine) (out []place.Mine) {
	for _, m := range list {
		if m.Role == place.Keeper {
			out = append(out, m)
		}
	}
	return out
}

// values are what fills the blanks of a text: what the place filled in, else the label in angle quotes.
func values(t blueprint.Text) map[string]string {
	out := make(map[string]string, len(t.Variables))
	for _, v := range t.Variables {
		if out[v.Name] = v.Value; v.Value == "" {
			out[v.Name] = "‹" + v.Label + "›"
		}
	}
	return out
}

var (
	markdown = goldmark.New() // raw HTML is left out
	// No images: a page asks nothing of anybody else.
	policy = func() *bluemonday.Policy {
		p := bluemonday.NewPolicy()
		p.AllowElements("p", "br", "em", "strong", "ul", "ol", "li", "blockquote", "code", "pre", "hr", "h4", "h5", "h6")
		p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,4}$`)).OnElements("ol")
		p.AllowAttrs("href").OnElements("a")
		p.AllowURLSchemes("http", "https", "mailto")
		p.RequireParseableURLs(true)
		p.RequireNoFollowOnLinks(true)
		p.RequireNoReferrerOnLinks(true)
		return p
	}()
	special = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|!~]")
)

// Prose renders a clause's Markdown with its blanks filled. Headings inside a clause stay below the page's own.
func prose(text string, values map[string]string) templ.Component {
	plain := make(map[string]string, len(values))
	for k, v := range values {
		plain[k] = special.ReplaceAllString(v, `\$0`) // what fills a blank is no Markdown
	}
	var b bytes.Buffer
	if err := markdown.Convert([]byte(clause.Fill(text, plain)), &b); err != nil {
		return templ.Raw(templ.EscapeString(text))
	}
	html := b.String()
	for from, to := range map[string]string{"h1": "h4", "h2": "h5", "h3": "h6"} {
		html = strings.NewReplacer("<"+from+">", "<"+to+">", "</"+from+">", "</"+to+">").Replace(html)
	}
	return templ.Raw(policy.Sanitize(html))
}

// stepFields are what a step says beside its text, in the order of reading.
var stepFields = []clause.Field{clause.FieldWho, clause.FieldWhen, clause.FieldHowLong, clause.FieldMaterials}

// wordKey writes a word of our data as it stands in message keys: struck-down and howLong as struck_down and how_long.
func wordKey(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '-':
			b.WriteByte('_')
		case r >= 'A' && r <= 'Z':
			b.WriteByte('_')
			b.WriteRune(r + 'a' - 'A')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func get(w blueprint.Wording, f clause.Field) string { return w.Plain().Get(f) }

func clauseName(ctx context.Context, w blueprint.Wording, i int) string {
	if w.Heading != "" {
		return w.Heading
	}
	if r := []rune(w.Text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	if w.Text != "" {
		return w.Text
	}
	return i18n.T(ctx, "blueprint.clause_n", "n", i+1)
}

func institutionOptions(ctx context.Context) []Option {
	var out []Option
	for _, x := range blueprint.Institutions {
		out = append(out, Option{string(x), i18n.T(ctx, "blueprint.institution."+string(x))})
	}
	return out
}

func warningOptions(ctx context.Context) []Option {
	var out []Option
	for _, k := range blueprint.WarningKinds {
		out = append(out, Option{string(k), i18n.T(ctx, "blueprint.warning."+wordKey(string(k)))})
	}
	return out
}

func placeOptions(list []place.Mine) []Option {
	var out []Option
	for _, m := range list {
		out = append(out, Option{string(m.Stream), m.Name})
	}
	return out
}

func placeLabel(ctx context.Context, p blueprint.PlaceName) string {
	if p.Name != "" {
		return p.Name
	}
	if p.URL != "" {
		return p.URL
	}
	return i18n.T(ctx, "blueprint.place_unknown")
}

// A drawn lineage: one row a blueprint, one column a generation.
const (
	treeRow    = 54
	treeColumn = 36
	treeWidth  = 420
)

type drawnNode struct {
	blueprint.Node
	X, Y int
}

type drawnLine struct {
	Path   string
	Dashed bool
}

// drawLineage lays the tree out: each node below its parent, children in the order in which they came.
func drawLineage(l *blueprint.Lineage) (nodes []drawnNode, lines []drawnLine, width, height int) {
	children := make([][]int, len(l.Nodes))
	var order []int
	for i, n := range l.Nodes {
		if n.Parent >= 0 {
			children[n.Parent] = append(children[n.Parent], i)
		}
	}
	var walk func(int)
	walk = func(i int) {
		order = append(order, i)
		for _, c := range children[i] {
			walk(c)
		}
	}
	walk(0)
	nodes = make([]drawnNode, len(l.Nodes))
	deepest := 0
	for row, i := range order {
		n := l.Nodes[i]
		nodes[i] = drawnNode{n, 10 + n.Depth*treeColumn, 10 + row*treeRow}
		deepest = max(deepest, n.Depth)
	}
	for _, n := range nodes {
		if n.Parent >= 0 {
			lines = append(lines, drawnLine{elbow(nodes[n.Parent], n), false})
		}
		for _, a := range n.Also {
			lines = append(lines, drawnLine{elbow(nodes[a], n), true})
		}
	}
	return nodes, lines, 20 + deepest*treeColumn + treeWidth, 20 + len(order)*treeRow
}

func elbow(from, to drawnNode) string {
	x := from.X + 12
	return fmt.Sprintf("M%d %dV%dH%d", x, from.Y+44, to.Y+22, to.X)
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// suggestedName is what a suggested change is about.
func suggestedName(ctx context.Context, x blueprint.SuggestedChange, c clause.Change, i int) string {
	w := x.Wording
	if x.Kind == blueprint.ToDrop {
		w = blueprint.Wording(c.Before)
	}
	return clauseName(ctx, w, i)
}
