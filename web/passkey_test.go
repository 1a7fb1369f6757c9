package web_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"translocal/place/passkeytest"
)

const atLocalhost = "http://localhost:7080"

// asks begins through the API, as the script does, and returns what a browser
// would be given, and the cookies that it would keep.
func (n *node) asks(as person, path string, body any) (options json.RawMessage, cookies string) {
	n.t.Helper()
	a := n.do(as, api("POST", path, body))
	var said struct{ Options json.RawMessage }
	if a.status != 200 || json.Unmarshal([]byte(a.body), &said) != nil || len(said.Options) == 0 {
		n.t.Fatalf("%s: %d %.300s", path, a.status, a.body)
	}
	cookies, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	return said.Options, cookies
}

// addsPasskey adds a device's key by the form.
func (n *node) addsPasskey(as person, d *passkeytest.Device, name string) {
	n.t.Helper()
	options, _ := n.asks(as, "/account/passkeys/begin", map[string]string{"name": name, "password": password})
	if a := n.do(as, post("/account/access/passkeys", "credential", string(d.Create(options)))); a.status != 303 || !strings.Contains(a.header.Get("Location"), "said.passkey_added") {
		n.t.Fatalf("%d %.500s", a.status, a.body)
	}
}

func (c call) with(header, value string) call {
	c.header = map[string]string{header: value}
	return c
}

// TestPasskeyByTheForms goes from adding one to signing in without a name, as the
// pages and their script do.
func TestPasskeyByTheForms(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	_, keeper := n.setUp("Here", "Keeper")
	at := n.shownAt(atLocalhost)
	d := passkeytest.New(atLocalhost)
	for _, path := range []string{"/sign-in", "/account/access"} {
		as := keeper
		if path == "/sign-in" {
			as = person{}
		}
		if body := at.do(as, get(path)).body; !strings.Contains(body, `data-origin="`+atLocalhost+`"`) || !strings.Contains(body, "A passkey needs a script") || strings.Contains(body, "<script>") {
			t.Errorf("%s: %s", path, body)
		}
		if body := n.do(as, get(path)).body; strings.Contains(body, "asskey") && path == "/sign-in" || strings.Contains(body, "data-passkey") {
			t.Errorf("over plain http %s offers passkeys", path)
		}
	}
	at.addsPasskey(keeper, d, "<b>phone</b>")
	body := at.do(keeper, get("/account/access")).body
	if !strings.Contains(body, "&lt;b&gt;phone") || strings.Contains(body, "<b>phone") || strings.Contains(body, "works at") {
		t.Errorf("the list: %s", body)
	}
	if body := n.do(keeper, get("/account/access")).body; !strings.Contains(body, "works at localhost alone") {
		t.Error("at another address the list does not say so")
	}

	options, cookie := at.asks(person{}, "/sessions/passkey/begin", nil)
	in := post("/sign-in/passkey", "credential", string(d.Get(options)), "next", "/account")
	if a := at.do(person{}, in); a.status != 422 || strings.Contains(a.header.Get("Set-Cookie"), "session") {
		t.Error("in another browser:", a.status)
	}
	a := at.do(person{}, in.with("Cookie", cookie))
	if a.status != 303 || a.header.Get("Location") != "/account" || !strings.HasPrefix(a.header.Get("Set-Cookie"), "tl_session=") {
		t.Fatalf("%d %v %.500s", a.status, a.header, a.body)
	}
	secret, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Set-Cookie"), "tl_session="), ";")
	if a := at.do(person{secret: secret}, get("/account")); a.status != 200 || !strings.Contains(a.body, "Keeper") {
		t.Error("the session:", a.status)
	}
	if a := at.do(person{}, in.with("Cookie", cookie)); a.status != 422 || a.header.Get("Set-Cookie") != "" || !strings.Contains(a.body, "This came too late, or twice") {
		t.Error("once more:", a.status)
	}

	var data struct {
		Passkeys []map[string]any
	}
	file := n.do(keeper, get("/account/data.json")).body
	must(t, json.Unmarshal([]byte(file), &data))
	if len(data.Passkeys) != 1 || data.Passkeys[0]["name"] != "<b>phone</b>" || len(data.Passkeys[0]) != 3 {
		t.Error("what one takes along:", data.Passkeys)
	}
	for _, form := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
		if strings.Contains(file, form.EncodeToString(d.ID)) {
			t.Error("the key stands in what one takes along")
		}
	}
	if page := n.do(keeper, get("/account/data")).body; !strings.Contains(page, "&lt;b&gt;phone") {
		t.Error("the page of what is kept lacks the passkey")
	}

	var list []struct{ ID string }
	must(t, json.Unmarshal([]byte(n.do(keeper, api("GET", "/account/passkeys", nil)).body), &list))
	if len(list) != 1 {
		t.Fatal(list)
	}
	if a := at.do(keeper, post("/account/access/passkeys/"+list[0].ID+"/end")); a.status != 303 {
		t.Error(a.status)
	}
	options, cookie = at.asks(person{}, "/sessions/passkey/begin", nil)
	a = at.do(person{}, post("/sign-in/passkey", "credential", string(d.Get(options))).with("Cookie", cookie))
	if a.status != 422 || !strings.Contains(a.body, "This passkey opens nothing here") {
		t.Error("a removed passkey:", a.status)
	}
}

