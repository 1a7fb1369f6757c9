package web_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fault"
	calendar "translocal/meeting"
	"translocal/place"
)

// hostile is what a field is filled with: HTML that leaves text and
// attributes, Markdown that makes links and pictures, and a mark to find it by.
const hostile = `tlmark"'><tlx onmouseover=alert(1)><script>alert(1)</script><img src=x onerror=alert(1)> ` +
	`[x](javascript:alert(1)) ![y](data:text/html,z) <javascript:alert(1)> " tly="1`

// leaving are the forms that end what the walk needs.
var leaving = regexp.MustCompile(`/(leave|remove|role|end|discard|withdraw|erasure|override|take-back|change|published/erase|published/key|hand-over)$`)

// TestNothingEscapesFromAnyForm fills each field of each form that a keeper
// reaches with hostile text, then reads each page as keeper, member and
// stranger: what was typed is text there and nothing else.
func TestNothingEscapesFromAnyForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.received()
	seeds := []string{"/", "/places", "/blueprints", "/site", w.p("/work"), w.p(""), w.p("/members"), w.p("/following"), w.p("/propose?version=" + url.QueryEscape(w.text.ID)),
		w.atBringing(), w.atBringing() + "/plan", "/draft/" + w.draft(), w.path(w.text.ID)}
	for _, s := range []place.State{decide.Clarify, decide.React, decide.Consent} {
		seeds = append(seeds, w.p("/proposal/"+w.proposal(s)))
	}
	sent, taken := map[string]bool{}, 0
	for range 2 { // a second time: what the first opened
		for action, f := range w.crawl(w.keeper, seeds...).forms {
			if sent[action] || leaving.MatchString(action) {
				continue
			}
			sent[action] = true
			a := w.do(w.keeper, f.with(func(x field) string {
				if x.typed() && x.name != "name" || x.typed() && strings.HasSuffix(action, "/describe") {
					return hostile
				}
				return x.plausible()
			}))
			if a.status < 400 {
				taken++
			}
			intact(t, "the answer to "+action, a)
			if to := a.header.Get("Location"); to != "" {
				seeds = append(seeds, w.own(action, to)...)
			}
		}
	}
	if len(sent) < 25 || taken < 10 {
		t.Errorf("%d forms were found and %d took what was typed: the walk misses most", len(sent), taken)
	}
	w.hostileText(&seeds)
	shown := 0
	for _, as := range []person{w.keeper, w.member, {}} {
		for at, a := range w.crawl(as, seeds...).raw {
			intact(t, at, a)
			if strings.Contains(a.body, "tlmark") {
				shown++
			}
		}
	}
	if shown < 20 {
		t.Errorf("what was typed stands on %d pages alone", shown)
	}
}

// hostileText publishes a text all of whose fields are hostile, warns of it,
// and suggests it to a sister place.
func (w *world) hostileText(seeds *[]string) {
	w.t.Helper()
	text := motion(hostile)
	for i := range text.Clauses {
		text.Clauses[i].Heading, text.Clauses[i].Text, text.Clauses[i].Reason = hostile, hostile, hostile
	}
	v := w.publish(w.keeper, w.here, text)
	theirs := w.adapt(w.outsider, w.there, v, hostile)
	_, err := w.blueprints.Warn(w.t.Context(), w.keeper.Viewer, blueprint.NewWarning{Place: w.here.Stream, Version: v.VersionKey,
		Clause: v.Clauses[0].ID, Kind: "ignored", Text: hostile, Cited: hostile})
	must(w.t, err)
	*seeds = append(*seeds, w.path(v.ID), w.path(theirs.ID), w.path(v.Blueprint)+"/lineage", w.path(v.ID)+"/clause/"+v.Clauses[0].ID,
		"/compare?older="+url.QueryEscape(v.ID)+"&newer="+url.QueryEscape(theirs.ID), "/search?q=tlmark",
		w.p("/feed"), w.path(v.Blueprint)+"/feed", w.path(w.there.ID)+"/feed", "/search/feed?q=tlmark")
}

