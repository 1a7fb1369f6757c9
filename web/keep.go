package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/keep"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) keepRoutes() []route {
	return []route{
		{"GET /site/keeping", s.keeping},
		{"POST /site/keeping/keys", s.keepKeys},
		{"POST /site/keeping/limits", s.keepLimits},
		{"POST /site/keeping/kind", s.keepKind},
		{"POST /site/keeping/retention", s.keepRetention},
		{"GET /p/{place}/export", s.export},
	}
}

// mayKeep refuses who does not keep the site.
func (s *Server) mayKeep(ctx context.Context, on db.Queryer) error {
	return place.May(ctx, on, viewerIn(ctx), "", place.KeepSite, place.Any)
}

func (s *Server) keeping(w http.ResponseWriter, r *http.Request) error {
	return s.showKeeping(w, r, http.StatusOK, "", page.Form{})
}

// showKeeping shows the page; a form that was refused stands in it by its name.
func (s *Server) showKeeping(w http.ResponseWriter, r *http.Request, code int, refused string, form page.Form) error {
	k, err := s.readKeeping(r.Context())
	if err != nil {
		return err
	}
	k.Keys = page.Form{Values: url.Values{"recipients": {k.Recipients}}}
	k.Room = page.Form{Values: url.Values{"site": {inMegabytes(k.Limits.Site)}, "place": {inMegabytes(k.Limits.Place)}}}
	k.Kinds = page.Form{Values: url.Values{"kind": {string(k.Kind)}}}
	k.Retention = page.Form{Values: url.Values{"years": {inYears(k.Years)}}}
	if own := map[string]*page.Form{"retention": &k.Retention, "keys": &k.Keys, "limits": &k.Room, "kind": &k.Kinds}[refused]; own != nil {
		*own = form
	}
	return s.render(w, r, code, page.SiteKeeping(s.frame(r, t(r, "keep.title")), k))
}

// readKeeping gathers what the page and the API say; it asks who may.
func (s *Server) readKeeping(ctx context.Context) (k page.Keeping, err error) {
	d := s.Log.DB()
	if err := s.mayKeep(ctx, d); err != nil {
		return k, err
	}
	if k.Last, err = keep.LastBackup(ctx, d); err != nil {
		return k, err
	}
	if k.Due, err = keep.Due(ctx, d, time.Now()); err != nil {
		return k, err
	}
	if k.Recipients, err = keep.RecipientsText(ctx, d); err != nil {
		return k, err
	}
	if k.Limits, err = keep.LimitsOf(ctx, d); err != nil {
		return k, err
	}
	if k.Use, err = keep.UseOf(ctx, d); err != nil {
		return k, err
	}
	k.Documents, k.DocumentsMost = map[act.Fingerprint]int64{}, s.Advances.Files.Quota
	for _, u := range k.Use {
		if k.Documents[u.Stream], err = s.Advances.FilesRoom(ctx, u.Stream); err != nil {
			return k, err
		}
	}
	if k.Kind, err = place.KindOfSite(ctx, d); err != nil {
		return k, err
	}
	if k.Years, err = place.Retention(ctx, d); err != nil {
		return k, err
	}
	if k.Disposals, err = s.Places.Disposals(ctx, viewerIn(ctx), maxDisposals); err != nil {
		return k, err
	}
	if k.Names, err = s.placeNames(ctx); err != nil {
		return k, err
	}
	k.Settled, err = place.SettledKind(ctx, d)
	return k, err
}

// maxDisposals is how many disposals the page and the API show, the newest.
const maxDisposals = 40

func (s *Server) keepRetention(w http.ResponseWriter, r *http.Request) error {
	return s.keepForm(w, r, "retention", "said.keep_retention", func(ctx context.Context, form page.Form) error {
		years, err := fromYears(form.Value("years"))
		if err != nil {
			return err
		}
		return s.Places.SetRetention(ctx, viewerIn(ctx), years)
	})
}

