package place

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/fault"
	"translocal/place/passkeytest"
)

const passkeyAt = "https://rio.test"

// addPasskey makes a session for v and adds the device's key in it.
func addPasskey(t *testing.T, k *Passkeys, v Viewer, d *passkeytest.Device, name string) Viewer {
	t.Helper()
	v = inSession(t, k.places, v)
	options, err := k.Begin(t.Context(), v, name, "a long password")
	must(t, err)
	_, err = k.Add(t.Context(), v, d.Create(options))
	must(t, err)
	return v
}

func inSession(t *testing.T, p *Places, v Viewer) Viewer {
	t.Helper()
	secret, err := p.OpenSession(t.Context(), v, "test")
	must(t, err)
	v, err = p.Session(t.Context(), secret)
	must(t, err)
	return v
}

func signIn(t *testing.T, k *Passkeys, d *passkeytest.Device) (Viewer, error) {
	t.Helper()
	secret, options, err := k.BeginSignIn(t.Context())
	must(t, err)
	return k.SignIn(t.Context(), secret, d.Get(options))
}

func isSaid(t *testing.T, what string, err error, key string) {
	t.Helper()
	if f, ok := err.(*fault.Error); !ok || f.Key != key {
		t.Errorf("%s: %v, not %s", what, err, key)
	}
}

func TestAPasskeyOpensItsPersonsAccount(t *testing.T) {
	p := openTest(t)
	pl, alder := setUp(t, p)
	birch := member(t, p, alder, pl, "Birch")
	k, ctx := p.PasskeysAt(passkeyAt), t.Context()
	d, other := passkeytest.New(passkeyAt), passkeytest.New(passkeyAt)
	alder = addPasskey(t, k, alder, d, " My   phone ")
	addPasskey(t, k, birch, other, "Birch's")
	for _, x := range []struct {
		d *passkeytest.Device
		v Viewer
	}{{d, alder}, {other, birch}, {d, alder}} {
		if v, err := signIn(t, k, x.d); err != nil || v.Person != x.v.Person || v.Name != x.v.Name || v.Site != (v.Name == "Alder") || v.Session != "" {
			t.Fatal(v, err)
		}
	}
	list, err := p.Passkeys(ctx, alder)
	if err != nil || len(list) != 1 || list[0].Name != "My phone" || list[0].Used == 0 || list[0].Host != "rio.test" {
		t.Fatal(list, err)
	}
	if _, err := p.SignIn(ctx, "Alder", "a long password"); err != nil {
		t.Error("the password opens no more:", err)
	}
	if err := p.EndPasskey(ctx, birch, list[0].ID); !fault.Is(err, fault.NotFound) {
		t.Error("somebody else's passkey was removed:", err)
	}
	must(t, p.EndPasskey(ctx, alder, list[0].ID))
	_, err = signIn(t, k, d)
	isSaid(t, "a removed key", err, "passkey.unknown")
	if _, err := signIn(t, k, other); err != nil {
		t.Error("another person's key:", err)
	}
}

