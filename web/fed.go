package web

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/fault"
	"translocal/fed"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) fedRoutes() []route {
	return []route{
		{"GET /p/{place}/following", s.following},
		{"POST /p/{place}/following", s.follow},
		{"POST /p/{place}/following/change", s.changeFollow},
		{"POST /p/{place}/blocks", s.block},
		{"POST /p/{place}/blocks/end", s.unblock},
		{"GET /notices", s.notices},
		{"POST /notices/seen", s.seeNotice},
		{"GET /site", s.site},
		{"POST /site/keepers", s.addSiteKeeper},
		{"POST /site/step-down", s.stepDownFromSite},
		{"POST /site/override", s.override},
		{"POST /site/erasure", s.allowErasure},
	}
}

func (s *Server) following(w http.ResponseWriter, r *http.Request) error {
	return s.showFollowing(w, r, http.StatusOK, page.Form{}, page.Form{})
}

func (s *Server) showFollowing(w http.ResponseWriter, r *http.Request, code int, form, block page.Form) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Node.Following(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	names, err := s.placeNames(r.Context())
	if err != nil {
		return err
	}
	blocks, err := s.Node.Blocks(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Following(s.frame(r, t(r, "following.title")), p, list, names, blocks, form, block))
}

func (s *Server) follow(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if _, err := s.Node.Follow(r.Context(), viewer(r), p.Stream, form.Value("address")); err != nil {
		kind := fault.KindOf(err)
		if kind == fault.NotFound || kind == fault.Unavailable {
			err = &fault.Error{Kind: fault.Invalid, Key: "fault.invalid", Fields: []fault.Field{{Name: "address", Key: asFault(err).Key, Args: asFault(err).Args}}, Err: err}
		}
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showFollowing(w, r, http.StatusUnprocessableEntity, form, page.Form{})
	}
	return after(w, r, s.path(p.ID)+"/following", "said.followed")
}

func (s *Server) changeFollow(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	followed, key := act.Fingerprint(form.Value("stream")), "said.unfollowed"
	switch form.Value("do") {
	case "resume":
		err, key = s.Node.Resume(r.Context(), viewer(r), p.Stream, followed), "said.resumed"
	case "block":
		err, key = s.Node.Block(r.Context(), viewer(r), p.Stream, string(followed)), "said.blocked"
	default:
		err = s.Node.Unfollow(r.Context(), viewer(r), p.Stream, followed)
	}
	if err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/following", key)
}

func (s *Server) block(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Node.Block(r.Context(), viewer(r), p.Stream, form.Value("target")); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showFollowing(w, r, http.StatusUnprocessableEntity, page.Form{}, form)
	}
	return after(w, r, s.path(p.ID)+"/following", "said.blocked")
}

func (s *Server) unblock(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Node.Unblock(r.Context(), viewer(r), p.Stream, form.Value("target")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/following", "said.unblocked")
}

// noticeGroups gathers the notices of every place that the viewer keeps, and of
// the site for its keeper.
func (s *Server) noticeGroups(ctx context.Context, v place.Viewer, mine []place.Mine) ([]page.NoticeGroup, error) {
	var all []page.NoticeGroup
	for _, m := range mine {
		if m.Role == place.Keeper {
			all = append(all, page.NoticeGroup{Name: m.Name, Stream: m.Stream})
		}
	}
	if v.Site {
		all = append(all, page.NoticeGroup{})
	}
	kept := all[:0]
	for _, g := range all {
		list, err := s.Node.Notices(ctx, v, g.Stream)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			g.Notices = list
			kept = append(kept, g)
		}
	}
	return kept, nil
}

// news counts what waits for the viewer, for the head of every page.
func (s *Server) news(ctx context.Context, v place.Viewer, mine []place.Mine) (n int) {
	groups, err := s.noticeGroups(ctx, v, mine)
	if err != nil {
		slog.Error("notices of the viewer", "err", err)
	}
	for _, g := range groups {
		n += len(g.Notices)
	}
	own, err := s.Notices.Count(ctx, v)
	if err != nil {
		slog.Error("notices of the viewer", "err", err)
	}
	return n + own
}

