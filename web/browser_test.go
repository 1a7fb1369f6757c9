package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/decide"
	"translocal/meeting"
	"translocal/moderate"
	"translocal/notice"
	"translocal/place"
)

// A visitor is a real browser with one tab.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// browse starts a browser, or skips the test and says why. A lost browser can't
// hang the tests: each step has a minute.
func browse(t *testing.T, base string) *visitor {
	t.Helper()
	if os.Getenv("TRANSLOCAL_TEST_LONG") == "" {
		t.Skip("a browser is started with TRANSLOCAL_TEST_LONG=1 alone")
	}
	if os.Getenv("TRANSLOCAL_TEST_ENGINE") == "postgres" {
		t.Skip("a browser sees the same pages whatever the database")
	}
	program := os.Getenv("CHROME")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); program == "" && err == nil {
			program = p
		}
	}
	if program == "" {
		t.Skip("there is no Chromium: make deps installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("force-prefers-reduced-motion", true)) // a page that still glides is pressed beside the button
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &visitor{t, ctx, base}
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) width(px int64) { v.do(chromedp.EmulateViewport(px, 900)) }

func (v *visitor) script(on bool) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) open(path string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.base + path))
}

func (v *visitor) html() string {
	v.t.Helper()
	s, err := chromedp.Run(v.ctx, chromedp.OuterHTML(chromedp.CSS("html")))
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// send fills fields, given as selector and text, and presses the button.
func (v *visitor) send(button string, fields ...string) {
	v.t.Helper()
	var steps []chromedp.Action[chromedp.Void]
	for i := 0; i+1 < len(fields); i += 2 {
		steps = append(steps, chromedp.SendKeys(chromedp.CSS(fields[i]), fields[i+1]))
	}
	v.do(append(steps, chromedp.Click(chromedp.CSS(button)))...)
}

// sees waits until the page shows a text.
func (v *visitor) sees(text string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 20*time.Second)
	defer cancel()
	for {
		if s, err := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html"))); err == nil && strings.Contains(s, text) {
			return
		}
		if ctx.Err() != nil {
			v.t.Fatalf("never saw %q; the page is\n%.3000s", text, v.html())
		}
	}
}

// shot keeps a picture in the folder screenshots, which git ignores.
func (v *visitor) shot(name string) {
	v.t.Helper()
	dir := filepath.Join("..", "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// A group begins, at the width of a phone: from the set-up link to a published
// text, by forms, with and without script.
func TestBrowserGroupBegins(t *testing.T) {
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprintf("script=%v", script), func(t *testing.T) {
			s := openTextSite(t)
			v := browse(t, s.URL)
			v.script(script)
			v.width(320)
			link, err := s.server.Places.Invite(t.Context(), s.keeper, s.place.Stream, place.Keeper)
			if err != nil {
				t.Fatal(err)
			}
			v.open("/come-in/" + link)
			v.send("main button", "#f-pseudonym", "Birch", "#f-password", "four words to remember")
			v.sees("Welcome.")
			v.open("/library/model/how-our-group-decides")
			v.send("form[action='/adapt'] button")
			v.sees("/draft/")
			at, err := chromedp.Run(v.ctx, chromedp.Location())
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(at)
			if err != nil {
				t.Fatal(err)
			}
			v.open(u.Path + "/publish")
			v.send("main form[action$='/publish'] button", "#f-message", "Ours")
			v.sees("/version/")
			titles, err := s.server.Blueprints.Of(t.Context(), s.keeper, s.place.Stream)
			if err != nil || len(titles) != 1 {
				t.Fatalf("%d texts are published: %v", len(titles), err)
			}
			v.shot(fmt.Sprintf("published-320-script-%v", script))
		})
	}
}

