package act

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
)

// Vectors of others: the feature file of FEP-8b32 (CC0), and the example of
// eddsa-jcs-2022 in the W3C's Data Integrity EdDSA Cryptosuites v1.0, B.3. Both
// use the key pair of the latter.
const (
	vectorPublic  = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	vectorPrivate = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
)

var proofVectors = []struct {
	name, method, document, value string
	context                       bool // the proof repeats the document's
}{
	{"FEP-8b32", "https://server.example/users/alice#ed25519-key",
		`{"@context":["https://www.w3.org/ns/activitystreams","https://w3id.org/security/data-integrity/v1"],
		"type":"Create","actor":"https://server.example/users/alice","object":{"type":"Note","content":"Hello world"}}`,
		"z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2", false},
	{"vc-di-eddsa", "did:key:" + vectorPublic + "#" + vectorPublic,
		`{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
		"id":"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33","type":["VerifiableCredential","AlumniCredential"],"name":"Alumni Credential",
		"description":"A minimum viable example of an Alumni Credential.","issuer":"https://vc.example/issuers/5678","validFrom":"2023-01-01T00:00:00Z",
		"credentialSubject":{"id":"did:example:abcdefgh","alumniOf":"The School of Examples"}}`,
		"z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX", true},
}

var vectorCreated = time.Date(2023, 2, 24, 23, 36, 38, 0, time.UTC)

func vectorKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	b, err := DecodeBase58(vectorPrivate)
	if err != nil || len(b) != 2+ed25519.SeedSize || b[0] != 0x80 || b[1] != 0x26 {
		t.Fatal(b, err)
	}
	key := ed25519.NewKeyFromSeed(b[2:])
	if EncodeKey(key.Public().(ed25519.PublicKey)) != vectorPublic {
		t.Fatal("the pair does not fit")
	}
	return key
}

func TestProofsOfOthersAreReproduced(t *testing.T) {
	key := vectorKey(t)
	for _, v := range proofVectors {
		document, err := jcs.Transform([]byte(v.document))
		if err != nil {
			t.Fatal(err)
		}
		m, err := members(document)
		if err != nil {
			t.Fatal(err)
		}
		p := proof{Created: vectorCreated.Format(time.RFC3339), Cryptosuite: "eddsa-jcs-2022", ProofPurpose: "assertionMethod",
			Type: "DataIntegrityProof", VerificationMethod: v.method}
		if v.context {
			p.Context = m["@context"]
		}
		sum, err := p.sum(document)
		if err != nil {
			t.Fatal(err)
		}
		if got := EncodeBase58(ed25519.Sign(key, sum)); got != v.value {
			t.Errorf("%s: %s", v.name, got)
		}
		p.ProofValue = v.value
		if m["proof"], err = addProof(nil, p); err != nil {
			t.Fatal(err)
		}
		signed := join(m)
		if err := Verify(signed, key.Public().(ed25519.PublicKey), v.method); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		if v.context { // then ours is the very same document
			ours, err := Sign(document, key, v.method, vectorCreated)
			if err != nil || !bytes.Equal(ours, signed) {
				t.Errorf("%s: %s, %v", v.name, ours, err)
			}
		}
		refuseSpoilt(t, v.name, string(signed), key.Public().(ed25519.PublicKey), v.method)
	}
}

// refuseSpoilt changes a signed document in one place each.
func refuseSpoilt(t *testing.T, name, signed string, key ed25519.PublicKey, method string) {
	t.Helper()
	other, _, _ := ed25519.GenerateKey(nil)
	if err := Verify([]byte(signed), other, method); err == nil {
		t.Errorf("%s: by another key", name)
	}
	for _, change := range [][2]string{
		{"Hello", "hello"}, {"Alumni", "alumni"}, {"2023-02-24T23:36:38Z", "2023-02-24T23:36:39Z"}, {"assertionMethod", "authentication"},
		{"eddsa-jcs-2022", "eddsa-rdfc-2022"}, {"DataIntegrityProof", "DataProof"}, {`"proofValue":"z`, `"proofValue":"u`}, {`"proofValue":"z`, `"proofValue":"z1`},
		{`"proof":{`, `"proof":{"expires":"2099-01-01T00:00:00Z",`}, {`"proof":`, `"proofs":`}, {method, "x#y"}, {"https://www.w3.org/", "https://www.w4.org/"},
	} {
		changed := strings.ReplaceAll(signed, change[0], change[1])
		if changed == signed {
			continue
		}
		if err := Verify([]byte(changed), key, method); err == nil {
			t.Errorf("%s: %s for %s", name, change[1], change[0])
		}
	}
}

