package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"translocal/db"
	"translocal/place"
)

// slow is a connection on which each write must have been given its time anew.
type slow struct {
	*httptest.ResponseRecorder
	until  time.Time // of the next write
	pieces int
	breaks int // after so many pieces, 0 for never
}

func (s *slow) SetWriteDeadline(t time.Time) error { s.until = t; return nil }

func (s *slow) Write(b []byte) (int, error) {
	if len(b) > 300_000 || time.Until(s.until) < time.Minute {
		return 0, errors.New("its time ran out")
	}
	s.until = time.Time{}
	if s.pieces++; s.pieces == s.breaks {
		return 0, errors.New("the other side went away")
	}
	return s.ResponseRecorder.Write(b)
}

func (n *node) exports(p *place.Place) []call {
	return []call{get(n.path(p.ID) + "/export"), api("GET", "/places/"+string(p.Stream)+"/export", nil)}
}

// take has the node answer on a connection; broken tells that it was ended.
func (n *node) take(as person, c call, w http.ResponseWriter) (broken bool) {
	r := httptest.NewRequestWithContext(n.t.Context(), c.method, n.base+c.path, nil)
	r.AddCookie(&http.Cookie{Name: "tl_session", Value: as.secret})
	if strings.HasPrefix(c.path, "/api/") {
		r.Header.Set("Authorization", "Bearer "+as.secret)
	}
	defer func() {
		if p := recover(); p != nil {
			broken = p == http.ErrAbortHandler
		}
	}()
	n.handler.ServeHTTP(w, r)
	return false
}

func TestALongExportTakesItsTime(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	for range 80 {
		must(t, n.places.Describe(t.Context(), keeper.Viewer, p.Stream, place.Profile{Name: "Here", Story: strings.Repeat("a story ", 600)}))
	}
	for _, c := range n.exports(p) {
		w := &slow{ResponseRecorder: httptest.NewRecorder()}
		if broken := n.take(keeper, c, w); broken || w.Code != 200 || w.pieces < 3 || w.Body.Len() < 80*4800 {
			t.Errorf("%s: %d, in %d pieces, %d bytes, ended %v", c.path, w.Code, w.pieces, w.Body.Len(), broken)
		}
		w = &slow{ResponseRecorder: httptest.NewRecorder(), breaks: 2}
		if !n.take(keeper, c, w) {
			t.Errorf("%s: half of it looks whole", c.path)
		}
	}
}

var loseAct = db.Exec(`delete from act where stream = $1 and idx = 1`)

func TestAnExportThatCanNotBeginIsAnError(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	must(t, n.log.DB().Write(t.Context(), func(tx *db.Tx) error { _, err := loseAct.Run(t.Context(), tx, p.Stream); return err }))
	for _, c := range n.exports(p) {
		if a := n.do(keeper, c); a.status != 500 || a.header.Get("Content-Disposition") != "" || strings.Contains(a.body, "translocal-place/") {
			t.Errorf("%s: %d %v %.200s", c.path, a.status, a.header, a.body)
		}
	}
}

func TestALimitOfRoomIsNeverShownAsNone(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	_, keeper := n.setUp("Here", "Keeper")
	if a := n.do(keeper, api("PUT", "/site/keeping", map[string]any{"recipients": "", "siteLimit": 1_000_001, "placeLimit": 500_000})); a.status >= 300 {
		t.Fatal(a.status, a.body)
	}
	a := n.do(keeper, get("/site/keeping"))
	if !strings.Contains(a.body, `name="place" type="text" value="1"`) || !strings.Contains(a.body, `name="site" type="text" value="2"`) {
		t.Errorf("%.3000s", a.body[strings.Index(a.body, "/limits"):])
	}
	for _, wrong := range []string{"0", "-1", "1.5", "00"} {
		if a := n.do(keeper, post("/site/keeping/limits", "site", wrong, "place", "")); a.status != 422 {
			t.Errorf("%q: %d", wrong, a.status)
		}
	}
	if a := n.do(keeper, post("/site/keeping/limits", "site", "", "place", "")); a.status != 303 {
		t.Error("no limit:", a.status)
	}
}