// populated gives the place something on every kind of page.
func populated(t *testing.T, s *textSite) (paths []string) {
	t.Helper()
	ctx, srv := t.Context(), s.server
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k := s.publish(passages("The council ends new gas.", "It reports each spring."))
	text, err := srv.Blueprints.Read(ctx, s.keeper, k)
	must(err)
	p, err := srv.Decisions.Propose(ctx, s.keeper, s.place.Stream, decide.Proposal{Title: "Bring it", Why: "Because", Rule: decide.RuleConsent, Quorum: 1,
		Review: time.Now().AddDate(1, 0, 0).Format(time.DateOnly), Version: text.Ref()})
	must(err)
	open, err := srv.Decisions.Propose(ctx, s.keeper, s.place.Stream, decide.Proposal{Title: "Bring it elsewhere", Rule: decide.RuleMajority, Quorum: 1,
		Review: time.Now().AddDate(1, 0, 0).Format(time.DateOnly), Version: text.Ref()})
	must(err)
	for _, id := range []string{p.ID, open.ID} {
		must(srv.Decisions.NextRound(ctx, s.keeper, id))
		must(srv.Decisions.NextRound(ctx, s.keeper, id))
		must(srv.Decisions.Say(ctx, s.keeper, id, decide.Concern, "The date is tight", true))
	}
	o, err := srv.Decisions.Close(ctx, s.keeper, p.ID, decide.Release{Note: "We bring it"})
	must(err)
	b, err := srv.Advances.BringToNew(ctx, s.keeper, s.place.Stream, o.ID, "Town council", "council")
	must(err)
	must(srv.Advances.RecordDeed(ctx, s.keeper, s.place.Stream, b.ID, advance.Deed{Kind: "motion", Legal: "adopted", Day: "2026-04-01", Votes: &advance.Votes{For: 7}, Reason: "Passed"}))
	must(srv.Advances.SetStatus(ctx, s.keeper, s.place.Stream, b.ID, advance.Change{Lifecycle: advance.Delivery, Status: "stalled", Day: "2026-06-01", Source: "Minutes", Reason: "Nobody did it"}))
	must(srv.Advances.SetMeeting(ctx, s.keeper, b.ID, "2027-03-01", 7))
	must(srv.Advances.PutTask(ctx, s.keeper, b.ID, advance.Task{Title: "Print", Before: 3}))
	began, err := srv.Blueprints.BeginFrom(ctx, s.keeper, "", text.Text, nil)
	must(err)
	entered, err := srv.Blueprints.EnterSuggestion(ctx, s.keeper, blueprint.NewOutside{To: k, Outside: blueprint.Outside{Name: "Upstream"},
		Changes: []blueprint.SuggestedChange{{Kind: blueprint.ToDrop, Clause: text.Clauses[0].ID, Reason: "It is done"}}})
	must(err)
	sister, err := srv.Places.Found(ctx, s.keeper, "place", place.Profile{Name: "Sierra"})
	must(err)
	spanish := text.Text
	spanish.Language, spanish.Clauses = "es", slices.Clone(text.Clauses)
	spanish.Clauses[0].Text = "El concejo acaba con el gas nuevo."
	hers, err := srv.Blueprints.Publish(ctx, s.keeper, blueprint.Publication{Place: sister.Stream, Text: spanish})
	must(err)
	whom := url.Values{"place": {string(sister.Stream)}, "from": {hers.ID}}.Encode()
	across := whom + "&" + url.Values{"to": {k.ID}}.Encode()
	unchecked, err := srv.Blueprints.EnterSuggestion(ctx, s.keeper, blueprint.NewOutside{To: k, Outside: blueprint.Outside{Name: "Downstream"},
		Changes: []blueprint.SuggestedChange{{Kind: blueprint.ToChange, Clause: text.Clauses[0].ID, Wording: blueprint.Wording{Text: "The council ends with the gas."},
			Reason: "It is done", Status: blueprint.Machine, From: "es", Original: spanish.Clauses[0].Text}}})
	must(err)
	byMachine, err := srv.Blueprints.UseInDraft(ctx, s.keeper, s.place.Stream, unchecked, blueprint.Using{})
	must(err)
	must(srv.Blueprints.Tell(ctx, place.Viewer{}, blueprint.NewTale{Version: k.ID, Clause: text.Clauses[0].ID, Tale: blueprint.Tale{About: "New gas", Text: "Nobody paid for it", Contact: "the mill"}}))
	held, err := srv.Meetings.Plan(ctx, s.keeper, s.place.Stream, meeting.Meeting{Title: "Assembly", Day: "2030-03-01", Begins: "18:00", Ends: "20:00", Zone: "America/Bogota",
		Venue: "Hall", Link: "https://talk.example/room", Access: "No steps", Agenda: []meeting.Item{{Title: "The motion", Minutes: 20, About: k.ID}}})
	must(err)
	code, err := srv.Decisions.OpenRoom(ctx, s.keeper, open.ID)
	must(err)
	plan, err := srv.Advances.Plan(ctx, s.keeper, b.ID)
	must(err)
	must(srv.Notices.Set(ctx, s.keeper, notice.Settings{Pace: notice.Never, ByHand: true}))
	srv.Notices.Sources = []notice.Source{func(context.Context) ([]notice.Reminder, error) {
		return []notice.Reminder{{Cause: "task", Stream: s.place.Stream, Kind: "task", Day: time.Now().AddDate(0, 0, 2).Format(time.DateOnly), Link: b.ID + "/plan", People: []string{s.keeper.Person}}}, nil
	}}
	must(srv.Notices.Remind(ctx))
	askToken, err := srv.Notices.AskOf(ctx, s.keeper, s.place.Stream, notice.AskTask, plan.Tasks[0].ID, "The baker")
	must(err)
	other := moderated(t, s, open.ID, k.ID)
	at := strings.TrimPrefix(s.place.ID, s.URL)
	of := func(id string) string { return strings.TrimPrefix(id, s.URL) }
	lineage := of(text.Blueprint) + "/lineage"
	return []string{"/", "/library", "/library/treaties", "/library/family/ffnpt-motion", "/library/model/ffnpt-motion", "/search", "/search?q=river&theme=democracy", "/search?q=council", "/places", "/blueprints", "/who-may", "/count", "/count/opinion", "/drafts/new", "/what-we-could-do", "/what-we-could-do?institution=council&theme=nature&effort=weeks&treaty=crc", "/library/model/ffnpt-motion/kit", "/library/model/ffnpt-motion/kit?whole=1",
		"/check-draft",
		"/draft/" + string(byMachine) + "/check",
		"/tell", at + "/told", "/tell?" + url.Values{"version": {k.ID}, "clause": {text.Clauses[0].ID}}.Encode(),
		at + "/published",
		at + "/roots",
		"/sign-in", "/recover", at, of(k.ID), of(k.ID) + "/clause/" + text.Clauses[0].ID, of(k.ID) + "/clause/" + text.Clauses[0].ID + "/scale", lineage, of(text.Blueprint) + "/versions", of(o.ID), of(b.ID),
		at + "/suggestion/enter?version=" + url.QueryEscape(k.ID), at + "/describe", at + "/members", at + "/roles", at + "/roll", at + "/following", at + "/proposals", at + "/proposal/" + open.ID, at + "/propose?version=" + url.QueryEscape(k.ID),
		of(b.ID) + "/plan", "/account", "/account/access", "/notices", "/site", "/site/keeping", "/account/notices", at + "/outbox", at + "/asks", "/answer/" + askToken,
		"/places/new",
		"/draft/" + string(began) + "?lost=tables.2-comments.1", at + "/suggestion?id=" + url.QueryEscape(entered),
		"/suggest?" + whom, "/suggest?" + across, "/suggest?" + across + "&clause=" + text.Clauses[0].ID, at + "/suggestion?id=" + url.QueryEscape(unchecked),
		"/map",
		at + "/moderation", at + "/keepers-log", "/site/moderation", "/report?of=text&thing=" + url.QueryEscape(k.ID), at + "/members/" + other.Person + "/block",
		"/api", "/api/describe-place",
		"/room",
		at + "/ways", at + "/join",
		at + "/requests",
		"/account/leaving", "/account/data", "/what-is-seen",
		at + "/webhooks",
		at + "/changes",
		at + "/hand-over",
		at + "/meetings", at + "/meetings/new", at + "/meeting/" + held, at + "/meeting/" + held + "/edit",
		"/room?proposal=" + open.ID, tonightPath(code.Secret),
	}
}

