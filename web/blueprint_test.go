package web

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fed"
	"translocal/i18n"
	"translocal/library"
	"translocal/meeting"
	"translocal/place"
	"translocal/record"
	"translocal/webhook"
)

// readLibrary reads the library once for all the nodes of the tests, which only read it.
var readLibrary = sync.OnceValues(func() (*library.Library, error) { return library.Load() })

// textSite is a node of its own with a place and browsers that visit it.
type textSite struct {
	t testing.TB
	*httptest.Server
	server *Server
	log    *act.Log
	place  *place.Place
	keeper place.Viewer
}

func openTextSite(t testing.TB) *textSite {
	t.Helper()
	s, link := openFreshSite(t)
	var err error
	s.place, s.keeper, err = s.server.Places.Setup(t.Context(), link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openFreshSite is a node that nobody has set up, and the link that does.
func openFreshSite(t testing.TB) (_ *textSite, link string) {
	t.Helper()
	dir := t.TempDir()
	d, err := db.Open(t.Context(), filepath.Join(dir, "t.db"), db.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	s := &textSite{t: t, log: act.NewLog(d, keys, place.Vocabulary(), blueprint.Vocabulary(), decide.Vocabulary(), advance.Vocabulary())}
	t.Cleanup(func() { s.log.Close(); d.Close() })
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	lib, err := readLibrary()
	if err != nil {
		t.Fatal(err)
	}
	hub := httptest.NewUnstartedServer(nil)
	base := "http://" + hub.Listener.Addr().String()
	rec, err := record.New(s.log, filepath.Join(dir, "heads"))
	if err != nil {
		t.Fatal(err)
	}
	peer, err := fed.New(t.Context(), fed.Config{Base: base, Log: s.log, Record: rec})
	if err != nil {
		t.Fatal(err)
	}
	texts := blueprint.New(s.log)
	texts.Library = LibraryText(lib)
	decisions := decide.New(s.log)
	decisions.Decidable = texts.Decidable
	s.server = New(Config{Base: base, Log: s.log, Node: peer, Places: place.New(s.log, base), Blueprints: texts, Decisions: decisions,
		Advances: advance.New(s.log), Meetings: meeting.New(s.log), Webhooks: webhook.New(s.log, []byte("key")), Library: lib, I18n: bundle})
	hub.Config.Handler = s.server.Handler()
	hub.Start()
	t.Cleanup(hub.Close)
	s.Server = hub
	link, err = s.server.Places.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, link
}

// browser is somebody's: signed in, or a stranger's when v is zero.
type browser struct {
	site *textSite
	c    *http.Client
}

func (s *textSite) browser(v place.Viewer) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if v.Person != "" {
		secret, err := s.server.Places.OpenSession(s.t.Context(), v, "test")
		if err != nil {
			s.t.Fatal(err)
		}
		u, _ := url.Parse(s.URL)
		jar.SetCookies(u, []*http.Cookie{{Name: "tl_session", Value: secret}})
	}
	return &browser{s, &http.Client{Jar: jar}}
}

// get reads a page and gives its text as it stands in the HTML.
func (b *browser) get(path string, want int) string {
	b.site.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.site.URL + path
	}
	r, err := b.c.Get(path)
	return b.read(r, err, path, want)
}

// post sends a form, follows where it leads, and gives the page and its address.
func (b *browser) post(path string, want int, fields ...string) (body, at string) {
	b.site.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.site.URL + path
	}
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	r, err := b.c.PostForm(path, v)
	body = b.read(r, err, path, want)
	return body, strings.SplitN(r.Request.URL.String(), "?", 2)[0]
}