// inYears is a period as the form has it: empty for good.
func inYears(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// fromYears reads one. A 0 could mean for good, or not at all, so it is refused.
func fromYears(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > place.MaxRetention {
		return 0, fault.At("years", "keep.fault.years", "max", place.MaxRetention)
	}
	return n, nil
}

// Dispose deletes what the site of a public body need not keep any more; on
// others it does nothing. A node does it daily.
func (s *Server) Dispose(ctx context.Context) error {
	return errors.Join(s.Decisions.DropOld(ctx), s.Meetings.DropOld(ctx), s.moderation.DropOld(ctx))
}

// placeNames are the names of all places that are held here, by their streams.
func (s *Server) placeNames(ctx context.Context) (map[act.Fingerprint]string, error) {
	own, err := s.Places.Own(ctx)
	if err != nil {
		return nil, err
	}
	others, err := s.Places.Others(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[act.Fingerprint]string, len(own)+len(others))
	for _, p := range slices.Concat(own, others) {
		names[p.Stream] = p.Name
	}
	return names, nil
}

func (s *Server) keepKeys(w http.ResponseWriter, r *http.Request) error {
	return s.keepForm(w, r, "keys", "said.keep_keys", func(ctx context.Context, form page.Form) error {
		return s.keepInTx(ctx, func(tx *db.Tx) error { return keep.SetRecipients(ctx, tx, form.Value("recipients")) })
	})
}

func (s *Server) keepLimits(w http.ResponseWriter, r *http.Request) error {
	return s.keepForm(w, r, "limits", "said.keep_limits", func(ctx context.Context, form page.Form) error {
		var f fault.Fields
		l := keep.Limits{Site: fromMegabytes(&f, "site", form), Place: fromMegabytes(&f, "place", form)}
		if err := f.Err(); err != nil {
			return err
		}
		return s.keepInTx(ctx, func(tx *db.Tx) error { return keep.SetLimits(ctx, tx, l) })
	})
}

func (s *Server) keepKind(w http.ResponseWriter, r *http.Request) error {
	return s.keepForm(w, r, "kind", "said.keep_kind", func(ctx context.Context, form page.Form) error {
		return s.Places.SetKind(ctx, viewerIn(ctx), place.SiteKind(form.Value("kind")))
	})
}

// keepForm reads a form of the page, and shows it again when do refuses it.
func (s *Server) keepForm(w http.ResponseWriter, r *http.Request, name, key string, do func(context.Context, page.Form) error) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.mayKeep(r.Context(), s.Log.DB()); err != nil {
		return err
	}
	if err := do(r.Context(), form); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showKeeping(w, r, http.StatusUnprocessableEntity, name, form)
	}
	return after(w, r, "/site/keeping", key)
}

func (s *Server) keepInTx(ctx context.Context, do func(tx *db.Tx) error) error {
	return s.Log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := s.mayKeep(ctx, tx); err != nil {
			return err
		}
		return do(tx)
	})
}

// export sends the place as a file.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	write, err := s.Node.ExportFor(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/jsonl")
	h.Set("Content-Disposition", `attachment; filename="place.translocal.jsonl"`)
	h.Set("Cache-Control", "no-store")
	sendLong(w, write)
	return nil
}