// TestWhatAPasskeyAnswersIsTakenOnce has the answers that open nothing. After
// each of them the key still opens.
func TestWhatAPasskeyAnswersIsTakenOnce(t *testing.T) {
	p := openTest(t)
	pl, alder := setUp(t, p)
	birch := member(t, p, alder, pl, "Birch")
	k, ctx := p.PasskeysAt(passkeyAt), t.Context()
	d, other := passkeytest.New(passkeyAt), passkeytest.New(passkeyAt)
	addPasskey(t, k, alder, d, "phone")
	addPasskey(t, k, birch, other, "phone")
	begun := func() (string, json.RawMessage) {
		secret, options, err := k.BeginSignIn(ctx)
		must(t, err)
		return secret, options
	}

	secret, options := begun()
	answer := d.Get(options)
	if _, err := k.SignIn(ctx, secret, answer); err != nil {
		t.Fatal(err)
	}
	_, err := k.SignIn(ctx, secret, answer)
	isSaid(t, "the same answer again", err, "passkey.late")
	_, err = k.SignIn(ctx, secret, d.Get(options))
	isSaid(t, "another answer to what was asked before", err, "passkey.late")

	secret, _ = begun()
	_, elsewhere := begun()
	_, err = k.SignIn(ctx, secret, d.Get(elsewhere))
	isSaid(t, "an answer to what another browser was asked", err, "passkey.refused")
	_, err = k.SignIn(ctx, "", d.Get(elsewhere))
	isSaid(t, "without the cookie", err, "passkey.late")

	for what, spoil := range map[string]func(*passkeytest.Device){
		"from another origin":            func(d *passkeytest.Device) { d.Origin = "https://rio.test.evil.example" },
		"over plain http":                func(d *passkeytest.Device) { d.Origin = "http://rio.test" },
		"from another port":              func(d *passkeytest.Device) { d.Origin = "https://rio.test:8443" },
		"for another site":               func(d *passkeytest.Device) { d.Host = "evil.example" },
		"in a frame of another site":     func(d *passkeytest.Device) { d.CrossOrigin = true },
		"signed by another key":          func(d *passkeytest.Device) { d.Key = other.Key },
		"another's key for this person":  func(d *passkeytest.Device) { d.ID, d.Key = other.ID, other.Key },
		"this key for another's account": func(d *passkeytest.Device) { d.User = []byte(birch.Person) },
		"for nobody's account":           func(d *passkeytest.Device) { d.User = nil },
		"nobody present":                 func(d *passkeytest.Device) { d.Flags &^= passkeytest.Present },
		"a key that changed its nature":  func(d *passkeytest.Device) { d.Flags |= passkeytest.Copied },
	} {
		bad := *d
		spoil(&bad)
		_, err := signIn(t, k, &bad)
		isSaid(t, what, err, "passkey.refused")
		d.Counter = bad.Counter
	}
	unknown := *d
	unknown.ID = []byte("a key that nobody has")
	_, err = signIn(t, k, &unknown)
	isSaid(t, "an unknown key", err, "passkey.unknown")

	for _, bad := range []string{"", "null", "{}", "[]", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, strings.Repeat("[", 10_000), strings.Repeat("a", maxCredential+1), "\xff"} {
		secret, _ := begun()
		_, err := k.SignIn(ctx, secret, []byte(bad))
		isSaid(t, "no answer", err, "passkey.refused")
	}
	secret, options = begun()
	answer = d.Get(options)
	p.now = func() time.Time { return time.Now().Add(PasskeyTakes + time.Second) }
	_, err = k.SignIn(ctx, secret, answer)
	isSaid(t, "too late", err, "passkey.late")
	p.now = time.Now
	if v, err := signIn(t, k, d); err != nil || v.Person != alder.Person {
		t.Error("after all that the key opens no more:", v, err)
	}
	if _, err := k.Add(ctx, inSession(t, p, alder), d.Get(options)); err == nil {
		t.Error("an answer to a sign-in was added as a key")
	}
}

// TestADeviceThatKnewItsPersonHasToKnowThem refuses an answer for which nobody
// showed a finger or a PIN, of a key that was made with one; a simple key is taken.
func TestADeviceThatKnewItsPersonHasToKnowThem(t *testing.T) {
	p := openTest(t)
	pl, alder := setUp(t, p)
	birch := member(t, p, alder, pl, "Birch")
	k := p.PasskeysAt(passkeyAt)
	d, simple := passkeytest.New(passkeyAt), passkeytest.New(passkeyAt)
	simple.Flags = passkeytest.Present
	addPasskey(t, k, alder, d, "phone")
	addPasskey(t, k, birch, simple, "key")
	d.Flags = passkeytest.Present
	_, err := signIn(t, k, d)
	isSaid(t, "without the finger", err, "passkey.refused")
	d.Flags |= passkeytest.Verified
	for _, x := range []*passkeytest.Device{d, simple} {
		if _, err := signIn(t, k, x); err != nil {
			t.Error(err)
		}
	}
}