func TestASetOfProofs(t *testing.T) {
	one, two := newKey(), newKey()
	document, err := Sign([]byte(`{"@context":[],"a":1}`), one, "x#one", vectorCreated)
	if err != nil {
		t.Fatal(err)
	}
	both, err := Sign(document, two, "x#two", vectorCreated)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckCanonical(both, 10_000); err != nil {
		t.Fatal(err)
	}
	for method, key := range map[string]ed25519.PrivateKey{"x#one": one, "x#two": two} {
		if err := Verify(both, key.Public().(ed25519.PublicKey), method); err != nil {
			t.Error(method, err)
		}
	}
	if err := Verify(both, one.Public().(ed25519.PublicKey), "x#two"); err == nil {
		t.Error("one key under the other's name")
	}
}

// TestCanonicalForm takes the examples of RFC 8785, 3.2.2 and 3.2.3.
func TestCanonicalForm(t *testing.T) {
	got, err := jcs.Transform([]byte(`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
		"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`))
	want := `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
	if err != nil || string(got) != want {
		t.Fatalf("%s %v", got, err)
	}
	sorted := "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"
	if err := CheckCanonical([]byte(sorted), 1000); err != nil {
		t.Error(err)
	}
	for what, bad := range map[string]string{
		"by bytes, not UTF-16": "{\"\ufb33\":1,\"😀\":2}", "white space": `{"a": 1}`, "order": `{"b":1,"a":2}`, "twice": `{"a":1,"a":1}`, "escaped": `{"\u0061":1}`,
		"slash": `{"a":"\/"}`, "upper hex": `{"a":"\u000F"}`, "line feed": `{"a":"` + "\n" + `"}`, "lone surrogate": `{"a":"\ud800"}`, "not UTF-8": "{\"a\":\"\xff\"}",
		"fraction": `{"a":1.5}`, "exponent": `{"a":1e+30}`, "zeros": `{"a":01}`, "minus zero": `{"a":-0}`, "plus": `{"a":+1}`, "beyond 2^53": `{"a":9007199254740993}`,
		"trailing": `{"a":1}x`, "two": `{"a":1}{}`, "open": `{"a":1`, "nothing": ``, "NUL": "{\"a\":\"\x00\"}", "deep": strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "BOM": "\ufeff{}",
	} {
		if err := CheckCanonical([]byte(bad), 10_000); err == nil {
			t.Errorf("%s: %s", what, bad)
		}
	}
}

func TestBase58(t *testing.T) { // draft-msporny-base58, section 5
	for text, want := range map[string]string{"Hello World!": "z2NEpo7TZRRrLZSi2U", "The quick brown fox jumps over the lazy dog.": "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z", "\x00\x00\x28\x7f\xb4\xcd": "z11233QC4"} {
		if got := EncodeBase58([]byte(text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
		if back, err := DecodeBase58(want); err != nil || string(back) != text {
			t.Errorf("%s: %q %v", want, back, err)
		}
	}
	for _, bad := range []string{"", "z", "2NEp", "z0", "zO", "zl", "zI", "z ", "z" + strings.Repeat("1", 200)} {
		if b, err := DecodeBase58(bad); err == nil {
			t.Errorf("%q: %x", bad, b)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	actor := NewActorID("https://a.example")
	a, _, err := seal(Draft{Type: FoundType, Object: Found{Key: EncodeKey(newKey().Public().(ed25519.PublicKey)), RootKeys: []string{}, Origin: "translocal/x", Audience: "public", Kind: "place"},
		Parts: []Part{Text("name", "São <b>")}}, actor, "", 0, vectorCreated, newKey())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.Envelope)
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Parse(raw)
		if err != nil {
			return
		}
		again, err := jcs.Transform(raw)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("taken, though not canonical: %q", raw)
		}
		if a.Index < 0 || a.Actor == "" || !strings.HasPrefix(a.ID, a.Actor+"/act/") || len(a.Parts) > MaxParts || a.Leaf != HashOf(raw) {
			t.Fatalf("%+v", a)
		}
		_ = a.verifyBy(vectorPublic) // must not panic
	})
}

func FuzzProof(f *testing.F) {
	for _, v := range proofVectors {
		f.Add([]byte(`{"@context":[],"proof":{"cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod","proofValue":"` + v.value + `","type":"DataIntegrityProof","verificationMethod":"m"}}`))
	}
	f.Add([]byte(`{"proof":[{},[]]}`))
	key, err := DecodeKey(vectorPublic)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := Verify(raw, key, "m"); err == nil {
			t.Fatalf("forged: %q", raw)
		}
		Methods(raw)
	})
}
