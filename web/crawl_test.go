package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxCrawled is where a walk over the pages ends; a node of the tests has fewer.
const maxCrawled = 800

// A crawl is every page that somebody reaches by links, and the forms in them.
type crawl struct {
	pages map[string]*html.Node // by path and query
	raw   map[string]answer
	forms map[string]form // by action
}

// A form is what a page lets somebody send by POST.
type form struct {
	page, action string
	fields       []field
}

type field struct {
	name, kind, value string
}

// crawl walks from the seeds over every link of this node.
func (n *node) crawl(as person, seeds ...string) crawl {
	n.t.Helper()
	c := crawl{map[string]*html.Node{}, map[string]answer{}, map[string]form{}}
	seen, next := map[string]bool{}, slices.Clone(seeds)
	for len(next) > 0 && len(seen) < maxCrawled {
		at := next[0]
		next = next[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		a := n.do(as, get(at))
		if to := a.header.Get("Location"); to != "" {
			next = append(next, n.own(at, to)...)
		}
		c.raw[at] = a
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		doc := parsed(n.t, a.body)
		c.pages[at] = doc
		for e := range doc.Descendants() {
			switch e.Data {
			case "a":
				next = append(next, n.own(at, attribute(e, "href"))...)
			case "form":
				if f := formOf(e, at); strings.EqualFold(attribute(e, "method"), "post") {
					if _, ok := c.forms[f.action]; !ok {
						c.forms[f.action] = f
					}
				}
			}
		}
	}
	if len(seen) == maxCrawled {
		n.t.Logf("a walk ended at %d pages", maxCrawled)
	}
	return c
}

// own is a link as a path of this node, without what only changes the
// language or says what was done; nothing for a link elsewhere.
func (n *node) own(at, href string) []string {
	base, err := url.Parse(n.base + at)
	must(n.t, err)
	u, err := base.Parse(href)
	if err != nil || href == "" || "http://"+u.Host != n.base || u.Scheme != "http" || strings.HasPrefix(u.Path, "/asset/") {
		return nil
	}
	q := u.Query()
	if q.Has("lang") && q.Get("lang") != "es" {
		return nil
	}
	q.Del("lang")
	q.Del("said")
	u.RawQuery, u.Fragment = q.Encode(), ""
	return []string{u.RequestURI()}
}

func parsed(t testing.TB, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	return doc
}

func attribute(e *html.Node, key string) string {
	for _, a := range e.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(e *html.Node, key string) bool {
	return slices.ContainsFunc(e.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// formOf reads a form with the values that stand in it.
func formOf(e *html.Node, at string) form {
	f := form{page: at, action: attribute(e, "action")}
	if f.action == "" {
		f.action, _, _ = strings.Cut(at, "?")
	}
	for x := range e.Descendants() {
		v := field{attribute(x, "name"), x.Data, attribute(x, "value")}
		switch x.Data {
		case "input":
			if v.kind = attribute(x, "type"); v.kind == "radio" || v.kind == "checkbox" {
				if v.kind == "radio" && !has(x, "checked") && f.has(v.name) {
					continue
				}
			}
		case "textarea":
			v.value = text(x)
		case "select":
			v.value = chosen(x)
		case "button":
		default:
			continue
		}
		if v.name != "" && !(v.kind == "button" && f.has(v.name)) {
			f.fields = append(f.fields, v)
		}
	}
	return f
}

func (f form) has(name string) bool {
	return slices.ContainsFunc(f.fields, func(x field) bool { return x.name == name })
}

func text(e *html.Node) string {
	var b strings.Builder
	for x := range e.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data)
		}
	}
	return b.String()
}

func chosen(e *html.Node) string {
	first, value := true, ""
	for x := range e.Descendants() {
		if x.Data == "option" && (first || has(x, "selected")) {
			first, value = false, attribute(x, "value")
		}
	}
	return value
}

// with is the form as it would be sent, each field that one types into filled
// by fill.
func (f form) with(fill func(field) string) call {
	v := url.Values{}
	for _, x := range f.fields {
		v.Add(x.name, fill(x))
	}
	return call{method: "POST", path: f.action, form: v}
}

// typed tells whether one types freely into a field.
func (x field) typed() bool {
	return slices.Contains([]string{"", "text", "search", "textarea"}, x.kind)
}

// plausible fills what is required with something of its kind.
func (x field) plausible() string {
	if x.value != "" {
		return x.value
	}
	switch x.kind {
	case "number":
		return "3"
	case "date":
		return "2030-01-01"
	case "url":
		return "https://source.example/"
	case "password":
		return password
	}
	return "Words"
}
