package act

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"translocal/db"
	"translocal/fault"
)

// holders are people with a root key each.
func holders(n int) (keys []ed25519.PrivateKey, public []string) {
	for range n {
		k := newKey()
		keys, public = append(keys, k), append(public, EncodeKey(k.Public().(ed25519.PublicKey)))
	}
	return keys, public
}

func signedBy(t testing.TB, s Statement, keys ...ed25519.PrivateKey) (list []RootProof) {
	t.Helper()
	for _, k := range keys {
		p, err := s.Sign(k)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// settingRoots is the statement that names root keys now.
func settingRoots(t testing.TB, l *Log, f Fingerprint, public []string, threshold int) Statement {
	t.Helper()
	s, err := l.StreamOf(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	_, since, err := RootsOf(t.Context(), l.db, f)
	if err != nil {
		t.Fatal(err)
	}
	return Statement{Type: SetRootsType, Place: s.Actor, Stream: f, After: since, Roots: public, Threshold: threshold}
}

func setRoots(t testing.TB, l *Log, s Statement, proofs []RootProof) error {
	t.Helper()
	_, err := l.Commit(t.Context(), s.Stream, func(context.Context, *db.Tx) ([]Draft, error) {
		return []Draft{{Type: SetRootsType, Object: SetRoots{After: s.After, Keys: s.Roots, Threshold: s.Threshold, Proofs: proofs}}}, nil
	})
	return err
}

// recovery is the statement that gives a stream the key that it prepares.
func recovery(t testing.TB, l *Log, f Fingerprint, address string) Statement {
	t.Helper()
	st, err := l.StreamOf(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	s := Statement{Type: RecoverType, Place: st.Actor, Stream: f, Address: address}
	if s.After, err = HeadOf(t.Context(), l.db, st); err != nil {
		t.Fatal(err)
	}
	err = l.db.Write(t.Context(), func(tx *db.Tx) error {
		s.Key, err = l.PrepareKey(t.Context(), tx, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyOfErr(err error) string {
	if err == nil {
		return ""
	}
	return keyOfFault(err)
}

func TestRootKeysAreNamedByRootKeys(t *testing.T) {
	l := openTest(t, noteVocabulary)
	actor, f := found(t, l)
	k, public := holders(4)
	if err := setRoots(t, l, settingRoots(t, l, f, public[:3], 2), nil); err != nil {
		t.Fatal(err)
	}
	next := settingRoots(t, l, f, public[1:], 2)
	if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil { // the place goes on meanwhile
		t.Fatal(err)
	}
	other, otherKey := next, signedBy(t, next, k[3])
	other.Threshold = 1
	for what, c := range map[string]struct {
		proofs []RootProof
		want   string
	}{
		"the signing key alone":    {nil, "roots.proofs.few"},
		"one":                      {signedBy(t, next, k[0]), "roots.proofs.few"},
		"one, twice":               {signedBy(t, next, k[0], k[0]), "roots.proofs.few"},
		"one that is to come":      {append(signedBy(t, next, k[0]), otherKey...), "roots.proofs.no_root"},
		"of another statement":     {append(signedBy(t, next, k[0]), signedBy(t, other, k[1])...), "roots.proofs.wrong"},
		"a signature of another":   {[]RootProof{{public[0], signedBy(t, next, k[1])[0].Signature}, signedBy(t, next, k[2])[0]}, "roots.proofs.wrong"},
		"a key in another writing": {append(signedBy(t, next, k[0]), RootProof{"z1" + public[1][1:], signedBy(t, next, k[1])[0].Signature}), "roots.proofs.shape"},
		"far too many":             {make([]RootProof, MaxRoots+1), "fault.too_many"},
	} {
		if got := keyOfErr(setRoots(t, l, next, c.proofs)); got != c.want {
			t.Errorf("%s: %q, not %q", what, got, c.want)
		}
	}
	// More proofs than must be, one of them twice, are well.
	if err := setRoots(t, l, next, signedBy(t, next, k[0], k[1], k[2], k[0])); err != nil {
		t.Fatal(err)
	}
	if got := keyOfErr(setRoots(t, l, next, signedBy(t, next, k[1], k[2]))); got != "roots.statement.late" {
		t.Error("it served twice:", got)
	}
	again := settingRoots(t, l, f, public[:3], 2)
	if got := keyOfErr(setRoots(t, l, again, signedBy(t, again, k[0], k[1]))); got != "roots.proofs.no_root" {
		t.Error("a root key that was removed speaks:", got)
	}
	_, g := found(t, l)
	foreign := next
	foreign.Stream = g
	if got := keyOfErr(setRoots(t, l, foreign, signedBy(t, next, k[0], k[1]))); got != "roots.statement.late" {
		t.Error("it served in another stream:", got)
	}
	followed(t, l, f)
}

func TestRootKeysThatAreNone(t *testing.T) {
	l := openTest(t, noteVocabulary)
	_, f := found(t, l)
	_, public := holders(MaxRoots + 1)
	key, err := KeyAt(t.Context(), l.db, f, 1)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		keys      []string
		threshold int
	}{
		"none":               {nil, 0},
		"one twice":          {[]string{public[0], public[0]}, 1},
		"more must than are": {public[:2], 3},
		"nobody must":        {public[:2], 0},
		"too many":           {public, 2},
		"no key":             {[]string{"z6Mk"}, 1},
		"the signing key":    {[]string{key, public[0]}, 1},
	} {
		if err := setRoots(t, l, settingRoots(t, l, f, c.keys, c.threshold), nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRootKeysGiveANewSigningKey(t *testing.T) {
	l := openTest(t, noteVocabulary)
	actor, f := found(t, l)
	k, public := holders(3)
	early := recovery(t, l, f, "")
	if got := keyOfErr(l.Recover(t.Context(), early, signedBy(t, early, k[0], k[1]), anybody)); got != "roots.none_set" {
		t.Error("without root keys:", got)
	}
	if err := setRoots(t, l, settingRoots(t, l, f, public, 2), nil); err != nil {
		t.Fatal(err)
	}
	old, err := l.keys.current(t.Context(), l.db, f)
	if err != nil {
		t.Fatal(err)
	}
	late := recovery(t, l, f, "")
	if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
		t.Fatal(err)
	}
	if got := keyOfErr(l.Recover(t.Context(), late, signedBy(t, late, k[0], k[1]), anybody)); got != "roots.statement.late" {
		t.Error("though an act came in between:", got)
	}
	forgotten := recovery(t, l, f, "")
	s := recovery(t, l, f, "")
	if got := keyOfErr(l.Recover(t.Context(), forgotten, signedBy(t, forgotten, k[0], k[1]), anybody)); got != "roots.statement.late" {
		t.Error("by a key that was thrown away:", got)
	}
	if got := keyOfErr(l.Recover(t.Context(), s, signedBy(t, s, k[0]), anybody)); got != "roots.proofs.few" {
		t.Error("by one:", got)
	}
	forbidden := func(context.Context, *db.Tx) error { return fault.New(fault.Forbidden, "fault.forbidden") }
	if err := l.Recover(t.Context(), s, signedBy(t, s, k[0], k[2]), forbidden); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if err := l.Recover(t.Context(), s, signedBy(t, s, k[0], k[2]), anybody); err != nil {
		t.Fatal(err)
	}
	if got := keyOfErr(l.Recover(t.Context(), s, signedBy(t, s, k[0], k[2]), anybody)); got != "roots.statement.late" {
		t.Error("it served twice:", got)
	}
	for range 2 {
		if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
			t.Fatal(err)
		}
	}
	followed(t, l, f)
	// What the old key signs now is no act of the stream.
	st, _ := l.StreamOf(t.Context(), f)
	forged, _, err := seal(Draft{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note")}}, actor, f, st.Size, l.now(), old)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyEntries(t.Context(), l.db, f, st.Size, []Entry{{Act: forged}}); !errors.Is(err, ErrProof) {
		t.Error("the old key speaks still:", err)
	}
}

// What somebody with the signing key alone writes is no act where the key must
// have changed, and void where it only names root keys: here and at who follows.
func TestAThiefOfTheSigningKeyGetsNoFurther(t *testing.T) {
	l, other := openTest(t, noteVocabulary), openTest(t, noteVocabulary)
	actor, f := found(t, l)
	k, public := holders(3)
	if err := setRoots(t, l, settingRoots(t, l, f, public, 2), nil); err != nil {
		t.Fatal(err)
	}
	list, err := l.Entries(t.Context(), f, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	take := func(from int64, list ...Entry) error {
		if err := VerifyEntries(t.Context(), other.db, f, from, list); err != nil {
			return err
		}
		_, err := other.Receive(t.Context(), f, list)
		return err
	}
	if err := take(0, list...); err != nil {
		t.Fatal(err)
	}
	stolen, err := l.keys.current(t.Context(), l.db, f)
	if err != nil {
		t.Fatal(err)
	}
	thief, theirs := holders(2)
	made := func(index int64, key ed25519.PrivateKey, kind string, object any) Entry {
		a, _, err := seal(Draft{Type: kind, Object: object}, actor, f, index, l.now(), key)
		if err != nil {
			t.Fatal(err)
		}
		return Entry{Act: a}
	}
	mine := settingRoots(t, l, f, theirs, 1)
	void := made(2, stolen, SetRootsType, SetRoots{After: mine.After, Keys: theirs, Threshold: 1, Proofs: signedBy(t, mine, thief...)})
	if err := take(2, void); err != nil {
		t.Fatal("it is signed by the key, if void:", err)
	}
	if r, _, err := RootsOf(t.Context(), other.db, f); err != nil || strings.Join(r.Keys, " ") != strings.Join(public, " ") || r.Threshold != 2 {
		t.Errorf("the thief named root keys: %v %v", r, err)
	}
	fresh := newKey()
	s := Statement{Type: RecoverType, Place: actor, Stream: f, After: void.Act.point(), Key: EncodeKey(fresh.Public().(ed25519.PublicKey)), Address: "http://d.test"}
	recover := func(proofs []RootProof) Entry {
		return made(3, fresh, RecoverType, Recover{Address: s.Address, After: s.After, Key: s.Key, Proofs: proofs})
	}
	for what, proofs := range map[string][]RootProof{"nobody": nil, "the thief": signedBy(t, s, thief...), "one of two": signedBy(t, s, k[0])} {
		if err := take(3, recover(proofs)); !errors.Is(err, ErrProof) {
			t.Errorf("by %s: %v", what, err)
		}
	}
	elsewhere := s
	elsewhere.After.Hash = MarshalHash(list[0].Act.Leaf)
	moved := made(3, fresh, RecoverType, Recover{Address: s.Address, After: elsewhere.After, Key: s.Key, Proofs: signedBy(t, elsewhere, k[0], k[1])})
	if err := take(3, moved); !errors.Is(err, ErrProof) {
		t.Error("after another act:", err)
	}
	if err := take(3, recover(signedBy(t, s, k[0], k[1]))); err != nil {
		t.Fatal(err)
	}
	st, err := other.StreamOf(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if address, err := AddressOf(t.Context(), other.db, st); err != nil || address != "http://d.test" || st.Actor != actor {
		t.Error(address, st.Actor, err)
	}
	if err := take(4, made(4, stolen, "test.Say.v1", say{ID: NewID(actor, "note")})); !errors.Is(err, ErrProof) {
		t.Error("the stolen key speaks still:", err)
	}
	if err := take(4, made(4, fresh, "test.Say.v1", say{ID: NewID(actor, "note")})); err != nil {
		t.Error(err)
	}
	chainLeads(t, other, f, actor, s.Key, "http://d.test")
}

// chainLeads fails unless somebody who holds nothing of a stream learns from its
// chain which key and node it has.
func chainLeads(t *testing.T, l *Log, f Fingerprint, actor, key, address string) {
	t.Helper()
	chain, err := chainFor(t.Context(), l.db, f)
	if err != nil {
		t.Fatal(err)
	}
	keys, u, err := keysOf(chain, f, actor)
	if err != nil || u.key != key || u.address != address || len(keys) != 3 {
		t.Error(keys, u, err)
	}
	for i := range chain {
		cut := append(append([]json.RawMessage{}, chain[:i]...), chain[i+1:]...)
		if _, u, err := keysOf(cut, f, actor); err == nil && u.key == key {
			t.Error("it leads there without link", i)
		}
	}
}

func TestAStreamFoundedWithRootKeys(t *testing.T) {
	l := openTest(t, noteVocabulary)
	k, public := holders(2)
	key, actor := newKey(), NewActorID("http://b.test")
	f := Found{Key: EncodeKey(key.Public().(ed25519.PublicKey)), RootKeys: public, Threshold: 2, Origin: "translocal/" + NewToken() + NewToken(), Audience: "public", Kind: "place"}
	first, _, err := seal(Draft{Type: FoundType, Object: f}, actor, "", 0, l.now(), key)
	if err != nil {
		t.Fatal(err)
	}
	take := func(list ...Entry) error {
		if err := VerifyEntries(t.Context(), l.db, first.Stream, list[0].Act.Index, list); err != nil {
			return err
		}
		_, err := l.Receive(t.Context(), first.Stream, list)
		return err
	}
	if err := take(Entry{Act: first}); err != nil {
		t.Fatal(err)
	}
	s := settingRoots(t, l, first.Stream, public[:1], 1)
	set := func(proofs []RootProof) Entry {
		a, _, err := seal(Draft{Type: SetRootsType, Object: SetRoots{After: s.After, Keys: s.Roots, Threshold: 1, Proofs: proofs}}, actor, first.Stream, 1, l.now(), key)
		if err != nil {
			t.Fatal(err)
		}
		return Entry{Act: a}
	}
	e := set(signedBy(t, s, k...))
	if err := take(e); err != nil {
		t.Fatal(err)
	}
	if r, since, err := RootsOf(t.Context(), l.db, first.Stream); err != nil || len(r.Keys) != 1 || since != e.Act.point() {
		t.Error(r, since, err)
	}
}

func TestAStatementIsReadAsPeopleHandItOn(t *testing.T) {
	_, public := holders(2)
	s := Statement{Type: SetRootsType, Place: "http://a.test/p/aaaaaaaaaaaaaaaa", Stream: Fingerprint(strings.Repeat("ab", 32)),
		After: Point{Hash: strings.Repeat("cd", 32), Index: 7}, Roots: public, Threshold: 2}
	raw, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	spaced := strings.ReplaceAll("\r\n "+string(raw)+"\n", ",", " ,\r\n\t")
	got, err := ParseStatement([]byte(spaced))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := got.Document(); err != nil || string(again) != string(raw) {
		t.Error(string(again), err)
	}
	for _, bad := range []string{"", "{}", string(raw) + "{}", strings.Replace(string(raw), `.v1"`, `.v2"`, 1), strings.Replace(string(raw), `"place"`, `"Place"`, 1),
		strings.Replace(string(raw), `"threshold":2`, `"threshold":3`, 1), strings.Replace(string(raw), `"threshold"`, `"key":"z6","threshold"`, 1),
		strings.Repeat("[", 100), strings.Repeat(" ", 10) + strings.Repeat("x", maxStatement)} {
		if _, err := ParseStatement([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60q: %v", bad, err)
		}
	}
}

func FuzzParseStatement(f *testing.F) {
	f.Add([]byte(`{"after":{"hash":"` + strings.Repeat("ab", 32) + `","index":3},"key":"z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK","place":"http://a.test/p/aaaaaaaaaaaaaaaa","stream":"` + strings.Repeat("ab", 32) + `","type":"act.Recover.v1"}`))
	f.Add([]byte(`{"roots":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseStatement(raw)
		if err != nil {
			return
		}
		document, err := s.Document()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseStatement(document)
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if same, err := again.Document(); err != nil || string(same) != string(document) || canonical(document) != nil {
			t.Fatalf("%s\n%s", document, same)
		}
	})
}

func FuzzParseRootProofs(f *testing.F) {
	k, _ := holders(1)
	p, err := Statement{}.Sign(k[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.String())
	f.Add(p.String() + "\r\n" + p.String())
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseRootProofs(text)
		if err == nil && checkRootProofs(list) != nil {
			t.Fatal(text)
		}
	})
}
