package place

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db/dbtest"
	"translocal/fault"
)

func openTest(t testing.TB) *Places {
	t.Helper()
	dir := t.TempDir()
	d := dbtest.Open(t)
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l := act.NewLog(d, keys, Vocabulary())
	t.Cleanup(func() { l.Close() })
	return New(l, "http://rio.test")
}

func setUp(t testing.TB, p *Places) (*Place, Viewer) {
	t.Helper()
	link, err := p.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pl, v, err := p.Setup(t.Context(), link, Newcomer{"Alder", "a long password"}, "Rio Claro")
	if err != nil {
		t.Fatal(err)
	}
	return pl, v
}

func TestSetUpOnce(t *testing.T) {
	p := openTest(t)
	first, _ := p.SetupLink(t.Context())
	link, _ := p.SetupLink(t.Context())
	if _, _, err := p.Setup(t.Context(), first, Newcomer{"Alder", "a long password"}, "Rio"); !fault.Is(err, fault.NotFound) {
		t.Error("an older link still opens:", err)
	}
	if _, _, err := p.Setup(t.Context(), link, Newcomer{"", "short"}, " "); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	pl, v, err := p.Setup(t.Context(), link, Newcomer{"Alder", "a long password"}, " Rio  Claro ")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := p.SetupLink(t.Context()); again != "" {
		t.Error("a link to set up a site that is set up")
	}
	if _, _, err := p.Setup(t.Context(), link, Newcomer{"Birch", "a long password"}, "Other"); !fault.Is(err, fault.NotFound) {
		t.Error("the link opened twice:", err)
	}
	got, err := p.ByID(t.Context(), pl.ID)
	if err != nil || got.Name != "Rio Claro" || !got.Own {
		t.Fatal(got, err)
	}
	if r, _ := RoleIn(t.Context(), p.db, v, pl.Stream); r != Keeper {
		t.Error(r)
	}
}

func TestInvitationOpensOnceAndExpires(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	link, err := p.Invite(t.Context(), v, pl.Stream, Member)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	in := make(chan string, 8)
	for _, name := range []string{"Cedar", "Dogwood", "Elm", "Fir"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, _, err := p.ComeIn(t.Context(), Viewer{}, link, Newcomer{name, "a long password"}); err == nil {
				in <- name
			}
		}()
	}
	wg.Wait()
	if len(in) != 1 {
		t.Fatalf("%d came in by a single-use link", len(in))
	}
	who := <-in
	m, err := p.SignIn(t.Context(), " "+who+" ", "a long password")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Invite(t.Context(), m, pl.Stream, Member); !fault.Is(err, fault.Forbidden) {
		t.Error("a member invited:", err)
	}
	late, _ := p.Invite(t.Context(), v, pl.Stream, Member)
	p.now = func() time.Time { return time.Now().Add(InvitationLasts + time.Minute) }
	if _, _, err := p.ComeIn(t.Context(), Viewer{}, late, Newcomer{"Gorse", "a long password"}); !fault.Is(err, fault.NotFound) {
		t.Error("an expired link opened:", err)
	}
}

func TestSignInSessionsAndTheLastKeeper(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	for _, bad := range [][2]string{{"Alder", "wrong password"}, {"Nobody", "a long password"}, {"", ""}} {
		if _, err := p.SignIn(t.Context(), bad[0], bad[1]); !fault.Is(err, fault.Invalid) {
			t.Error(bad, err)
		}
	}
	secret, err := p.OpenSession(t.Context(), v, "phone")
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Session(t.Context(), secret)
	if err != nil || got.Person != v.Person || !got.Site {
		t.Fatal(got, err)
	}
	if err := p.EndSession(t.Context(), Viewer{Person: "somebody"}, got.Session); !fault.Is(err, fault.NotFound) {
		t.Error("somebody else's session ended:", err)
	}
	if err := p.EndSession(t.Context(), v, got.Session); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Session(t.Context(), secret); got.Person != "" {
		t.Error("an ended session still opens")
	}
	if err := p.Leave(t.Context(), v, pl.Stream); !fault.Is(err, fault.Conflict) {
		t.Error("the last keeper left:", err)
	}
	if err := p.SetRole(t.Context(), v, pl.Stream, v.Person, Member); !fault.Is(err, fault.Conflict) {
		t.Error("the last keeper stepped down:", err)
	}
}

func TestDescribe(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	err := p.Describe(t.Context(), v, pl.Stream, Profile{Name: "x", Names: []Name{{"??", "y"}}, What: "country", Languages: []string{"zz-!"}, At: &Point{901, 0}, Story: "a\u202eb"})
	var f *fault.Error
	if !asFault(err, &f) || len(f.Fields) != 5 {
		t.Fatalf("%v", err)
	}
	want := Profile{Name: "Río Claro", Names: []Name{{"en", "Clear River"}}, What: "watershed", Languages: []string{"es"}, At: &Point{-345, -584}, Living: "el río", Story: "uno\ndos"}
	if err := p.Describe(t.Context(), v, pl.Stream, want); err != nil {
		t.Fatal(err)
	}
	got, err := p.ByStream(t.Context(), pl.Stream)
	if err != nil || got.Story != want.Story || got.Living != want.Living || got.Names[0] != want.Names[0] || *got.At != *want.At {
		t.Fatal(got, err)
	}
	if err := p.Describe(t.Context(), Viewer{}, pl.Stream, want); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
}

func TestTableNamesEachActionOnceAState(t *testing.T) {
	type cell struct {
		a Action
		s State
	}
	cells := map[cell]bool{}
	for _, r := range Table {
		c := cell{r.Action, r.State}
		if cells[c] || len(r.Roles) == 0 {
			t.Errorf("%v", r)
		}
		cells[c] = true
	}
	if Allowed(Stranger, KeepSite, Any) || Allowed(Keeper, "no.such", Any) {
		t.Error("allowed without a row")
	}
}

func asFault(err error, to **fault.Error) bool {
	f, ok := err.(*fault.Error)
	*to = f
	return ok
}