// moderated gives the queue of the place a thing that waits and one that is
// hidden; it returns a member.
func moderated(t *testing.T, s *textSite, proposal, text string) place.Viewer {
	t.Helper()
	ctx, srv := t.Context(), s.server
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	link, err := srv.Places.Invite(ctx, s.keeper, s.place.Stream, place.Member)
	must(err)
	_, other, err := srv.Places.ComeIn(ctx, place.Viewer{}, link, place.Newcomer{Name: "Elder", Password: "a long password"})
	must(err)
	must(srv.Decisions.Say(ctx, other, proposal, decide.Objection, "Nonsense, all of it", false))
	x, err := srv.Decisions.Read(ctx, other, proposal)
	must(err)
	for _, v := range x.Voices {
		if v.Mine {
			must(srv.moderation.Hide(ctx, s.keeper, s.place.Stream, moderate.Voice, v.ID, "It speaks of nobody's reasons"))
		}
	}
	must(srv.moderation.Report(ctx, place.Viewer{}, moderate.Report{Kind: moderate.Text, Thing: text, Category: "other", Words: "The second clause names a person"}))
	return other
}

// axeRun asks axe-core for what breaks WCAG 2.2 A and AA.
const axeRun = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
	JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(", "))))`

// Every kind of page, as a keeper sees it, at both widths and in both languages:
// axe finds nothing, nothing sticks out at the side, nothing comes from elsewhere,
// and the first key press reaches the link that skips to the content.
func TestBrowserEveryPage(t *testing.T) {
	s := openTextSite(t)
	v := browse(t, s.URL)
	axe, err := os.ReadFile(filepath.Join("browsertest", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("axe-core is not installed: make deps does it")
	}
	paths := populated(t, s)
	v.open("/sign-in")
	v.send("main button", "#f-pseudonym", "Alder", "#f-password", "a long password")
	v.sees("Alder")
	v.findsWhatIsWrong(string(axe))
	for _, lang := range []string{"en", "es"} {
		v.open("/?lang=" + lang)
		for _, width := range []int64{320, 1280} {
			v.width(width)
			for _, path := range paths {
				v.open(path)
				v.inspect(fmt.Sprintf("%s %d %s", lang, width, path), string(axe))
				if lang == "es" && width == 320 || lang == "en" && width == 1280 {
					v.shot(fmt.Sprintf("%s-%d-%s", lang, width, strings.Trim(strings.NewReplacer("/", "_", "?", "_", "%", "").Replace(shortPath(path)), "_")))
				}
			}
		}
	}
}

// shortPath leaves the random tokens out of a picture's name.
func shortPath(path string) string {
	parts := strings.Split(strings.SplitN(path, "?", 2)[0], "/")
	return strings.Join(slices.DeleteFunc(parts, act.IsToken), "/") + "/"
}

func (v *visitor) inspect(what, axe string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	type seen struct {
		Wide    int      `json:"wide"`
		Heads   int      `json:"heads"`
		Foreign []string `json:"foreign"`
		First   string   `json:"first"`
		Lang    string   `json:"lang"`
	}
	page, err := chromedp.Run(ctx, chromedp.Evaluate[seen](`({
		wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		heads: document.querySelectorAll("h1").length,
		foreign: performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith("data:")),
		first: document.querySelector("a[href], button, input, select, textarea")?.className ?? "",
		lang: document.documentElement.lang})`))
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	if page.Wide > 0 || page.Heads != 1 || len(page.Foreign) > 0 || page.First != "skip" || !strings.HasPrefix(what, page.Lang) {
		v.t.Errorf("%s: %+v", what, page)
	}
	for _, x := range v.violations(ctx, axe) {
		v.t.Errorf("%s: %s", what, x)
	}
}

// violations is what axe finds on the page that is open.
func (v *visitor) violations(ctx context.Context, axe string) (found []string) {
	v.t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
		v.t.Fatalf("axe: %v", err)
	}
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("axe: %v", err)
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		v.t.Fatal(err)
	}
	return found
}

// findsWhatIsWrong spoils a page, so that a silent axe is known to have looked.
func (v *visitor) findsWhatIsWrong(axe string) {
	v.t.Helper()
	v.open("/library")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main").append(document.createElement("input"))`))
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	if found := v.violations(ctx, axe); len(found) != 1 || !strings.HasPrefix(found[0], "label:") {
		v.t.Fatalf("a field without a label: axe found %q", found)
	}
}

