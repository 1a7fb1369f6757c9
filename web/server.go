// Package web serves a node over HTTP: pages that work without script, and a
// JSON API that calls the same methods. A handler reads its request, asks a
// capability and renders; it returns an error rather than writing one. What
// somebody may do is decided in the capabilities, never here.
package web

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/a-h/templ"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/decide"
	"translocal/fault"
	"translocal/fed"
	"translocal/i18n"
	"translocal/library"
	"translocal/limit"
	"translocal/live"
	"translocal/meeting"
	"translocal/moderate"
	"translocal/notice"
	"translocal/place"
	"translocal/web/asset"
	"translocal/web/page"
	"translocal/webhook"
)

// Config is what a server is made of.
type Config struct {
	Base string // URL of the node, without a slash at its end; its objects are named by it
	// Shown is the URL at which the node is reached now, when that is another than
	// Base: what people type, and by what cookies are judged.
	Shown string
	// Proxies are the addresses of proxies, beside those on this machine, whose
	// word about where a request comes from is taken.
	Proxies []netip.Prefix
	// MetricsToken opens /metrics to who shows it; "" opens it to this machine alone.
	MetricsToken string
	Demo         bool // say on each page that its places are made up
	I18n         *i18n.Bundle

	Log        *act.Log
	Node       *fed.Node
	Places     *place.Places
	Blueprints *blueprint.Blueprints
	Decisions  *decide.Decisions
	Advances   *advance.Advances
	Meetings   *meeting.Meetings
	Webhooks   *webhook.Webhooks
	Library    *library.Library
	Notices    *notice.Notices // one without mail if nil
	Limits     *limit.Buckets  // shared by all replicas; of this process alone if nil
}

// Server is the HTTP side of a node.
type Server struct {
	Config
	mux       *http.ServeMux
	ownLimits *limit.Buckets // of this process alone

	counters counters
	api      func() *restAPI // made when it is first asked for

	moderation *moderate.Moderation
	passkeys   *place.Passkeys // nil where browsers make none

	moved moved

	live      *live.Watcher // of open pages
	listening listening

	counting chan struct{} // one count for a stranger at a time
	checker  checker
	finder   finder
	texts    texts
	reading  chan struct{} // one file to read, or draft to check, at a time: both take memory by what strangers send
}

// New makes a server.
func New(c Config) *Server {
	c.Shown = cmp.Or(c.Shown, c.Base)
	if c.Notices == nil { // on a site without mail
		c.Notices = notice.New(notice.Config{Log: c.Log, Base: c.Base, Shown: c.Shown, Words: c.I18n})
	}
	if c.Limits == nil {
		c.Limits = limit.InMemory(time.Now)
	}
	s := &Server{Config: c, mux: http.NewServeMux(), ownLimits: limit.InMemory(time.Now), counting: make(chan struct{}, 1), reading: make(chan struct{}, 1), moderation: newModeration(c),
		passkeys: c.Places.PasskeysAt(c.Shown),
		live:     newWatcher(c), listening: listening{beat: 20 * time.Second, patience: 10 * time.Second, retry: 3 * time.Second}}
	s.mux.HandleFunc("GET /asset/", asset.Serve)
	for pattern, h := range c.Node.Routes() {
		s.mux.Handle(pattern, h)
	}
	for _, r := range s.routes() {
		s.mux.Handle(r.pattern, s.page(r.handle))
	}
	s.mux.HandleFunc("GET /healthz", healthy)
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", s.page(s.metrics))
	s.counters.began = time.Now()
	s.mux.Handle("/", s.page(nothingHere))
	s.mountAPI()
	return s
}

func nothingHere(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "fault.not_found")
}

// Handler is the whole server with what stands before every request.
func (s *Server) Handler() http.Handler {
	return s.measured(s.recovered(s.headers(s.limited(s.sameOrigin(s.known(s.mux))))))
}

// A handler answers a request or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) error

type route struct {
	pattern string
	handle  handler
}

// routes is every page and form of the node, in one list.
func (s *Server) routes() []route {
	var all []route
	for _, part := range [][]route{
		s.siteRoutes(),
		s.noticeRoutes(),
		s.libraryRoutes(),
		s.placeRoutes(),
		s.peopleRoutes(),
		s.publishedRoutes(),
		s.rootRoutes(),
		s.moveRoutes(),
		s.blueprintRoutes(),
		s.decideRoutes(),
		s.tonightRoutes(),
		s.advanceRoutes(),
		s.documentRoutes(),
		s.fedRoutes(),
		s.countRoutes(),
		s.checkRoutes(),
		s.tellRoutes(),
		s.searchRoutes(),
		s.keepRoutes(),
		s.changesRoutes(),
		s.feedRoutes(),
		s.mapRoutes(),
		s.moderateRoutes(),
		s.manualRoutes(),
		s.meetingRoutes(),
		s.webhookRoutes(),
		s.eventRoutes(),
	} {
		all = append(all, part...)
	}
	return all
}