func (s *Server) notices(w http.ResponseWriter, r *http.Request) error {
	if err := signedIn(r); err != nil {
		return err
	}
	f := s.frame(r, t(r, "notices.title"))
	groups, err := s.noticeGroups(r.Context(), viewer(r), f.Mine)
	if err != nil {
		return err
	}
	for i := range groups {
		if groups[i].Stream == "" {
			groups[i].Name = t(r, "sitekeep.title")
		}
	}
	mine, err := s.Notices.Mine(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	return s.show(w, r, page.Notices(f, groups, mine))
}

func (s *Server) seeNotice(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Node.SeeNotice(r.Context(), viewer(r), act.Fingerprint(form.Value("stream")), form.Value("notice")); err != nil {
		return err
	}
	return after(w, r, "/notices", "")
}

func (s *Server) site(w http.ResponseWriter, r *http.Request) error {
	return s.showSite(w, r, http.StatusOK, page.Form{})
}

// showSite shows the page; the pseudonym that was refused stands in it again.
func (s *Server) showSite(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	ctx, v := r.Context(), viewer(r)
	held, err := s.Node.Held(ctx, v) // authorises
	if err != nil {
		return err
	}
	erasures, err := s.Log.HeldErasures(ctx)
	if err != nil {
		return err
	}
	peers, err := s.Node.Peers(ctx, v)
	if err != nil {
		return err
	}
	keepers, err := s.Places.SiteKeepers(ctx, v)
	if err != nil {
		return err
	}
	done, err := s.Places.SiteDeeds(r.Context(), viewer(r), 0)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Site(s.frame(r, t(r, "sitekeep.title")), held, erasures, peers, page.SiteKeepers{List: keepers, Log: done, Form: form}))
}

func (s *Server) override(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Node.Override(r.Context(), viewer(r), act.Fingerprint(form.Value("stream"))); err != nil {
		return err
	}
	return after(w, r, "/site", "said.released")
}

func (s *Server) allowErasure(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), "", place.KeepSite, place.Any); err != nil {
		return err
	}
	index, err := strconv.ParseInt(form.Value("index"), 10, 64)
	if err != nil {
		return fault.At("index", "fault.whole_number")
	}
	if err := s.Log.AllowErasure(r.Context(), act.Fingerprint(form.Value("stream")), index); err != nil {
		return err
	}
	return after(w, r, "/site", "said.erased")
}

// fedAPI is the same for programs.
func (s *Server) fedAPI(api huma.API) {
	type stream struct {
		Body struct {
			Stream string `json:"stream" doc:"Fingerprint of the followed place's stream"`
		}
	}
	operate(api, "POST", "/places/{stream}/following", "follow", "Follow a place by its address",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Address string `json:"address"`
			}
		}) (*stream, error) {
			st, err := s.Node.Follow(ctx, viewerIn(ctx), in.stream(), in.Body.Address)
			if err != nil {
				return nil, err
			}
			out := &stream{}
			out.Body.Stream = string(st.Fingerprint)
			return out, nil
		})
	operate(api, "GET", "/places/{stream}/following", "following", "Whom a place follows, for its keepers",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []fed.Followed }, error) {
			list, err := s.Node.Following(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []fed.Followed }{list}, err
		})
	operate(api, "POST", "/places/{stream}/following/stop", "stop-following", "Stop following, quietly",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Stream string `json:"stream"`
			}
		}) (*none, error) {
			return nil, s.Node.Unfollow(ctx, viewerIn(ctx), in.stream(), act.Fingerprint(in.Body.Stream))
		})
	operate(api, "POST", "/places/{stream}/blocks", "block", "Take nothing more from a node or a place",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Target string `json:"target" doc:"Base URL of a node, or fingerprint of a stream"`
			}
		}) (*none, error) {
			return nil, s.Node.Block(ctx, viewerIn(ctx), in.stream(), in.Body.Target)
		})
	operate(api, "GET", "/places/{stream}/notices", "notices", "What the keepers of a place should know",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []fed.Notice }, error) {
			list, err := s.Node.Notices(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []fed.Notice }{list}, err
		})
	s.noticeAPI(api)
}