// A stranger checks a draft of sixty clauses and goes on with it as a draft, with and without script, in both
// languages, at both widths; each page on the way is looked at.
func TestBrowserCheckDraft(t *testing.T) {
	s := openTextSite(t)
	v := browse(t, s.URL)
	axe, err := os.ReadFile(filepath.Join("browsertest", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("axe-core is not installed: make deps does it")
	}
	for i, c := range []struct {
		lang   string
		width  int64
		script bool
	}{{"en", 1280, true}, {"es", 320, true}, {"en", 320, false}, {"es", 1280, false}} {
		what := fmt.Sprintf("%s %d script=%v", c.lang, c.width, c.script)
		v.script(true)
		v.width(c.width)
		v.open("/check-draft?lang=" + c.lang)
		v.script(c.script)
		v.open("/check-draft")
		v.do(chromedp.SetValue(chromedp.CSS("#f-text"), longDraft(s, c.lang)), chromedp.Click(chromedp.CSS("main form button")))
		v.sees(`name="packed"`)
		v.looked(what+" result", string(axe), c.script)
		v.do(chromedp.Click(chromedp.CSS(`button[form="again"][name="from"]:not(.link)`)))
		v.sees(`value="0"`)
		v.looked(what+" next", string(axe), c.script)
		v.do(chromedp.Click(chromedp.CSS(`button[name="as"][value="adapt"]`)))
		v.sees("/check-draft/adapt")
		v.looked(what+" adapt", string(axe), c.script)
		v.do(chromedp.Click(chromedp.CSS(`form[action="/check-draft/adapt"] button`)))
		v.sees("/draft/")
		if i == 0 {
			v.sees("This is your draft")
		}
	}
}

// looked inspects a page and keeps its picture. Without script axe can't run; what it finds is the same.
func (v *visitor) looked(what, axe string, script bool) {
	v.t.Helper()
	if script {
		v.inspect(what, axe)
	}
	v.shot("check-" + strings.ReplaceAll(what, " ", "-"))
}

// longDraft has sixty clauses: of each model some as they stand, some softer, some turned, and one that nobody knows.
func longDraft(s *textSite, lang string) string {
	out := []string{"# A draft of ours", "Nobody feeds pigeons in the yard after dusk on weekdays."}
	for _, m := range s.server.Library.Models {
		for i, c := range m.Clauses {
			x := []string{in(c.Text, lang), in(c.Softer, lang), in(c.Stronger, lang)}[i%3]
			out = append(out, "## "+in(c.Heading, lang), x)
		}
	}
	return strings.Join(out[:min(len(out), 121)], "\n\n")
}
