package web

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) publishedRoutes() []route {
	return []route{
		{"GET /p/{place}/published", s.published},
		{"POST /p/{place}/published/erase", s.erase},
		{"POST /p/{place}/published/key", s.rotateKey},
	}
}

func (s *Server) published(w http.ResponseWriter, r *http.Request) error {
	return s.showPublished(w, r, http.StatusOK, page.Form{}, page.Form{})
}

// showPublished shows the page; a form that was refused stands in it again.
func (s *Server) showPublished(w http.ResponseWriter, r *http.Request, code int, erase, key page.Form) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	ctx, v := r.Context(), viewer(r)
	var after act.ErasedPart
	at := r.URL.Query().Get("after")
	if at == "" {
		at = erase.Value("after") // the page from which the form came
	}
	if at != "" {
		if after, err = partAt(at); err != nil {
			return err
		}
	}
	texts, err := s.Places.Published(ctx, v, p.Stream, after) // authorises
	if err != nil {
		return err
	}
	keys, err := s.Places.Keys(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	kept := place.Has(ctx, s.Log.DB(), place.ErasePublished)
	if kept != nil && !fault.Is(kept, fault.Forbidden) {
		return kept
	}
	return s.render(w, r, code, page.Published(s.frame(r, t(r, "published.title")), p, page.PublishedPage{Texts: texts, Keys: keys,
		Kept: kept != nil, After: at, More: len(texts) == place.MaxShown, Erase: erase, Key: key}))
}

// partAt reads a part as the form names it: its act's index, a slash, its name.
func partAt(text string) (act.ErasedPart, error) {
	number, name, ok := strings.Cut(text, "/")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || n < 0 || name == "" || len(name) > 80 || len(number) > 18 {
		return act.ErasedPart{}, fault.At("parts", "fault.choice")
	}
	return act.ErasedPart{Index: n, Name: name}, nil
}

// understood holds somebody to having ticked what they know: that it can't be
// taken back.
func understood(form page.Form, err error) error {
	if form.Value("understood") == "yes" {
		return err
	}
	var f fault.Fields
	f.Merge(err)
	f.Add("understood", "published.understood.missing")
	return f.Err()
}

func (s *Server) erase(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.ErasePart, place.Any); err != nil {
		return err
	}
	var parts []act.ErasedPart
	for _, text := range form.Values["parts"] {
		part, wrong := partAt(text)
		if wrong != nil {
			err = wrong
			break
		}
		parts = append(parts, part)
	}
	if err = understood(form, err); err == nil {
		err = s.eraseParts(r.Context(), p.Stream, parts)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showPublished(w, r, http.StatusUnprocessableEntity, form, page.Form{})
	}
	return after(w, r, s.path(p.ID)+"/published", "said.erasing")
}

// eraseParts erases texts, and the files of documents whose names were among them.
func (s *Server) eraseParts(ctx context.Context, stream act.Fingerprint, parts []act.ErasedPart) error {
	if err := s.Places.Erase(ctx, viewerIn(ctx), stream, parts); err != nil {
		return err
	}
	if err := s.Advances.SweepFiles(context.WithoutCancel(ctx)); err != nil { // it is tried again each hour
		slog.Error("files of erased documents were not removed yet", "err", err)
	}
	return nil
}

func (s *Server) rotateKey(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.RotateKey, place.Any); err != nil {
		return err
	}
	if err = understood(form, nil); err == nil {
		err = s.Places.RotateKey(r.Context(), viewer(r), p.Stream)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showPublished(w, r, http.StatusUnprocessableEntity, page.Form{}, form)
	}
	return after(w, r, s.path(p.ID)+"/published", "said.key_changed")
}

// PublishedBody is a published text that can be erased, as the API lists it.
type PublishedBody struct {
	Index     int64     `json:"index" doc:"Of the act in the stream"`
	Name      string    `json:"name" doc:"Of the part in the act"`
	Type      string    `json:"type" doc:"Of the act"`
	MediaType string    `json:"mediaType"`
	Text      string    `json:"text"`
	Published time.Time `json:"published"`
}

// KeyBody is a signing key of a place.
type KeyBody struct {
	Public string    `json:"public" doc:"Multikey"`
	From   int64     `json:"from" doc:"The first act that it signs"`
	Since  time.Time `json:"since"`
}

// PartBody names a part of an act.
type PartBody struct {
	Index int64  `json:"index" minimum:"0"`
	Name  string `json:"name"`
}

func (s *Server) publishedAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/published", "published-texts", "The texts of a place that can be erased, the newest first, 40 at a time, for its keepers",
		func(ctx context.Context, in *struct {
			StreamPath
			After string `query:"after" doc:"The last one seen: its index, a slash, its name"`
		}) (*struct{ Body []PublishedBody }, error) {
			var after act.ErasedPart
			if in.After != "" {
				var err error
				if after, err = partAt(in.After); err != nil {
					return nil, err
				}
			}
			list, err := s.Places.Published(ctx, viewerIn(ctx), in.stream(), after)
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []PublishedBody }{Body: []PublishedBody{}}
			for _, x := range list {
				out.Body = append(out.Body, PublishedBody{x.Index, x.Name, x.Type, x.Media, string(x.Body), time.UnixMicro(x.At).UTC()})
			}
			return out, nil
		})
	operate(api, "POST", "/places/{stream}/erasures", "erase",
		"Erase published texts here and ask all who hold them to do so too. It can't be taken back, nor from those who copied them",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Parts []PartBody `json:"parts" nullable:"false" maxItems:"400"`
			}
		}) (*none, error) {
			var parts []act.ErasedPart
			for _, x := range in.Body.Parts {
				parts = append(parts, act.ErasedPart{Index: x.Index, Name: x.Name})
			}
			return nil, s.eraseParts(ctx, in.stream(), parts)
		})
	operate(api, "GET", "/places/{stream}/keys", "signing-keys", "The keys with which a place signs and signed, the one in use first, for its keepers",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []KeyBody }, error) {
			list, err := s.Places.Keys(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []KeyBody }{Body: []KeyBody{}}
			for _, k := range list {
				out.Body = append(out.Body, KeyBody{k.Public, k.From, time.UnixMicro(k.Since).UTC()})
			}
			return out, nil
		})
	operate(api, "POST", "/places/{stream}/keys", "change-key", "Give a place a new signing key; the old one signs nothing more",
		func(ctx context.Context, in *StreamPath) (*none, error) {
			return nil, s.Places.RotateKey(ctx, viewerIn(ctx), in.stream())
		})
}