// TestACopiedPasskeyIsStopped: where a device's count goes back, or stands, there
// may be a copy; both are refused from then on.
func TestACopiedPasskeyIsStopped(t *testing.T) {
	p := openTest(t)
	_, alder := setUp(t, p)
	k := p.PasskeysAt(passkeyAt)
	d, uncounted := passkeytest.New(passkeyAt), passkeytest.New(passkeyAt)
	alder = addPasskey(t, k, alder, d, "phone")
	uncounted.Counts = false
	addPasskey(t, k, alder, uncounted, "computer")
	clone := *d
	for range 2 {
		if _, err := signIn(t, k, d); err != nil {
			t.Fatal(err)
		}
		if _, err := signIn(t, k, uncounted); err != nil {
			t.Fatal("a key that does not count:", err)
		}
	}
	_, err := signIn(t, k, &clone)
	isSaid(t, "a copy", err, "passkey.copied")
	_, err = signIn(t, k, d)
	isSaid(t, "the first after the copy", err, "passkey.copied")
	list, err := p.Passkeys(t.Context(), alder)
	must(t, err)
	if len(list) != 2 || list[0].Stopped == 0 || list[1].Stopped != 0 {
		t.Error("what its person is told:", list)
	}
}

// TestOneOfTwoCopiesOpensAtATime: two answers with the same count, at once.
func TestOneOfTwoCopiesOpensAtATime(t *testing.T) {
	p := openTest(t)
	_, alder := setUp(t, p)
	k, ctx := p.PasskeysAt(passkeyAt), t.Context()
	d := passkeytest.New(passkeyAt)
	addPasskey(t, k, alder, d, "phone")
	clone := *d
	var group sync.WaitGroup
	errs := make([]error, 2)
	for i, x := range []*passkeytest.Device{d, &clone} {
		secret, options, err := k.BeginSignIn(ctx)
		must(t, err)
		answer := x.Get(options)
		group.Go(func() { _, errs[i] = k.SignIn(ctx, secret, answer) })
	}
	group.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Error("of two copies with one count not one opened:", errs)
	}
}

func TestAddingAPasskeyTakesThePasswordAndTheSession(t *testing.T) {
	p := openTest(t)
	pl, alder := setUp(t, p)
	birch := member(t, p, alder, pl, "Birch")
	k, ctx := p.PasskeysAt(passkeyAt), t.Context()
	alder, birch = inSession(t, p, alder), inSession(t, p, birch)
	for _, bad := range [][2]string{{"", "a long password"}, {"phone", "wrong"}, {strings.Repeat("x", MaxPasskeyName+1), "a long password"}, {"phone\x00", "a long password"}} {
		if _, err := k.Begin(ctx, alder, bad[0], bad[1]); !fault.Is(err, fault.Invalid) {
			t.Error(bad, err)
		}
	}
	if _, err := k.Begin(ctx, Viewer{}, "phone", ""); !fault.Is(err, fault.SignIn) {
		t.Error("nobody:", err)
	}
	if _, err := k.Begin(ctx, Viewer{Person: alder.Person, Token: "t", Writes: true}, "phone", "a long password"); !fault.Is(err, fault.Forbidden) {
		t.Error("a program:", err)
	}
	d := passkeytest.New(passkeyAt)
	options, err := k.Begin(ctx, alder, "phone", "a long password")
	must(t, err)
	if bytes.Contains(options, []byte("password")) {
		t.Errorf("the password is sent back: %s", options)
	}
	made := d.Create(options)
	_, err = k.Add(ctx, birch, made)
	isSaid(t, "in another's session", err, "passkey.late")
	_, err = k.Add(ctx, inSession(t, p, alder), made)
	isSaid(t, "in another session", err, "passkey.late")
	if _, err := k.Add(ctx, alder, made); err != nil {
		t.Fatal(err)
	}
	_, err = k.Add(ctx, alder, made)
	isSaid(t, "twice", err, "passkey.late")

	options, err = k.Begin(ctx, birch, "phone", "a long password")
	must(t, err)
	same := *d
	_, err = k.Add(ctx, birch, same.Create(options))
	isSaid(t, "a key that another has", err, "passkey.known")
	options, err = k.Begin(ctx, alder, "again", "a long password")
	must(t, err)
	if known := base64.RawURLEncoding.EncodeToString(d.ID); !strings.Contains(string(options), known) {
		t.Errorf("the browser is not told which keys are known: %s", options)
	}
	options, err = k.Begin(ctx, birch, "phone", "a long password")
	must(t, err)
	wrong := passkeytest.New("https://evil.example")
	_, err = k.Add(ctx, birch, wrong.Create(options))
	isSaid(t, "made elsewhere", err, "passkey.refused")
	long := passkeytest.New(passkeyAt)
	long.ID = bytes.Repeat([]byte("x"), maxCredentialID+1)
	options, err = k.Begin(ctx, birch, "phone", "a long password")
	must(t, err)
	_, err = k.Add(ctx, birch, long.Create(options))
	isSaid(t, "with an endless id", err, "passkey.refused")

	options, err = k.Begin(ctx, birch, "phone", "a long password")
	must(t, err)
	made = passkeytest.New(passkeyAt).Create(options)
	p.now = func() time.Time { return time.Now().Add(PasskeyTakes) }
	_, err = k.Add(ctx, birch, made)
	isSaid(t, "too late", err, "passkey.late")
	p.now = time.Now
	for i := range MaxPasskeys - 1 {
		addPasskey(t, k, alder, passkeytest.New(passkeyAt), string(rune('a'+i)))
	}
	if _, err := k.Begin(ctx, alder, "more", "a long password"); !fault.Is(err, fault.Invalid) {
		t.Error("more than so many:", err)
	}
}