// intact parses an answer as a browser does and looks for anything that would
// run, load from elsewhere, or that only a broken-out value can have made.
func intact(t *testing.T, what string, a answer) {
	t.Helper()
	if a.status >= 500 && a.status != 503 {
		t.Errorf("%s: %d: %.200s", what, a.status, a.body)
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/atom+xml") {
		intactFeed(t, what, a.body)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		if strings.Contains(a.body, "tlmark") && a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s can be taken for a page", what)
		}
		return
	}
	for e := range parsed(t, a.body).Descendants() {
		if bad := runs(e); bad != "" {
			t.Errorf("%s: %s", what, bad)
		}
	}
}

// intactFeed holds a feed to the elements and attributes that we write; all text
// in it is plain, and all that it links to is of this node.
func intactFeed(t *testing.T, what, body string) {
	t.Helper()
	known := []string{"feed", "id", "title", "updated", "author", "name", "link", "entry", "summary"}
	for d := xml.NewDecoder(strings.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s is no XML: %v", what, err)
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if e.Name.Space != "http://www.w3.org/2005/Atom" || !slices.Contains(known, e.Name.Local) {
			t.Errorf("%s: an element %v", what, e.Name)
		}
		for _, a := range e.Attr {
			switch {
			case e.Name.Local == "feed" && (a.Name.Local == "xmlns" || a.Name.Local == "lang"):
			case e.Name.Local == "link" && (a.Name.Local == "rel" || a.Name.Local == "type"):
			case e.Name.Local == "link" && a.Name.Local == "href" && strings.HasPrefix(a.Value, "http://127.0.0.1:"):
			default:
				t.Errorf("%s: %s with %s=%q", what, e.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
}

func runs(e *html.Node) string {
	if e.Type != html.ElementNode {
		return ""
	}
	switch e.Data {
	case "tlx", "iframe", "object", "embed", "base", "style":
		return "an element " + e.Data
	case "script":
		if !strings.HasPrefix(attribute(e, "src"), "/asset/") || e.FirstChild != nil {
			return "a script that is not ours"
		}
	case "img":
		if s := attribute(e, "src"); !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
			return "a picture from " + s
		}
	}
	for _, x := range e.Attr {
		value := strings.ToLower(strings.TrimSpace(x.Val))
		switch {
		case strings.HasPrefix(x.Key, "on"), x.Key == "tly", x.Key == "srcdoc", x.Key == "style":
			return fmt.Sprintf("<%s %s=%q>", e.Data, x.Key, x.Val)
		case slices.Contains([]string{"href", "src", "action", "formaction", "xlink:href", "cite", "poster", "data"}, x.Key):
			if scheme, _, ok := strings.Cut(value, ":"); ok && !slices.Contains([]string{"http", "https", "mailto"}, scheme) && !strings.ContainsAny(scheme, "/?#") {
				return fmt.Sprintf("<%s %s=%q>", e.Data, x.Key, x.Val)
			}
		}
	}
	return ""
}

// TestParametersAreOnlyText puts hostile text and SQL into each parameter of
// each address that a page links to or a form asks: it is shown as text, and
// finds what it finds, on the engine under test.
func TestParametersAreOnlyText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := map[string]map[string]bool{"/search": {"q": true, "sort": true, "page": true}, "/sign-in": {"next": true}, "/": {"said": true, "lang": true}}
	c := w.crawl(w.keeper, "/", "/search", "/library", w.p("/work"), w.path(w.text.ID))
	add := func(path, name string) {
		if names[path] == nil {
			names[path] = map[string]bool{}
		}
		names[path][name] = true
	}
	for at, doc := range c.pages {
		path, query, _ := strings.Cut(at, "?")
		q, _ := url.ParseQuery(query)
		for name := range q {
			add(path, name)
		}
		for e := range doc.Descendants() {
			if e.Data == "form" && !strings.EqualFold(attribute(e, "method"), "post") {
				f := formOf(e, path)
				for _, x := range f.fields {
					add(f.action, x.name)
				}
			}
		}
	}
	if len(names) < 6 {
		t.Fatal("few addresses with parameters:", names)
	}
	before := w.dump()
	for path, list := range names {
		for name := range list {
			for _, value := range []string{hostile, `'; drop table person; --`, `1) or 1=1 --`, `" or ""="`, "(select 1)", "desc", "-1", "99999999999999999999", "%00", "\x00", "\xff\xfe", strings.Repeat("a", 5000)} {
				at := path + "?" + url.Values{name: {value}}.Encode()
				intact(t, at, w.do(w.keeper, get(at)))
			}
		}
	}
	w.unchanged(before, "reading with hostile parameters")
}

// TestEveryAnswerIsGuarded holds the headers of pages, errors, files, the API
// and what nodes ask, and the weight of pages.
func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := []call{get("/nothing-here"), get("/asset/nothing"), get("/api/v1/nothing"), get("/api/v1/places"), get("/api/v1/openapi.json"), get("/fed/nothing"),
		get(w.p("/nothing")), post("/sign-in", "pseudonym", "x", "password", "y"), post("/places/new"), post("/account/sessions/none/end"), api("POST", "/sessions", "not an object"), {method: "PATCH", path: "/"},
		get("/come-in/nothing"), get("/%ff"), get("/calendar/nothing"), get("/meetings/nothing")}
	for e := range parsed(t, w.do(person{}, get("/")).body).Descendants() {
		for _, key := range []string{"href", "src"} {
			if s := attribute(e, key); strings.HasPrefix(s, "/asset/") {
				calls = append(calls, get(s))
			}
		}
	}
	statuses := map[int]bool{}
	for _, c := range calls {
		a := w.do(person{}, c)
		statuses[a.status] = true
		guarded(t, c.method+" "+c.path, a)
	}
	for _, s := range []int{200, 401, 404, 422} {
		if !statuses[s] {
			t.Errorf("no answer was a %d", s)
		}
	}
	for _, as := range []person{w.keeper, w.site, {}} {
		c := w.crawl(as, "/", w.p(""), w.p("/work"), w.atBringing())
		if len(c.pages) < 20 {
			t.Error("few pages:", len(c.pages))
		}
		for at, a := range c.raw {
			guarded(t, at, a)
			if c.pages[at] != nil && len(a.body) > 50<<10 {
				t.Errorf("%s weighs %d bytes", at, len(a.body))
			}
		}
	}
}

func guarded(t *testing.T, what string, a answer) {
	t.Helper()
	csp := a.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("%s (%d): the policy lacks %s", what, a.status, part)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("%s: %s", what, csp)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Referrer-Policy") == "" {
		t.Errorf("%s (%d): headers are missing: %v", what, a.status, a.header)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s is open to other sites", what)
	}
	kept := a.header.Get("Cache-Control")
	if (strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || strings.Contains(what, "/api/v1/")) && kept != "no-store" && a.status == 200 {
		t.Errorf("%s may be kept by a cache: %q", what, kept)
	}
}

