package web

import (
	"log/slog"
	"net/http"

	"translocal/web/page"
)

func (s *Server) seenRoutes() []route {
	return []route{
		{"GET /what-is-seen", s.whatIsSeen},
		{"POST /what-is-seen", s.readWhatIsSeen},
	}
}

func (s *Server) whatIsSeen(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.WhatIsSeen(s.frame(r, t(r, "seen.title"))))
}

func (s *Server) readWhatIsSeen(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.Read(r.Context(), viewer(r)); err != nil {
		return err
	}
	return after(w, r, local(form.Value("next")), "")
}

// explaining is the frame of a page on which something becomes public: until
// somebody has read once what is seen by whom, it stands there.
func (s *Server) explaining(r *http.Request, title string) page.Frame {
	f := s.frame(r, title)
	if f.Viewer.Person == "" {
		return f
	}
	read, err := s.Places.Explained(r.Context(), f.Viewer)
	if err != nil {
		slog.Error("what is seen by whom", "err", err)
	}
	f.Explain = !read
	return f
}