// TestWhatEndsPasskeys: a new password, a code and an erased account, as they
// end what the old password opened; not what was begun before either.
func TestWhatEndsPasskeys(t *testing.T) {
	p := openTest(t)
	pl, alder := setUp(t, p)
	birch := member(t, p, alder, pl, "Birch")
	k, ctx := p.PasskeysAt(passkeyAt), t.Context()
	d := passkeytest.New(passkeyAt)
	birch = addPasskey(t, k, birch, d, "phone")
	begun := inSession(t, p, birch)
	options, err := k.Begin(ctx, begun, "a thief's", "a long password")
	must(t, err)
	thief, beside := passkeytest.New(passkeyAt), passkeytest.New(passkeyAt)
	kept, err := k.Begin(ctx, birch, "a thief's beside", "a long password") // in the session that stays
	must(t, err)
	late, err := p.SignIn(ctx, "Birch", "a long password")
	must(t, err)
	lateKey, err := signIn(t, k, d)
	must(t, err)
	must(t, p.ChangePassword(ctx, birch, "a long password", "another password"))
	if _, err := k.Add(ctx, birch, beside.Create(kept)); !fault.Is(err, fault.Invalid) {
		t.Error("begun before the new password, in the session that stays:", err)
	}
	for what, v := range map[string]Viewer{"password": late, "passkey": lateKey} {
		if _, err := p.OpenSession(ctx, v, "test"); !fault.Is(err, fault.Invalid) {
			t.Errorf("signed in by the old %s while it changed: %v", what, err)
		}
	}
	_, err = signIn(t, k, d)
	isSaid(t, "after a new password", err, "passkey.unknown")
	if _, err := k.Add(ctx, begun, thief.Create(options)); !fault.Is(err, fault.Invalid) {
		t.Error("begun before the new password:", err)
	}

	must(t, p.ChangePassword(ctx, birch, "another password", "a long password"))
	codes, err := p.NewRecoveryCodes(ctx, birch, "a long password")
	must(t, err)
	d = passkeytest.New(passkeyAt)
	addPasskey(t, k, birch, d, "phone")
	if birch, err = p.Recover(ctx, "Birch", codes[0], "a long password"); err != nil {
		t.Fatal(err)
	}
	_, err = signIn(t, k, d)
	isSaid(t, "after a recovery", err, "passkey.unknown")

	d = passkeytest.New(passkeyAt)
	birch = addPasskey(t, k, birch, d, "phone in the kitchen")
	_, err = k.Begin(ctx, birch, "another in the kitchen", "a long password")
	must(t, err)
	own, err := p.OwnPasskeys(ctx, birch)
	if err != nil || len(own) != 1 || own[0].Name != "phone in the kitchen" || own[0].Created == 0 {
		t.Error("what one takes along:", own, err)
	}
	must(t, p.EraseAccount(ctx, birch, "a long password", false))
	_, err = signIn(t, k, d)
	isSaid(t, "after the account is erased", err, "passkey.unknown")
	for _, table := range []string{"passkey", "passkey_challenge"} {
		key := map[string]string{"passkey": "id", "passkey_challenge": "bound"}[table]
		rows, err := p.db.Dump(ctx, table, []string{key})
		must(t, err)
		for _, row := range rows {
			if strings.Contains(row, "kitchen") || strings.Contains(row, birch.Person) {
				t.Error("left of an erased account:", row)
			}
		}
	}
}