// TestNoLinkLeadsAway signs in, and withdraws a warning, with a next address of
// somebody else's.
func TestNoLinkLeadsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)",
		"http:evil.example", "///evil.example", "/.//evil.example", "/a/..//evil.example", "/%5cevil.example", " //evil.example", "https:/evil.example", "@evil.example"} {
		for _, a := range []answer{w.do(person{}, post("/sign-in", "pseudonym", "Member", "password", password, "next", next)),
			w.do(w.keeper, post("/withdraw-warning", "place", string(w.here.Stream), "warning", w.warning(), "reason", "It came", "next", next))} {
			to := a.header.Get("Location")
			if a.status != http.StatusSeeOther {
				t.Errorf("%q: %d", next, a.status)
			}
			u, err := url.Parse(w.base)
			must(t, err)
			if u, err = u.Parse(strings.ReplaceAll(to, `\`, "/")); err != nil || "http://"+u.Host != w.base || strings.HasPrefix(u.Path, "//") {
				t.Errorf("%q leads to %q", next, to)
			}
		}
	}
}

// TestAnotherSiteCanNotAct sends each form and call of the walk with the
// keeper's cookie from a page of another site.
func TestAnotherSiteCanNotAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried := 0
	for action, doors := range probes {
		for _, d := range doors {
			c := d(w, decide.Consent)
			if c.method == "GET" {
				continue
			}
			for _, h := range []map[string]string{{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}} {
				h["Cookie"] = "tl_session=" + w.keeper.secret
				c.header = h
				tried++
				before := w.stamp()
				if a := w.do(person{}, c); a.status != 403 {
					t.Errorf("%s %s %s with %v: %d", action, c.method, c.path, h, a.status)
				}
				if w.stamp() != before {
					t.Errorf("%s %s %s with %v wrote an act", action, c.method, c.path, h)
				}
			}
		}
	}
	if tried < 200 {
		t.Error("tried only", tried)
	}
}

func (w *world) stamp() string {
	w.t.Helper()
	s, err := w.log.Stamp(w.t.Context())
	must(w.t, err)
	return fmt.Sprint(s)
}

// TestObjectsOfOnePlaceAreNotReachedThroughAnother asks for what belongs to
// here by the path of there, as a keeper of there.
func TestObjectsOfOnePlaceAreNotReachedThroughAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.received()
	inv, task := w.invitation(), w.task()
	here, there := w.path(w.here.ID), w.path(w.there.ID)
	proposal := w.proposal(decide.Consent)
	warning := w.warning()
	stream := "/places/" + string(w.there.Stream)
	calls := []call{
		get(there + "/proposal/" + proposal),
		post(there+"/proposal/"+proposal+"/say", "kind", "agree"), post(there+"/proposal/"+proposal+"/close", "note", "x"), post(there + "/proposal/" + proposal + "/withdraw"),
		post(there + "/invitations/" + inv + "/end"), post(there+"/members/"+w.target.Person+"/role", "role", "keeper"), post(there + "/members/" + w.target.Person + "/remove"),
		post(strings.Replace(w.atBringing(), here, there, 1)+"/plan/task/"+task, "do", "drop"),
		post(strings.Replace(w.atBringing(), here, there, 1)+"/deed", "deed_kind", "referral", "deed_legal", "referred", "deed_day", "2026-03-02", "deed_reason", "No"),
		post(there+"/suggestion/use", "id", before, "clause", w.text.Clauses[0].ID, "how", "now"), post(there+"/suggestion/decline", "id", before, "reason", "no"),
		post("/withdraw-warning", "place", string(w.there.Stream), "warning", warning, "reason", "no"),
		api("POST", stream+"/suggestion/use", map[string]any{"id": before}),
		api("POST", stream+"/suggestion/decline", map[string]string{"id": before, "text": "no"}),
		api("POST", stream+"/bringings", map[string]string{"outcome": w.outcome, "authority": w.authority}),
		api("POST", stream+"/bringings/deeds"+w.byBringing(), map[string]string{"kind": "referral", "legal": "referred", "day": "2026-03-02", "reason": "No"}),
		api("POST", stream+"/warnings/withdraw", map[string]string{"id": warning, "reason": "no"}),
		api("GET", stream+"/bringings/plan"+w.byBringing(), nil),
	}
	all := w.dump()
	for _, c := range calls {
		if a := w.do(w.outsider, c); a.status < 400 || a.status >= 500 {
			t.Errorf("%s %s: %d", c.method, c.path, a.status)
		}
	}
	w.unchanged(all, "reaching through another place")
}

// TestNoSecretReachesTheLog keeps every line that is logged, at every level,
// while people come in, sign in, work on a draft by its link and fail.
func TestNoSecretReachesTheLog(t *testing.T) {
	t.Parallel()
	var out lines
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug - 4, AddSource: true})))
	t.Cleanup(func() { slog.SetDefault(old) })
	w := newWorld(t)
	secrets := map[string]string{"password": password, "keeper's session": w.keeper.secret, "member's session": w.member.secret}
	link, err := w.places.Invite(t.Context(), w.keeper.Viewer, w.here.Stream, place.Member)
	must(t, err)
	secrets["invitation"], secrets["draft"] = link, w.draft()
	w.do(person{}, get("/come-in/"+link))
	w.do(person{}, post("/come-in/"+link, "pseudonym", "", "password", "short-but-secret"))
	w.do(person{}, api("POST", "/come-in/"+link, map[string]string{"pseudonym": "Late", "password": password}))
	w.do(person{}, post("/sign-in", "pseudonym", "Nobody", "password", "another secret"))
	a := w.do(w.keeper, post(w.atBringing()+"/plan/calendar"))
	if m := regexp.MustCompile(`/calendar/([A-Za-z0-9_.~-]+)`).FindStringSubmatch(a.body + a.header.Get("Location")); m != nil {
		secrets["calendar"] = strings.TrimSuffix(m[1], ".ics")
		w.do(person{}, get("/calendar/"+m[1]))
	}
	a = w.do(w.keeper, post(w.p("/meetings/link")))
	if m := regexp.MustCompile(`/meetings/([A-Za-z0-9_-]{20,})`).FindStringSubmatch(a.body); m != nil {
		secrets["meetings"] = m[1]
	} else {
		t.Error("no address of the meetings")
	}
	secrets["wrong password"], secrets["short password"] = "another secret", "short-but-secret"
	// Everything fails from here on: what cannot be read is logged.
	must(t, w.log.DB().Write(t.Context(), func(tx *db.Tx) error {
		for _, table := range tables() {
			if _, err := db.Exec("alter table "+table.name+" rename to gone_"+table.name).Run(t.Context(), tx); err != nil {
				return err
			}
		}
		return nil
	}))
	failed := 0
	for _, c := range []call{get("/"), get("/draft/" + secrets["draft"]), get("/come-in/" + link), post("/sign-in", "pseudonym", "Member", "password", password), get("/calendar/" + secrets["calendar"]), get("/meetings/" + secrets["meetings"]),
		api("POST", "/sessions", map[string]string{"pseudonym": "Member", "password": password}), api("GET", "/drafts/"+secrets["draft"], nil), api("POST", "/come-in/"+link, map[string]string{"pseudonym": "Late", "password": password}),
		post("/draft/"+secrets["draft"]+"/publish", "rev", "1")} {
		for _, as := range []person{{}, w.keeper} {
			a := w.do(as, c)
			guarded(t, c.path, a)
			if a.status >= 500 {
				failed++
			}
		}
	}
	if failed < 10 || !strings.Contains(out.String(), "err=") {
		t.Fatalf("only %d failed, and this was logged:\n%s", failed, out.String())
	}
	for what, s := range secrets {
		if strings.Contains(out.String(), s) || strings.Contains(out.String(), url.QueryEscape(s)) {
			t.Errorf("the %s stands in the log", what)
		}
	}
}

// lines is what was logged, by whichever goroutine.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestLinksThatAreKeysStayHere looks for the link of a draft and an invitation
// in every page that doesn't belong to them, and in what browsers send along.
func TestLinksThatAreKeysStayHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.loose()
	invitation, err := w.places.Invite(t.Context(), w.keeper.Viewer, w.here.Stream, place.Member)
	must(t, err)
	for _, at := range []string{"/draft/" + draft, "/come-in/" + invitation} {
		a := w.do(person{}, get(at))
		if p := a.header.Get("Referrer-Policy"); a.status != 200 || p != "same-origin" && p != "no-referrer" {
			t.Errorf("%s: %d, referrer %q", at, a.status, p)
		}
	}
	for _, as := range []person{{}, w.outsider, w.site} {
		for at, a := range w.crawl(as, "/", w.p(""), "/blueprints", "/search?q=ours").raw {
			if strings.Contains(a.body, draft) || strings.Contains(a.body, invitation) {
				t.Errorf("%s shows a link that is a key", at)
			}
		}
	}
	for what, row := range w.dump() {
		if strings.Contains(row, invitation) {
			t.Errorf("the invitation stands in %s as it is", what)
		}
	}
}

// TestReadsPastPermission asks every reading call and page, and the search, as
// a stranger and as another place's keeper for words that only members read.
func TestReadsPastPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const inner = "tlinner"
	ctx, v := t.Context(), w.keeper.Viewer
	p, err := w.decisions.Propose(ctx, v, w.here.Stream, decide.Proposal{Title: "Bring it " + inner, Rule: decide.RuleConsent, Quorum: 1, Review: "2030-01-01", Version: w.text.Ref()})
	must(t, err)
	must(t, w.decisions.Say(ctx, w.member.Viewer, p.ID, decide.Kinds(decide.Clarify)[0], "What about "+inner+"?", false))
	w.do(w.keeper, post("/draft/"+w.draft()+"/head", "rev", "1", "title", inner, "institution", "council"))
	w.do(w.keeper, post(w.atBringing()+"/plan/task", "title", inner, "before", "3"))
	meeting := w.meeting(true)
	must(t, w.meetings.Show(ctx, v, w.here.Stream, meeting, calendar.Showing{Public: true}))
	must(t, w.meetings.Note(ctx, v, w.here.Stream, meeting, 3, inner))
	w.do(w.keeper, post(w.p("/meetings/new"), "title", inner, "day", "2030-03-01", "begins", "18:00", "ends", "20:00", "zone", "UTC", "venue", inner))
	if a := w.do(w.keeper, get(w.p("/proposal/"+p.ID))); !strings.Contains(a.body, inner) {
		t.Fatal("the keeper does not read it either")
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	must(t, json.Unmarshal([]byte(w.do(person{}, get("/api/v1/openapi.json")).body), &doc))
	fill := strings.NewReplacer("{stream}", string(w.here.Stream), "{proposal}", p.ID, "{id}", p.ID, "{meeting}", meeting, "{clause}", w.text.Clauses[0].ID)
	var paths []string
	for path, methods := range doc.Paths {
		if methods["get"] != nil {
			at := fill.Replace(path)
			paths = append(paths, at, at+"?id="+url.QueryEscape(w.bringing), at+"?q="+inner)
		}
	}
	seeds := []string{w.p("/proposal/" + p.ID), w.p("/proposals"), w.p("/meetings"), w.p("/meetings/calendar"), w.p("/meeting/" + meeting), w.atBringing(), w.atBringing() + "/plan", w.p("/work"), "/search?q=" + inner}
	for _, as := range []person{{}, w.outsider, w.site} {
		answers := w.crawl(as, seeds...).raw
		for _, at := range paths {
			answers[at] = w.do(as, get(at))
		}
		for at, a := range answers {
			body := strings.ReplaceAll(a.body, "q="+inner, "")
			if strings.Contains(body, inner) && !strings.Contains(at, "q="+inner) {
				t.Errorf("%s is read: %s", at, inner)
			}
			if strings.Contains(at, "/search?") && strings.Contains(body, "Bring it") { // it says again what was asked
				t.Errorf("%s finds what members alone read", at)
			}
		}
	}
}

// TestTwoAnswersAtOnce answers one suggestion many times at once: one counts.
func TestTwoAnswersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.received()
	var calls []call
	for range 4 {
		calls = append(calls, post(w.p("/suggestion/decline"), "id", id, "reason", "Not for us"),
			api("POST", w.s("/suggestion/use"), map[string]any{"id": id}))
	}
	done := 0
	for _, a := range w.together([]person{w.keeper, w.second}, calls) {
		switch {
		case a.status < 400:
			done++
		case a.status != 409:
			t.Errorf("%d: %.200s", a.status, a.body)
		}
	}
	if done != 1 {
		t.Errorf("%d answers were taken", done)
	}
}

// TestTwoKeepersLeaveAtOnce: a place never ends without a keeper.
func TestTwoKeepersLeaveAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.mend()
		w.together([]person{w.keeper, w.second}, []call{post(w.p("/leave")), post(w.p("/leave"))})
		n, err := w.places.Keepers(t.Context(), w.here.Stream)
		if err != nil && fault.KindOf(err) == fault.Internal && !errors.Is(err, t.Context().Err()) {
			t.Fatal(err)
		}
		if n != 1 {
			t.Fatalf("%d keepers are left", n)
		}
	}
}

// together sends all calls at once, by turns of the people.
func (w *world) together(people []person, calls []call) []answer {
	w.t.Helper()
	out := make([]answer, len(calls))
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i, c := range calls {
		wait.Go(func() {
			<-start
			out[i] = w.do(people[i%len(people)], c)
		})
	}
	close(start)
	wait.Wait()
	return out
}