// sendLong sends what write writes, however long that takes, as long as the other
// side goes on taking it. An error ends the connection in the middle, so that
// nobody holds what came for the whole.
func sendLong(w http.ResponseWriter, write func(io.Writer) error) {
	if err := write(patient{w, http.NewResponseController(w)}); err != nil {
		slog.Error("a file broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// patient gives each piece that is sent the time that a whole page has else.
type patient struct {
	w    io.Writer
	conn *http.ResponseController
}

const (
	piece     = 256 << 10 // bytes
	pieceTime = 2 * time.Minute
)

func (p patient) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		if err := p.conn.SetWriteDeadline(time.Now().Add(pieceTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return n, err
		}
		k, err := p.w.Write(b[:min(piece, len(b))])
		n, b = n+k, b[k:]
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

const megabyte = 1_000_000

// inMegabytes is a limit as the form has it, rounded up: one below a megabyte is a
// limit, too.
func inMegabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt((n+megabyte-1)/megabyte, 10)
}

// fromMegabytes reads a limit; an empty field is none. A 0 could mean that, or
// that nothing may be published, so it is refused.
func fromMegabytes(f *fault.Fields, name string, form page.Form) int64 {
	text := form.Value(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > keep.MaxLimit/megabyte {
		f.Add(name, "keep.fault.limit")
		return 0
	}
	return n * megabyte
}

// KeepingBody is how a site is kept, for programs. Sizes are in bytes.
type KeepingBody struct {
	Kind        string           `json:"kind" enum:"movement,records"`
	LastBackup  *time.Time       `json:"lastBackup,omitempty"`
	BackupIsDue bool             `json:"backupIsDue" doc:"The last backup is old, or there is none"`
	Recipients  string           `json:"recipients" doc:"Public age keys, one a line"`
	SiteLimit   int64            `json:"siteLimit" doc:"Bytes; 0 is no limit"`
	PlaceLimit  int64            `json:"placeLimit"`
	Used        int64            `json:"used" doc:"Bytes of all streams, as last measured"`
	Years       int              `json:"years" doc:"How long a public body keeps its private records; 0 is for good"`
	Disposals   []place.Disposal `json:"disposals,omitempty" doc:"What was deleted when its time was over"`
}

func (s *Server) keepAPI(api huma.API) {
	operate(api, "GET", "/site/keeping", "site-keeping", "Backups, room and kind of the site, for its keepers",
		func(ctx context.Context, _ *struct{}) (*struct{ Body KeepingBody }, error) {
			k, err := s.readKeeping(ctx)
			if err != nil {
				return nil, err
			}
			b := KeepingBody{Kind: string(k.Kind), BackupIsDue: k.Due, Recipients: k.Recipients, SiteLimit: k.Limits.Site, PlaceLimit: k.Limits.Place}
			if !k.Last.At.IsZero() {
				b.LastBackup = &k.Last.At
			}
			b.Years, b.Disposals = k.Years, k.Disposals
			for _, u := range k.Use {
				b.Used += u.Bytes
			}
			return &struct{ Body KeepingBody }{b}, nil
		})
	operate(api, "PUT", "/site/keeping", "keep-site", "Set the keys of backups and the limits of storage",
		func(ctx context.Context, in *struct {
			Body struct {
				Recipients string `json:"recipients"`
				SiteLimit  int64  `json:"siteLimit" minimum:"0"`
				PlaceLimit int64  `json:"placeLimit" minimum:"0"`
			}
		}) (*none, error) {
			return nil, s.keepInTx(ctx, func(tx *db.Tx) error {
				if err := keep.SetRecipients(ctx, tx, in.Body.Recipients); err != nil {
					return err
				}
				return keep.SetLimits(ctx, tx, keep.Limits{Site: in.Body.SiteLimit, Place: in.Body.PlaceLimit})
			})
		})
	operate(api, "PUT", "/site/keeping/retention", "set-retention", "Set for how many years a public body's site keeps its private records; 0 is for good",
		func(ctx context.Context, in *struct {
			Body struct {
				Years int `json:"years" minimum:"0" maximum:"100"`
			}
		}) (*none, error) {
			return nil, s.Places.SetRetention(ctx, viewerIn(ctx), in.Body.Years)
		})
	operate(api, "GET", "/places/{stream}/export", "export-place", "What the place published, as lines of JSON that another node can read back",
		func(ctx context.Context, in *StreamPath) (*huma.StreamResponse, error) {
			write, err := s.Node.ExportFor(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(c huma.Context) {
				_, w := humago.Unwrap(c)
				w.Header().Set("Content-Type", "application/jsonl")
				sendLong(w, write)
			}}, nil
		})
	s.siteKeepersAPI(api)
	operate(api, "PUT", "/site/kind", "set-site-kind", "Choose the kind of the site, while nothing is published",
		func(ctx context.Context, in *struct {
			Body struct {
				Kind string `json:"kind" enum:"movement,records"`
			}
		}) (*none, error) {
			return nil, s.Places.SetKind(ctx, viewerIn(ctx), place.SiteKind(in.Body.Kind))
		})
}
