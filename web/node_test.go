package web_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/blob"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/decide"
	"translocal/fed"
	"translocal/i18n"
	"translocal/library"
	"translocal/meeting"
	"translocal/notice"
	"translocal/place"
	"translocal/record"
	"translocal/web"
	"translocal/webhook"
)

// readLibrary reads the library once for all the nodes of the tests, which only read it.
var readLibrary = sync.OnceValues(func() (*library.Library, error) { return library.Load() })

// node is a whole node in this process, wired as the program wires it.
type node struct {
	t          testing.TB
	base       string
	handler    http.Handler
	log        *act.Log
	fed        *fed.Node
	places     *place.Places
	blueprints *blueprint.Blueprints
	decisions  *decide.Decisions
	advances   *advance.Advances
	meetings   *meeting.Meetings
	webhooks   *webhook.Webhooks
	notices    *notice.Notices
	config     web.Config
	file       *sql.DB // SQLite: one connection beside the node's own
	stop       func()  // ends that it answers others
}

func openNode(t testing.TB) *node {
	t.Helper()
	dir := t.TempDir()
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	must(t, err)
	srv := httptest.NewUnstartedServer(nil)
	n := &node{t: t, base: "http://" + srv.Listener.Addr().String()}
	n.log = act.NewLog(dbtest.Open(t), keys, place.Vocabulary(), blueprint.Vocabulary(), decide.Vocabulary(), advance.Vocabulary())
	t.Cleanup(func() { n.log.Close() })
	rec, err := record.New(n.log, filepath.Join(dir, "heads"))
	must(t, err)
	n.fed, err = fed.New(t.Context(), fed.Config{Base: n.base, Log: n.log, Record: rec, Allow: []string{"127.0.0.1/32"}})
	must(t, err)
	bundle, err := i18n.Load()
	must(t, err)
	lib, err := readLibrary()
	must(t, err)
	n.places, n.blueprints, n.decisions, n.advances = place.New(n.log, n.base), blueprint.New(n.log), decide.New(n.log), advance.New(n.log)
	files, err := blob.Open(filepath.Join(dir, "blobs"), advance.MaxFile)
	must(t, err)
	n.advances.Files = advance.Files{Store: files, Quota: 100 << 20, Fetch: n.fed.FetchFile}
	n.fed.Documents = n.advances
	n.meetings = meeting.New(n.log)
	n.webhooks = webhook.New(n.log, keys.Derive("webhooks"))
	n.webhooks.Check, n.webhooks.Send = n.fed.MayReach, n.fed.Post
	n.blueprints.Library, n.decisions.Decidable = web.LibraryText(lib), n.blueprints.Decidable
	n.places.HasText = blueprint.HasText
	n.notices = notice.New(notice.Config{Log: n.log, Base: n.base, Words: bundle})
	n.notices.Sources = web.Reminders(n.base, n.advances, n.decisions, n.blueprints, n.meetings, n.places, n.fed, time.Now)
	n.config = web.Config{Base: n.base, I18n: bundle, Log: n.log, Node: n.fed, Places: n.places,
		Blueprints: n.blueprints, Decisions: n.decisions, Advances: n.advances, Meetings: n.meetings, Webhooks: n.webhooks, Notices: n.notices, Library: lib}
	n.handler = web.New(n.config).Handler()
	srv.Config.Handler = n.handler
	srv.Start()
	n.stop = srv.Close
	t.Cleanup(n.stop)
	return n
}

