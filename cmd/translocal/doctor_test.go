package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/keep"
	"translocal/place"
)

// patient is a node of one keeper, stopped, to be broken and looked at.
type patient struct {
	t      *testing.T
	dir    string
	stream act.Fingerprint
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, dir: filepath.Join(t.TempDir(), "data")}
	p.with(func(n *node) {
		link, err := n.places.SetupLink(t.Context())
		must(t, err)
		made, v, err := n.places.Setup(t.Context(), link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
		must(t, err)
		must(t, n.places.Describe(t.Context(), v, made.Stream, place.Profile{Name: "Rio Claro", Story: "Of a river"}))
		_, err = n.record.Head(t.Context(), made.Stream, 3)
		must(t, err)
		must(t, keep.Note(t.Context(), n.db, keep.Last{At: time.Now(), Encrypted: true}))
		p.stream = made.Stream
	})
	return p
}

// with opens the node for a moment.
func (p *patient) with(do func(n *node)) {
	p.t.Helper()
	n, err := openNode(p.t.Context(), nodeOptions{Data: p.dir, Base: "http://rio.test"})
	must(p.t, err)
	defer n.close()
	do(n)
}

// look is all that the doctor says about one thing.
func (p *patient) look(at string, c DoctorCmd) (list []finding) {
	p.t.Helper()
	c.Data = p.dir
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	for _, f := range c.examine(p.t.Context()) {
		if f.Look == at {
			list = append(list, f)
		}
		if f.Bad && f.Do == "" {
			p.t.Errorf("%s is wrong, and nobody is told what to do: %s", f.Look, f.Says)
		}
	}
	return list
}

func (p *patient) isBad(at, says string) {
	p.t.Helper()
	for _, f := range p.look(at, DoctorCmd{}) {
		if f.Bad && strings.Contains(f.Says, says) {
			return
		}
	}
	p.t.Errorf("%s: %v, and not %q", at, p.look(at, DoctorCmd{}), says)
}

func TestTheDoctorFindsASoundNodeWell(t *testing.T) {
	p := newPatient(t)
	for _, f := range (&DoctorCmd{Data: p.dir, Addr: "127.0.0.1:0"}).examine(t.Context()) {
		if f.Bad {
			t.Errorf("%s: %s", f.Look, f.Says)
		}
	}
	var b bytes.Buffer
	printFindings(&b, []finding{well("a", "b"), bad("c", "d", "e")})
	if got := b.String(); got != "well   a: b\nWRONG  c: d\n       e\n" {
		t.Error(got)
	}
}

func TestTheDoctorSeesTheFolder(t *testing.T) {
	p := newPatient(t)
	must(t, os.Chmod(p.dir, 0o755))
	p.isBad("who may read", "755")
	must(t, os.Chmod(p.dir, 0o700))
	must(t, os.Chmod(filepath.Join(p.dir, "secret"), 0o644))
	p.isBad("who may read", "644")
	must(t, os.Chmod(filepath.Join(p.dir, "secret"), 0o600))
	if os.Geteuid() != 0 { // to whom no folder is closed
		must(t, os.Chmod(p.dir, 0o500))
		p.isBad("data folder", "nothing can be written")
		must(t, os.Chmod(p.dir, 0o700))
	}
	p.dir = filepath.Join(p.dir, "none")
	p.isBad("data folder", "not there")
}

func TestTheDoctorSeesTheDatabase(t *testing.T) {
	p := newPatient(t)
	file := filepath.Join(p.dir, "translocal.db")
	raw, err := os.ReadFile(file)
	must(t, err)

	d, err := db.Open(t.Context(), file, db.Options{})
	must(t, err)
	must(t, d.Write(t.Context(), func(tx *db.Tx) error { _, err := forgetMigration.Run(t.Context(), tx); return err }))
	must(t, d.Close())
	p.isBad("database", "another version")

	spoilt := bytes.Clone(raw)
	for i := 5000; i < len(spoilt); i++ {
		spoilt[i] ^= 0x55
	}
	must(t, os.WriteFile(file, spoilt, 0o600))
	if !anyBad(p.look("integrity", DoctorCmd{})) && !anyBad(p.look("database", DoctorCmd{})) {
		t.Error("a spoilt database is found well")
	}
	must(t, os.WriteFile(file, raw, 0o600))
	must(t, os.Rename(file, file+".away"))
	p.isBad("database", "none yet")
	must(t, os.Rename(file+".away", filepath.Join(p.dir, movedName)))
	p.isBad("database", "moved")
}

var (
	forgetMigration = db.Exec(`delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`)
	takeKeeper      = db.Exec(`update person set site_keeper = false`)
)

func anyBad(list []finding) bool {
	for _, f := range list {
		if f.Bad {
			return true
		}
	}
	return false
}