// object routes a page of an object of a place: at its own path when it is
// ours, and below /at/ when it came from another node.
func object(pattern string, h handler) []route {
	return []route{{"GET /p/{place}" + pattern, h}, {"GET /at/{host}/p/{place}" + pattern, h}}
}

// page turns a handler into an http.Handler that shows faults as pages.
func (s *Server) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// Status is the HTTP status of a kind of fault.
func status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.SignIn:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail shows what went wrong. Somebody who only has to sign in is led there.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	if kind == fault.SignIn && r.Method == http.MethodGet {
		http.Redirect(w, r, "/sign-in?next="+queryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	id := ""
	if kind == fault.Internal || kind == fault.Unavailable {
		id = rand.Text()[:8]
		slog.Error("request failed", "id", id, "method", r.Method, "path", pathForLog(r), "err", err)
	}
	if after := comeAgain(err); after != "" {
		w.Header().Set("Retry-After", after)
	}
	p := i18n.From(r.Context())
	what, why := string(kind), said(p, err)
	if kind == fault.Conflict && why != "" { // its reason says what stands against it, seldom somebody else's change
		what = "stands"
	}
	f := s.frame(r, p.T("site.error."+what))
	s.render(w, r, status(kind), page.Failed(f, what, why, id, atFields(p, err)))
}

// atFields are the messages of a fault at its fields, for a page without the form.
func atFields(p *i18n.Printer, err error) (list []string) {
	if f := asFault(err); f != nil {
		for _, x := range f.Fields {
			list = append(list, p.T(x.Key, x.Args...))
		}
	}
	return list
}

// said is the message of a fault itself, when it has one that says more than
// its kind does.
func said(p *i18n.Printer, err error) string {
	f := asFault(err)
	if f == nil || f.Key == "" || f.Key == "fault.invalid" || f.Key == "fault."+string(f.Kind) || !p.Has(f.Key) {
		return ""
	}
	return p.T(f.Key, f.Args...)
}

// frame gathers what every page carries.
func (s *Server) frame(r *http.Request, title string) page.Frame {
	p := i18n.From(r.Context())
	v := viewer(r)
	f := page.Frame{Title: title, Base: s.Base, Shown: s.Shown, Path: r.URL.Path, Viewer: v, Demo: s.Demo, Langs: s.I18n.Languages(), Homes: s.homes(), Gone: s.gone(r)}
	if r.Method != http.MethodGet {
		f.Path = "/"
	}
	if key := r.URL.Query().Get("said"); strings.HasPrefix(key, "said.") && p.Has(key) {
		f.Said = p.T(key)
	}
	if s.passkeys != nil {
		f.Passkeys, f.PasskeyHost = s.passkeys.Origin, s.passkeys.Host
	}
	if v.Person == "" {
		return f
	}
	mine, err := s.Places.Mine(r.Context(), v)
	if err != nil {
		slog.Error("places of the viewer", "err", err)
		return f
	}
	f.Mine = mine
	if r.Method == http.MethodGet {
		f.Live = "/events/notices"
	}
	f.News = s.news(r.Context(), v, mine)
	for _, m := range mine {
		if n, err := s.Places.Keepers(r.Context(), m.Stream); err == nil && n == 1 && m.Role == place.Keeper {
			f.Alone = append(f.Alone, m)
		}
	}
	return f
}

// render writes a component whole or not at all.
func (s *Server) render(w http.ResponseWriter, r *http.Request, code int, c templ.Component) error {
	b := templ.GetBuffer()
	defer templ.ReleaseBuffer(b)
	if err := c.Render(r.Context(), b); err != nil {
		slog.Error("render", "path", pathForLog(r), "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(code)
	w.Write(b.Bytes())
	return nil
}

// show is render with status 200.
func (s *Server) show(w http.ResponseWriter, r *http.Request, c templ.Component) error {
	return s.render(w, r, http.StatusOK, c)
}

// after leads to a page once something was done; key says in a message what.
func after(w http.ResponseWriter, r *http.Request, path, key string) error {
	path, at, _ := strings.Cut(path, "#")
	if key != "" {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		path += sep + "said=" + key
	}
	if at != "" {
		path += "#" + at
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}