// shownAt is the same node as people reach it at another address.
func (n *node) shownAt(address string) *node {
	at := *n
	at.config.Shown = address
	srv := httptest.NewServer(web.New(at.config).Handler())
	n.t.Cleanup(srv.Close)
	at.base = srv.URL
	return &at
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const password = "three places one text"

// person is somebody with a session; the zero value is a stranger.
type person struct {
	place.Viewer
	secret string
}

// setUp makes the site's keeper with a first place.
func (n *node) setUp(name, pseudonym string) (*place.Place, person) {
	n.t.Helper()
	link, err := n.places.SetupLink(n.t.Context())
	must(n.t, err)
	p, v, err := n.places.Setup(n.t.Context(), link, place.Newcomer{Name: pseudonym, Password: password}, name)
	must(n.t, err)
	return p, n.session(v)
}

func (n *node) session(v place.Viewer) person {
	n.t.Helper()
	secret, err := n.places.OpenSession(n.t.Context(), v, "test")
	must(n.t, err)
	v, err = n.places.Session(n.t.Context(), secret)
	must(n.t, err)
	return person{v, secret}
}

// join brings a new person into a place.
func (n *node) join(by person, p *place.Place, role place.Role, pseudonym string) person {
	n.t.Helper()
	link, err := n.places.Invite(n.t.Context(), by.Viewer, p.Stream, role)
	must(n.t, err)
	_, v, err := n.places.ComeIn(n.t.Context(), place.Viewer{}, link, place.Newcomer{Name: pseudonym, Password: password})
	must(n.t, err)
	return n.session(v)
}

// call is one request: a page (GET), a form (POST with values) or a call of the
// API (with a body for JSON).
type call struct {
	method, path string
	form         url.Values
	json         any
	raw          string // a body of the API as it stands
	header       map[string]string
	ends         int // how it ends for whoever may make it, 0 for well
}

func get(path string) call { return call{method: "GET", path: path} }
func post(path string, pairs ...string) call {
	return call{method: "POST", path: path, form: values(pairs)}
}
func api(method, path string, body any) call {
	return call{method: method, path: "/api/v1" + path, json: body}
}
func values(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

type answer struct {
	status int
	header http.Header
	body   string
}

var (
	quiet = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	asked atomic.Uint32
)

// do sends a call as somebody, each from an address of its own so that limits
// of rate don't meet.
func (n *node) do(as person, c call) answer {
	n.t.Helper()
	var body io.Reader
	kind := ""
	switch {
	case c.form != nil:
		body, kind = strings.NewReader(c.form.Encode()), "application/x-www-form-urlencoded"
	case c.raw != "":
		body, kind = strings.NewReader(c.raw), "application/json"
	case c.json != nil:
		b, err := json.Marshal(c.json)
		must(n.t, err)
		body, kind = bytes.NewReader(b), "application/json"
	}
	r, err := http.NewRequestWithContext(n.t.Context(), c.method, n.base+c.path, body)
	must(n.t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if as.secret != "" && strings.HasPrefix(c.path, "/api/") {
		r.Header.Set("Authorization", "Bearer "+as.secret)
	} else if as.secret != "" {
		r.AddCookie(&http.Cookie{Name: "tl_session", Value: as.secret})
	}
	i := asked.Add(1)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", i>>8&255, i&255))
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	resp, err := quiet.Do(r)
	must(n.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(n.t, err)
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// table is a table of the database with the columns of its key.
type table struct {
	name string
	key  []string
}

var (
	oneTable = regexp.MustCompile(`(?s)create table (\w+) \((.*?)(?:\n\);|\);)`)
	wholeKey = regexp.MustCompile(`(?m)^\s*primary key \(([\w, ]+)\)`)
	oneKey   = regexp.MustCompile(`(?m)^?\s*(\w+)\s+\w+\s+primary key`)
)

// tables reads all tables from the migrations, so that none is forgotten.
var tables = sync.OnceValue(func() []table {
	files, err := filepath.Glob("../db/migrations/*.sql")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprint("no migrations: ", err))
	}
	var all []table
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			panic(err)
		}
		for _, m := range oneTable.FindAllStringSubmatch(string(text), -1) {
			t := table{name: m[1]}
			if k := wholeKey.FindStringSubmatch(m[2]); k != nil {
				t.key = strings.Split(strings.ReplaceAll(k[1], " ", ""), ",")
			} else if k := oneKey.FindStringSubmatch(m[2]); k != nil {
				t.key = []string{k[1]}
			} else {
				panic("table " + m[1] + " has no key")
			}
			all = append(all, t)
		}
	}
	return all
})

// dump is everything that stands in the database.
func (n *node) dump() map[string]string {
	n.t.Helper()
	out := map[string]string{}
	for _, table := range tables() {
		rows, err := n.log.DB().Dump(n.t.Context(), table.name, table.key)
		must(n.t, err)
		for k, row := range rows {
			out[table.name+" "+k] = row
		}
	}
	return out
}

// writesNothing fails when do changes a row. SQLite tells whether another
// connection wrote to the file (its data_version): only then, and always on
// PostgreSQL, the tables as they were are compared with those that are.
func (n *node) writesNothing(what string, do func()) {
	n.t.Helper()
	d := n.log.DB()
	must(n.t, d.Snapshot(n.t.Context(), func(before *db.Snapshot) error {
		if _, err := before.Tables(n.t.Context()); err != nil { // the first read chooses the moment
			return err
		}
		version := n.version()
		do()
		if d.Engine() == db.SQLite && n.version() == version {
			return nil
		}
		old := n.rows(before)
		return d.Snapshot(n.t.Context(), func(after *db.Snapshot) error {
			for row, count := range n.rows(after) {
				if old[row] != count {
					n.t.Errorf("%s wrote %.300s", what, row)
				}
				delete(old, row)
			}
			for row := range old {
				n.t.Errorf("%s took away %.300s", what, row)
			}
			return nil
		})
	}))
}

// rows are all rows of a moment, and how often each stands there.
func (n *node) rows(s *db.Snapshot) map[string]int {
	n.t.Helper()
	names, err := s.Tables(n.t.Context())
	must(n.t, err)
	all := map[string]int{}
	for _, table := range names {
		_, rows, err := s.Rows(n.t.Context(), table)
		must(n.t, err)
		for values, err := range rows {
			must(n.t, err)
			all[fmt.Sprintf("%s %q", table, values)]++
		}
	}
	return all
}

var fileOf = db.Rows[string](`select file from pragma_database_list where name = 'main'`)

// version changes when another connection writes to the file; 0 on PostgreSQL.
func (n *node) version() (v int64) {
	n.t.Helper()
	if n.log.DB().Engine() != db.SQLite {
		return 0
	}
	if n.file == nil {
		files, err := fileOf.All(n.t.Context(), n.log.DB())
		must(n.t, err)
		n.file, err = sql.Open("sqlite", files[0])
		must(n.t, err)
		n.file.SetMaxOpenConns(1)
		n.t.Cleanup(func() { n.file.Close() })
	}
	must(n.t, n.file.QueryRowContext(n.t.Context(), "pragma data_version").Scan(&v))
	return v
}

// unchanged fails when something stands in the database that did not before.
func (n *node) unchanged(before map[string]string, what string) {
	n.t.Helper()
	after := n.dump()
	for k, row := range after {
		if before[k] != row {
			n.t.Errorf("%s wrote %s: %.200s", what, k, row)
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			n.t.Errorf("%s took away %s", what, k)
		}
	}
}

// motion is a text to work with.
func motion(title string) blueprint.Text {
	c := func(heading, text string) blueprint.Clause {
		return blueprint.Clause{Wording: blueprint.Wording{ID: act.NewToken(), Kind: clause.Passage, Heading: heading, Text: text}}
	}
	return blueprint.Text{Title: title, Language: "en", Institution: "council",
		Clauses: []blueprint.Clause{c("We ask", "The council endorses the treaty."), c("Then", "It writes a letter to the ministry.")}}
}

func (n *node) publish(as person, p *place.Place, text blueprint.Text) *blueprint.Version {
	n.t.Helper()
	k, err := n.blueprints.Publish(n.t.Context(), as.Viewer, blueprint.Publication{Place: p.Stream, Text: text})
	must(n.t, err)
	v, err := n.blueprints.Read(n.t.Context(), as.Viewer, k)
	must(n.t, err)
	return v
}

// adapt publishes what a place makes of a version, its first clause changed.
func (n *node) adapt(as person, p *place.Place, v *blueprint.Version, more string) *blueprint.Version {
	n.t.Helper()
	ctx, b := n.t.Context(), n.blueprints
	l, err := b.Adapt(ctx, as.Viewer, blueprint.Source{Version: v.VersionKey}, p.Stream)
	must(n.t, err)
	d, err := b.ReadDraft(ctx, as.Viewer, l)
	must(n.t, err)
	w := d.Clauses[0].Wording
	w.Text += more
	d, err = b.SetClause(ctx, as.Viewer, l, d.Rev, w)
	must(n.t, err)
	k, err := b.PublishDraft(ctx, as.Viewer, l, blueprint.Publishing{Rev: d.Rev})
	must(n.t, err)
	out, err := b.Read(ctx, as.Viewer, k)
	must(n.t, err)
	return out
}

// deliver carries what one node has to send to another, now.
func (n *node) deliver(to *node) {
	n.t.Helper()
	_, err := n.log.Deliver(n.t.Context(), to.base, func(ctx context.Context, _ string, body []byte) ([]byte, error) {
		return to.log.ReceiveSubmission(ctx, body, n.base)
	})
	must(n.t, err)
}

// path is where a node shows an object of its own.
func (n *node) path(id string) string { return strings.TrimPrefix(id, n.base) }
