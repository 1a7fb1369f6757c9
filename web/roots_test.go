package web_test

import (
	"crypto/ed25519"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"translocal/act"
	"translocal/place"
)

// rootHolders are people with root keys: what they know, and the lines of the form.
func rootHolders(t *testing.T, names ...string) (keys []ed25519.PrivateKey, lines []string) {
	t.Helper()
	for _, name := range names {
		public, k, err := ed25519.GenerateKey(nil)
		must(t, err)
		keys, lines = append(keys, k), append(lines, name+": "+act.EncodeKey(public))
	}
	return keys, lines
}

// signs is what holders hand back of a statement.
func signs(t testing.TB, statement string, keys ...ed25519.PrivateKey) string {
	t.Helper()
	s, err := act.ParseStatement([]byte(statement))
	must(t, err)
	var list []string
	for _, k := range keys {
		p, err := s.Sign(k)
		must(t, err)
		list = append(list, p.String())
	}
	return strings.Join(list, "\r\n")
}

var statementField = regexp.MustCompile(`(?s)<textarea id="f-statement"[^>]*>([^<]*)</textarea>`)

// statementOn finds the statement that a page shows.
func statementOn(t *testing.T, a answer) string {
	t.Helper()
	found := statementField.FindStringSubmatch(a.body)
	if a.status != 200 || found == nil || found[1] == "" {
		t.Fatalf("no statement: %d %.3000s", a.status, a.body)
	}
	return html.UnescapeString(found[1])
}

// A place names root keys, changes them by those it has, and gets a new signing
// key by them; whose they are the keepers alone see, and its members what was done.
func TestAPlaceHasRootKeys(t *testing.T) {
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	member := n.join(keeper, p, place.Member, "Member")
	at := n.path(p.ID) + "/roots"
	keys, lines := rootHolders(t, "Ana's sister", "Ben", "Caro")
	if a := n.do(keeper, get(at)); a.status != 200 || strings.Contains(a.body, "carry-out") {
		t.Fatalf("%d %.2000s", a.status, a.body)
	}
	before := n.dump()
	for what, c := range map[string]call{
		"no key":               post(at, "keys", "", "threshold", "2"),
		"words":                post(at, "keys", "Ana has one", "threshold", "1"),
		"one twice":            post(at, "keys", lines[0]+"\n"+lines[0], "threshold", "1"),
		"more must than are":   post(at, "keys", lines[0], "threshold", "2"),
		"nobody must":          post(at, "keys", lines[0], "threshold", "0"),
		"no number":            post(at, "keys", lines[0], "threshold", "two"),
		"far too many":         post(at, "keys", strings.Repeat(lines[0]+"\n", 40), "threshold", "1"),
		"a key by none":        post(at + "/recover"),
		"an empty statement":   post(at+"/carry-out", "statement", "", "proofs", ""),
		"none, by the API":     api("POST", "/places/"+string(p.Stream)+"/roots", map[string]any{"keys": []int{}, "threshold": 1}),
		"rubbish, by the API":  api("POST", "/places/"+string(p.Stream)+"/roots/carry-out", map[string]string{"statement": "[", "proofs": "z"}),
		"of no place, the API": api("POST", "/places/"+strings.Repeat("ab", 32)+"/roots/recover", nil),
	} {
		if a := n.do(keeper, c); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: answered %d", what, a.status)
		}
		n.unchanged(before, what)
	}
	if a := n.do(keeper, post(at, "keys", strings.Join(lines, "\r\n")+"\r\n", "threshold", "2")); a.status != 303 {
		t.Fatalf("%d %.3000s", a.status, a.body)
	}
	shown := n.do(keeper, get(at))
	if !strings.Contains(shown.body, "Ana&#39;s sister") || !strings.Contains(shown.body, "2 of these 3") {
		t.Errorf("%.3000s", shown.body)
	}
	for k, row := range n.dump() {
		if strings.Contains(row, "sister") && !strings.HasPrefix(k, "root_note") {
			t.Errorf("%s tells whose a key is", k)
		}
	}
	// The signing key alone names none any more.
	change := statementOn(t, n.do(keeper, post(at, "keys", lines[1]+"\n"+lines[2], "threshold", "2")))
	if a := n.do(keeper, post(at+"/carry-out", "statement", change, "proofs", "")); a.status != 422 {
		t.Errorf("without a signature: %d", a.status)
	}
	refused := n.do(keeper, post(at+"/carry-out", "statement", change, "proofs", signs(t, change, keys[0], keys[0])))
	if refused.status != 422 || !strings.Contains(refused.body, "1 of the 2") || statementField.FindStringSubmatch(refused.body)[1] == "" {
		t.Errorf("%d %.3000s", refused.status, refused.body)
	}
	if a := n.do(keeper, post(at+"/carry-out", "statement", "\r\n"+change+"\r\n", "proofs", signs(t, change, keys[0], keys[1]))); a.status != 303 {
		t.Fatalf("%d %.3000s", a.status, a.body)
	}
	recovered(t, n, p, keeper, at, keys)
	log := n.do(member, get(n.path(p.ID)+"/keepers-log"))
	if !strings.Contains(log.body, "Keeper named the root keys of the place: 2/3") || !strings.Contains(log.body, "new signing key, by its root keys") {
		t.Errorf("members read nothing of it: %.3000s", log.body)
	}
	n.publish(keeper, p, motion("After"))
}

// recovered gets a new signing key through the API.
func recovered(t *testing.T, n *node, p *place.Place, keeper person, at string, keys []ed25519.PrivateKey) {
	t.Helper()
	stale := statementOn(t, n.do(keeper, post(at+"/recover")))
	n.publish(keeper, p, motion("In between"))
	if a := n.do(keeper, post(at+"/carry-out", "statement", stale, "proofs", signs(t, stale, keys[1], keys[2]))); a.status != 422 || !strings.Contains(a.body, "serves no more") {
		t.Errorf("%d %.3000s", a.status, a.body)
	}
	var made struct{ Statement string }
	must(t, json.Unmarshal([]byte(n.do(keeper, api("POST", "/places/"+string(p.Stream)+"/roots/recover", nil)).body), &made))
	if a := n.do(keeper, api("POST", "/places/"+string(p.Stream)+"/roots/carry-out",
		map[string]string{"statement": made.Statement, "proofs": signs(t, made.Statement, keys[2], keys[1])})); a.status >= 300 {
		t.Fatalf("%d %.3000s", a.status, a.body)
	}
	list, err := n.places.Keys(t.Context(), keeper.Viewer, p.Stream)
	must(t, err)
	if len(list) != 2 || !strings.Contains(made.Statement, list[0].Public) {
		t.Errorf("its keys are %v", list)
	}
}