func TestTheDoctorSeesTheSecret(t *testing.T) {
	p := newPatient(t)
	file := filepath.Join(p.dir, "secret")
	must(t, os.Rename(file, file+".away"))
	p.isBad("secret", "missing")
	must(t, os.WriteFile(file, bytes.Repeat([]byte("x"), 32), 0o600))
	p.isBad("secret", "does not open")
	must(t, os.WriteFile(file, []byte("short"), 0o600))
	p.isBad("secret", "5 bytes")
}

func TestTheDoctorSeesAnEditedRecord(t *testing.T) {
	p := newPatient(t)
	p.with(func(n *node) {
		must(t, n.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := spoil.Run(t.Context(), tx, p.stream, []byte("{}"))
			return err
		}))
	})
	p.isBad("record", "not as it was signed")
}

func TestTheDoctorSeesWhatPeopleShouldDo(t *testing.T) {
	p := newPatient(t)
	one := func(at, says string) {
		t.Helper()
		list := p.look(at, DoctorCmd{})
		if len(list) != 1 || !strings.Contains(list[0].Says, says) || list[0].Do == "" {
			t.Errorf("%s: %v", at, list)
		}
	}
	one("keepers", "Rio Claro")
	p.with(func(n *node) {
		must(t, n.log.Hold(t.Context(), p.stream, true))
		must(t, keep.Note(t.Context(), n.db, keep.Last{At: time.Now().Add(-2 * keep.Stale), Encrypted: true}))
	})
	one("after a restore", "1 places")
	one("backup", "the last one is of")
	p.with(func(n *node) {
		must(t, keep.Note(t.Context(), n.db, keep.Last{At: time.Now()}))
		must(t, n.db.Write(t.Context(), func(tx *db.Tx) error { _, err := takeKeeper.Run(t.Context(), tx); return err }))
	})
	one("backup", "not encrypted")
	one("keepers", "nobody")
}

func TestTheDoctorSeesRoomAndClock(t *testing.T) {
	if f := judgeRoom(noRoom - 1); !f.Bad || f.Do == "" {
		t.Error("a full disk:", f)
	}
	if f := judgeRoom(littleRoom - 1); f.Bad || f.Do == "" {
		t.Error("little room:", f)
	}
	if f := judgeRoom(littleRoom); f.Do != "" {
		t.Error("enough room:", f)
	}
	if f := judgeClock(-tolerance - time.Second); !f.Bad || f.Do == "" {
		t.Error("a clock behind:", f)
	}
	if f := judgeClock(tolerance); f.Bad {
		t.Error("a clock nearly right:", f)
	}
}

func TestTheDoctorSeesAddressAndURL(t *testing.T) {
	p := newPatient(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	go func() { // somebody else's program
		for {
			c, err := taken.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	if f := p.look("address", DoctorCmd{Addr: taken.Addr().String()}); len(f) != 1 || !f[0].Bad {
		t.Error("a taken port:", f)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if f := p.look("URL", DoctorCmd{URL: other.URL}); len(f) != 1 || !f[0].Bad || !strings.Contains(f[0].Says, "something else") {
		t.Error("another server:", f)
	}
	if f := p.look("URL", DoctorCmd{URL: "http://127.0.0.1:1"}); len(f) != 1 || !f[0].Bad {
		t.Error("nobody there:", f)
	}
	if f := p.look("URL", DoctorCmd{URL: "example.org/path"}); len(f) != 1 || !f[0].Bad {
		t.Error("no URL:", f)
	}
	p.with(func(n *node) {
		ours := httptest.NewServer(n.server.Handler())
		defer ours.Close()
		addr := ours.Listener.Addr().String()
		if f := p.look("URL", DoctorCmd{URL: ours.URL}); len(f) != 1 || f[0].Bad {
			t.Error("our own:", f)
		}
		if f := p.look("clock", DoctorCmd{URL: ours.URL}); len(f) != 1 || f[0].Bad {
			t.Error("our own clock:", f)
		}
		if f := p.look("address", DoctorCmd{Addr: addr}); len(f) != 1 || f[0].Do != "" {
			t.Error("our own address:", f)
		}
		_, port, err := net.SplitHostPort(addr)
		must(t, err)
		if f := lookAtURL(t.Context(), "http://localhost:"+port, func() time.Time { return time.Now().Add(time.Hour) }); !anyBad(f) {
			t.Error("an hour off:", f)
		}
	})
	if f := lookAtURL(cancelled(t), "http://node.example", time.Now); len(f) != 2 || !strings.Contains(f[0].Says, "not encrypted") {
		t.Error("in the open:", f)
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	return ctx
}

func TestASecretThatCanNotBeReachedIsNotCalledMissing(t *testing.T) {
	n, _, _ := begun(t, place.Movement)
	file := filepath.Join(t.TempDir(), "a file")
	must(t, os.WriteFile(file, nil, 0o600))
	for dir, missing := range map[string]bool{t.TempDir(): true, file: false} { // below a file nothing can be looked up
		f := (&DoctorCmd{Data: dir}).lookAtSecret(t.Context(), n.db)
		if !f.Bad || strings.Contains(f.Says, "missing") != missing {
			t.Errorf("%+v", f)
		}
	}
}