// TestPasskeyThroughTheAPI: programs do the same with a session, never with a token.
func TestPasskeyThroughTheAPI(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	_, keeper := n.setUp("Here", "Keeper")
	const address = "https://node.example"
	at, d := n.shownAt(address), passkeytest.New(address)
	token := person{keeper.Viewer, n.token(keeper, "write", "")}
	begin := map[string]string{"name": "phone", "password": password}
	for what, c := range map[string]call{"list": api("GET", "/account/passkeys", nil), "begin": api("POST", "/account/passkeys/begin", begin),
		"add": api("POST", "/account/passkeys", map[string]any{"credential": map[string]any{}}), "end": api("DELETE", "/account/passkeys/any", nil)} {
		if a := at.do(token, c); a.status != 403 {
			t.Errorf("%s by a token: %d %.200s", what, a.status, a.body)
		}
		if a := at.do(person{}, c); a.status != 401 {
			t.Errorf("%s by nobody: %d %.200s", what, a.status, a.body)
		}
	}
	if a := n.do(keeper, api("POST", "/account/passkeys/begin", begin)); a.status != 403 || !strings.Contains(a.body, "encrypted connection") {
		t.Errorf("over plain http: %d %s", a.status, a.body)
	}
	if a := n.do(person{}, api("POST", "/sessions/passkey/begin", nil)); a.status != 403 {
		t.Errorf("over plain http: %d %s", a.status, a.body)
	}
	a := at.do(keeper, api("POST", "/account/passkeys/begin", map[string]string{"name": "phone", "password": "wrong"}))
	if a.status != 422 || !strings.Contains(a.body, "body.passkey_password") {
		t.Errorf("%d %s", a.status, a.body)
	}
	options, _ := at.asks(keeper, "/account/passkeys/begin", begin)
	a = at.do(keeper, api("POST", "/account/passkeys", map[string]any{"credential": json.RawMessage(d.Create(options))}))
	var made struct{ ID, Name, Host string }
	if json.Unmarshal([]byte(a.body), &made); a.status != 200 || made.Name != "phone" || made.Host != "node.example" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	begun := at.do(person{}, api("POST", "/sessions/passkey/begin", nil))
	for _, part := range []string{"__Host-tl_passkey=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"} {
		if c := begun.header.Get("Set-Cookie"); !strings.Contains(c, part) {
			t.Error("the cookie:", c)
		}
	}
	options, cookie := at.asks(person{}, "/sessions/passkey/begin", nil)
	answer := map[string]any{"credential": json.RawMessage(d.Get(options))}
	if a := at.do(person{}, api("POST", "/sessions/passkey", answer).with("Cookie", strings.TrimPrefix(cookie, "__Host-"))); a.status != 422 {
		t.Error("a cookie that any host could set counts:", a.status)
	}
	a = at.do(person{}, api("POST", "/sessions/passkey", answer).with("Cookie", cookie))
	var in struct{ Token, Person string }
	if json.Unmarshal([]byte(a.body), &in); a.status != 200 || in.Person != keeper.Person {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := at.do(person{secret: in.Token}, api("DELETE", "/account/passkeys/"+made.ID, nil)); a.status != 204 {
		t.Error(a.status, a.body)
	}
	if a := at.do(keeper, api("GET", "/account/passkeys", nil)); strings.TrimSpace(a.body) != "[]" {
		t.Error(a.body)
	}
}

// TestPasskeysAreTriedAsPasswordsAre: one address has so many tries, whichever way.
func TestPasskeysAreTriedAsPasswordsAre(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	n.setUp("Here", "Keeper")
	at := n.shownAt(atLocalhost)
	ways := []call{api("POST", "/sessions/passkey/begin", nil), post("/sign-in/passkey", "credential", "{}"), post("/sign-in", "pseudonym", "Nobody"),
		api("POST", "/sessions/passkey", map[string]any{"credential": map[string]any{}})}
	refused := 0
	for i := range 24 {
		if a := at.do(person{}, ways[i%len(ways)].with("X-Forwarded-For", "203.0.113.9")); a.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 3 {
		t.Error("of 24 tries from one address", refused, "were refused")
	}
}