// TestTwoReplicasShareWhatWasAsked: one asks, the other takes the answer.
func TestTwoReplicasShareWhatWasAsked(t *testing.T) {
	p := openTest(t)
	_, alder := setUp(t, p)
	one, two := p.PasskeysAt(passkeyAt), New(p.log, p.base).PasskeysAt(passkeyAt)
	d := passkeytest.New(passkeyAt)
	v := inSession(t, p, alder)
	options, err := one.Begin(t.Context(), v, "phone", "a long password")
	must(t, err)
	_, err = two.Add(t.Context(), v, d.Create(options))
	must(t, err)
	secret, options, err := two.BeginSignIn(t.Context())
	must(t, err)
	if _, err := one.SignIn(t.Context(), secret, d.Get(options)); err != nil {
		t.Error(err)
	}
}

func TestWhereThereArePasskeys(t *testing.T) {
	p := openTest(t)
	_, alder := setUp(t, p)
	for shown, host := range map[string]string{
		"https://example.org": "example.org", "https://example.org:8443": "example.org", "https://Ñandú.example": "xn--and-6ma2c.example",
		"http://localhost:7080": "localhost", "https://localhost": "localhost",
		"http://example.org": "", "http://192.168.1.7:7080": "", "https://192.168.1.7": "", "http://[::1]:7080": "", "http://127.0.0.1:7080": "",
		"http://localhost.example.org": "", "ftp://example.org": "", "": "", "https://": "", "::": "",
	} {
		k := p.PasskeysAt(shown)
		if k == nil && host != "" || k != nil && k.Host != host {
			t.Errorf("%s: %+v", shown, k)
		}
	}
	var none *Passkeys
	_, e1 := none.Begin(t.Context(), alder, "phone", "a long password")
	_, e2 := none.Add(t.Context(), alder, nil)
	_, _, e3 := none.BeginSignIn(t.Context())
	_, e4 := none.SignIn(t.Context(), "", nil)
	for _, err := range []error{e1, e2, e3, e4} {
		isSaid(t, "where there are none", err, "passkey.not_here")
	}
	d := passkeytest.New(passkeyAt)
	addPasskey(t, p.PasskeysAt(passkeyAt), alder, d, "phone")
	d.Origin, d.Host = "https://elsewhere.test", "elsewhere.test"
	_, err := signIn(t, p.PasskeysAt("https://elsewhere.test"), d)
	isSaid(t, "a key of the address before", err, "passkey.unknown")
}

func FuzzPasskeyAnswer(f *testing.F) {
	p := openTest(f)
	_, alder := setUp(f, p)
	k := p.PasskeysAt(passkeyAt)
	_, asked, err := k.rp.BeginDiscoverableLogin()
	if err != nil {
		f.Fatal(err)
	}
	d := passkeytest.New(passkeyAt)
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`))
	f.Add(d.Get([]byte(`{"challenge":"AAAA","rpId":"rio.test"}`)))
	f.Add(d.Create([]byte(`{"challenge":"AAAA","rp":{"id":"rio.test"},"user":{"id":"AAAA"}}`)))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, _, err := k.signed(t.Context(), *asked, answer); err == nil {
			t.Error("somebody signed in")
		}
		if _, err := k.made(alder, *asked, answer); err == nil {
			t.Error("a key was added")
		}
	})
}