func (b *browser) read(r *http.Response, err error, path string, want int) string {
	b.site.t.Helper()
	if err != nil {
		b.site.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != want {
		b.site.t.Fatalf("%s: %d, want %d: %v\n%s", path, r.StatusCode, want, err, body)
	}
	return html.UnescapeString(string(body))
}

func (s *textSite) publish(text blueprint.Text) blueprint.VersionKey {
	s.t.Helper()
	k, err := s.server.Blueprints.Publish(s.t.Context(), s.keeper, blueprint.Publication{Place: s.place.Stream, Text: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

func passages(texts ...string) blueprint.Text {
	t := blueprint.Text{Title: "A motion on gas", Language: "en", Institution: "council"}
	for _, x := range texts {
		t.Clauses = append(t.Clauses, blueprint.Clause{Wording: blueprint.Wording{ID: act.NewToken(), Kind: "passage", Text: x}})
	}
	return t
}

var revInput = regexp.MustCompile(`name="rev" value="([0-9]+)"`)

func rev(t *testing.T, body string) string {
	t.Helper()
	m := revInput.FindStringSubmatch(body)
	if m == nil {
		t.Fatal("no revision in the form")
	}
	return m[1]
}

// A stranger takes a model, works on it without account or script, and hands it to a place,
// whose keeper publishes it.
func TestDraftWithoutAccountToPublishedVersion(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	stranger, keeper := s.browser(place.Viewer{}), s.browser(s.keeper)
	begun, at := stranger.post("/adapt", 200, "model", "ffnpt-motion", "language", "en")
	if !strings.Contains(begun, "Whoever has its address sees it") {
		t.Error("who begins a draft of nobody's does not hear who sees it")
	}
	if begun, _ := keeper.post("/adapt", 200, "model", "ffnpt-motion", "language", "en", "place", string(s.place.Stream)); !strings.Contains(begun, "The members of the place see it") {
		t.Error("who begins a draft of a place's does not hear who sees it")
	}
	l := blueprint.Link(strings.TrimPrefix(at, s.URL+"/draft/"))
	d, err := s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, l)
	if err != nil {
		t.Fatal(err)
	}
	first, second := d.Clauses[0].ID, d.Clauses[1].ID
	form := stranger.get(at+"/clause/"+first, 200)
	stale := rev(t, form)
	stranger.post(at+"/clause/"+first, 200, "rev", stale, "kind", "passage", "heading", "Our first", "text", "We say **yes**.")
	body, _ := stranger.post(at+"/clause/"+first, 409, "rev", stale, "kind", "passage", "heading", "Our first", "text", "We say no.")
	if !strings.Contains(body, "We say no.") || !strings.Contains(body, "<del>**yes**") && !strings.Contains(body, "<del>") {
		t.Error("an outdated form is not shown again with what stands there now")
	}
	body, _ = stranger.post(at+"/clause/"+second, 422, "rev", rev(t, stranger.get(at+"/clause/"+second, 200)), "kind", "passage", "text", strings.Repeat("x", blueprint.MaxText+1))
	if !strings.Contains(body, "At most 12,000 characters.") {
		t.Error("no message at the field of a text that is too long")
	}
	stranger.post(at+"/do", 200, "what", "down", "clause", first, "rev", "1")
	stranger.post(at+"/do", 422, "what", "explode", "clause", first)
	stranger.post(at+"/add", 200, "after", second, "kind", "step", "heading", "Ring the bell", "text", "Ring it.", "who", "Anybody")
	page := stranger.get(at+"/print", 200)
	if !strings.Contains(page, "<strong>yes</strong>") || !strings.Contains(page, "Ring the bell") || !strings.Contains(page, "Anybody") {
		t.Error("the printed draft lacks what was written")
	}
	stranger.get(at+"/publish", 200)
	stranger.post(at+"/publish", 409, "rev", "1") // it belongs to nobody
	stranger.get("/draft/"+strings.SplitN(string(l), ".", 2)[0], 404)

	_, at = keeper.post(at+"/give", 200, "stream", string(s.place.Stream))
	publish := keeper.get(at+"/publish", 200)
	body, at = keeper.post(at+"/publish", 200, "rev", rev(t, publish), "message", "Ours now")
	if !strings.Contains(at, "/version/") || !strings.Contains(body, "Ours now") || !strings.Contains(body, "/library/model/ffnpt-motion") {
		t.Errorf("%s\n%s", at, body)
	}
	for _, p := range []string{"/blueprints", s.place.ID} {
		if !strings.Contains(stranger.get(p, 200), at[len(s.URL):]) {
			t.Errorf("%s does not lead to the version", p)
		}
	}
	tree := stranger.get(mustFind(t, s, at).Head.Blueprint+"/lineage", 200)
	if !strings.Contains(tree, "<svg") || !strings.Contains(tree, "<table>") {
		t.Error("no picture of where it came from with a table beside it")
	}
}

func mustFind(t *testing.T, s *textSite, url string) *blueprint.Version {
	t.Helper()
	v, err := s.server.Blueprints.Find(t.Context(), place.Viewer{}, url)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What a text says is never more than text on our pages.
func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(passages(
		"<script>alert(1)</script> <img src=x onerror=alert(1)>",
		"[a](javascript:alert(1)) ![b](https://elsewhere.example/pixel.png) <a href=\"data:text/html,x\">c</a>",
		"# A heading\n\n- one\n- two\n\n[good](https://good.example/)"))
	r, err := http.Get(k.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(raw), "<main")
	// As escaped text they may stand there, never inside a tag.
	for _, bad := range []string{"<script", "<img", "<[^>]*onerror", "<[^>]*javascript:", "<[^>]*data:", "<h1>A heading", "<[^>]*pixel"} {
		if m := regexp.MustCompile(bad).FindString(body); m != "" {
			t.Errorf("%q stands in the page", m)
		}
	}
	for _, good := range []string{"<li>one</li>", "<h4>A heading</h4>", `href="https://good.example/"`} {
		if !strings.Contains(body, good) {
			t.Errorf("%q does not stand in the page:\n%s", good, body)
		}
	}
}

// What a place allowed to be published with the version that uses it can be read by everybody, with
// its reasons; what it didn't allow, and what keepers hide, by nobody.
func TestAnEmbeddedSuggestionIsPublic(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	stranger := s.browser(place.Viewer{})
	sister, err := s.server.Places.Found(t.Context(), s.keeper, "place", place.Profile{Name: "Sierra"})
	if err != nil {
		t.Fatal(err)
	}
	use := func(public bool) string {
		t.Helper()
		return s.used(sister.Stream, public)
	}
	private := use(false)
	if strings.Contains(stranger.get(private, 200), "/suggestion\"") {
		t.Error("a link to a suggestion that is private")
	}
	stranger.get(private+"/suggestion", 404)
	stranger.get("/api/v1/versions/suggestion?id="+url.QueryEscape(private), 404)
	public := use(true)
	if !strings.Contains(stranger.get(public, 200), "/suggestion\"") {
		t.Error("no link to the suggestion")
	}
	body := stranger.get(public+"/suggestion", 200)
	for _, want := range []string{"Sierra", "It is clearer.", "It is shorter.", "<ins>", "With <b>thanks</b>", "used"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(body, "private words") || len(body) > 50<<10 {
		t.Error("what the owner wrote to the sender is no part of it; bytes:", len(body))
	}
	if got := stranger.get("/api/v1/versions/suggestion?id="+url.QueryEscape(public), 200); !strings.Contains(got, "It is clearer.") || !strings.Contains(got, `"used":["`) {
		t.Error(got)
	}
	hide := db.Exec(`insert into hidden (stream, kind, thing, about, said, at, reason, hid_by, since) values ($1, 'text', $2, '', '', '', 'It names somebody', 'k', 1)`)
	if err := s.log.DB().Write(t.Context(), func(tx *db.Tx) error { _, err := hide.Run(t.Context(), tx, string(s.place.Stream), public); return err }); err != nil {
		t.Fatal(err)
	}
	stranger.get(public+"/suggestion", 404)
	if strings.Contains(stranger.get(public, 200), "/suggestion\"") {
		t.Error("a link to the suggestion of a text that is hidden")
	}
}

// used publishes a text, has another place of the node suggest two changes to it, and uses
// the first; it returns the URL of the version that does.
func (s *textSite) used(sister act.Fingerprint, public bool) string {
	s.t.Helper()
	b, ctx := s.server.Blueprints, s.t.Context()
	source := s.publish(passages("First.", "Second.", "Third."))
	text, err := b.Read(ctx, s.keeper, source)
	if err != nil {
		s.t.Fatal(err)
	}
	first, second := text.Clauses[0].Wording, text.Clauses[1].Wording
	first.Text, second.Text = "First, and more.", "Second, and less."
	id, err := b.Suggest(ctx, s.keeper, blueprint.NewSuggestion{Place: sister, To: source, Public: public, Note: "With <b>thanks</b>", Changes: []blueprint.SuggestedChange{
		{Kind: blueprint.ToChange, Clause: first.ID, Wording: first, Reason: "It is clearer."}, {Kind: blueprint.ToChange, Clause: second.ID, Wording: second, Reason: "It is shorter."}}})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.log.Deliver(ctx, act.Host(s.place.ID), nil); err != nil {
		s.t.Fatal(err)
	}
	k, err := b.Use(ctx, s.keeper, s.place.Stream, id, blueprint.Using{Clauses: []string{first.ID}, Note: "private words to Sierra"})
	if err != nil {
		s.t.Fatal(err)
	}
	return k.ID
}

// Two places of one node: suggest by form, talk, use a part, warn, withdraw; strangers see none of the talk.
func TestSuggestUseAndWarnByForms(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	keeper, stranger := s.browser(s.keeper), s.browser(place.Viewer{})
	sister, err := s.server.Places.Found(t.Context(), s.keeper, "place", place.Profile{Name: "Sierra"})
	if err != nil {
		t.Fatal(err)
	}
	source := s.publish(passages("First.", "Second.", "Third."))
	ids := mustFind(t, s, source.ID).Clauses
	_, at := keeper.post("/drafts", 200, "how", "adapt", "version", source.ID, "stream", string(sister.Stream))
	for i, text := range []string{"First, and more.", "Second, and less."} {
		p := at + "/clause/" + ids[i].ID
		keeper.post(p, 200, "rev", rev(t, keeper.get(p, 200)), "kind", "passage", "text", text)
	}
	_, mine := keeper.post(at+"/publish", 200, "rev", rev(t, keeper.get(at+"/publish", 200)))
	compare := keeper.get("/compare?"+url.Values{"older": {source.ID}, "newer": {mine}}.Encode(), 200)
	if !strings.Contains(compare, "<ins>") {
		t.Error("comparing shows no change")
	}
	suggest := "/suggest?" + url.Values{"to": {source.ID}, "place": {string(sister.Stream)}}.Encode()
	if !strings.Contains(keeper.get(suggest, 200), "reason-"+ids[1].ID) {
		t.Error("the second change is not offered")
	}
	fields := []string{"to", source.ID, "from", mine, "place", string(sister.Stream)}
	keeper.post("/suggest", 422, fields...)
	keeper.post("/suggest", 422, append(fields, "clause", ids[0].ID)...) // no reason
	stranger.post("/suggest", 401, append(fields, "clause", ids[0].ID, "reason-"+ids[0].ID, "r")...)
	keeper.post("/suggest", 200, append(fields, "clause", ids[0].ID, "reason-"+ids[0].ID, "It is clearer.", "clause", ids[1].ID, "reason-"+ids[1].ID, "Shorter.")...)
	if _, err := s.log.Deliver(t.Context(), act.Host(s.place.ID), nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.server.Blueprints.Suggestions(t.Context(), s.keeper, s.place.Stream, false)
	if err != nil || len(in) != 1 {
		t.Fatal(in, err)
	}
	if !strings.Contains(keeper.get(s.place.ID+"/work", 200), "Sierra: 2 changes") {
		t.Error("the suggestion is not listed")
	}
	one := s.place.ID + "/suggestion?" + url.Values{"id": {in[0].ID}}.Encode()
	if body := keeper.get(one, 200); !strings.Contains(body, "It is clearer.") || !strings.Contains(body, "No answer yet") {
		t.Error(body)
	}
	if body := stranger.get(one, 200); strings.Contains(body, "It is clearer.") { // led to sign in
		t.Error("a stranger reads a suggestion")
	}
	keeper.post(s.place.ID+"/suggestion/say", 200, "id", in[0].ID, "text", "Why shorter?")
	keeper.post(s.place.ID+"/suggestion/decline", 422, "id", in[0].ID, "reason", "")
	body, used := keeper.post(s.place.ID+"/suggestion/use", 200, "id", in[0].ID, "clause", ids[0].ID, "how", "now", "message", "From Sierra")
	if !strings.Contains(body, "First, and more.") || strings.Contains(body, "Second, and less.") || !strings.Contains(body, "Thanks for what it suggested to") {
		t.Error(body)
	}
	keeper.post(s.place.ID+"/suggestion/use", 409, "id", in[0].ID, "clause", ids[0].ID, "how", "now")

	clause := used + "/clause/" + ids[2].ID
	keeper.get(clause, 200)
	warn := []string{"version", used, "clause", ids[2].ID, "place", string(s.place.Stream), "kind", "struck-down", "text", "A court said no."}
	keeper.post("/warn", 422, warn...) // no source
	stranger.post("/warn", 401, append(warn, "source", "https://court.example/1")...)
	keeper.post("/warn", 200, append(warn, "source", "https://court.example/1", "happened", "2020-02")...)
	for _, at := range []string{used, mine} {
		if !strings.Contains(stranger.get(at, 200), "A court said no.") {
			t.Errorf("%s holds the clause and shows no warning", at)
		}
	}
}

// The API publishes, drafts and compares by the same methods; what is wrong has a place in the body.
func TestBlueprintAPI(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	token, err := s.server.Places.OpenSession(t.Context(), s.keeper, "API")
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, auth string, body any, want int) map[string]any {
		t.Helper()
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/api/v1"+path, strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if auth != "" {
			r.Header.Set("Authorization", "Bearer "+auth)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, want, answer)
		}
		out := map[string]any{}
		if len(answer) > 0 && answer[0] == '{' {
			if err := json.Unmarshal(answer, &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	publish := "/places/" + string(s.place.Stream) + "/versions"
	text := passages("One.", "Two.")
	text.Clauses[1].ID = "" // a new clause gets its id here
	text.Rests, text.Variables = []blueprint.Rest{}, []blueprint.Variable{}
	body := map[string]any{"text": text}
	call("POST", publish, "", body, 401)
	id := call("POST", publish, token, body, 200)["id"].(string)
	v := call("GET", "/versions?id="+url.QueryEscape(id), "", nil, 200)
	if n := len(v["text"].(map[string]any)["clauses"].([]any)); n != 2 || v["placeName"] != "Rio" {
		t.Errorf("%v", v)
	}
	text.Title = ""
	bad := call("POST", publish, token, map[string]any{"text": text}, 422)
	if !strings.Contains(bad["errors"].([]any)[0].(map[string]any)["location"].(string), "title") {
		t.Errorf("%v", bad)
	}
	d := call("POST", "/drafts", "", map[string]any{"how": "adapt", "version": id}, 200)
	call("GET", "/drafts/"+d["link"].(string), "", nil, 200)
	call("GET", "/drafts/"+strings.SplitN(d["link"].(string), ".", 2)[0], "", nil, 404)
	call("POST", "/drafts", "", map[string]any{"how": "conjure"}, 422)
	call("DELETE", "/drafts/"+d["link"].(string), "", nil, 204)
}

// Before one publishes, and on paper, stands which blanks nobody has filled in; publishing stays possible.
func TestUnfilledBlanksAreNamed(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	keeper := s.browser(s.keeper)
	_, at := keeper.post("/adapt", 200, "model", "how-our-group-decides", "language", "en", "place", string(s.place.Stream))
	l := blueprint.Link(strings.TrimPrefix(at, s.URL+"/draft/"))
	d, err := s.server.Blueprints.ReadDraft(t.Context(), s.keeper, l)
	if err != nil || len(d.Variables) < 2 {
		t.Fatal(err, d)
	}
	list := slices.Clone(d.Variables)
	for i := range list {
		list[i].Value = "Ours"
	}
	list[0].Label, list[1].Label, list[1].Value = "The filled one", "The empty one", " "
	if d, err = s.server.Blueprints.SetVariables(t.Context(), s.keeper, l, d.Rev, list); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/publish", "/print"} {
		if page := keeper.get(at+path, 200); !strings.Contains(page, "One blank is not filled in:") || !strings.Contains(page, "The empty one") || strings.Contains(page, "The filled one</bdi>") {
			t.Errorf("%s does not name the one blank that is empty", path)
		}
	}
	list[1].Value = "Ours too"
	if _, err = s.server.Blueprints.SetVariables(t.Context(), s.keeper, l, d.Rev, list); err != nil {
		t.Fatal(err)
	}
	if page := keeper.get(at+"/publish", 200); strings.Contains(page, "not filled in") {
		t.Error("blanks are still said to be empty")
	}
}
