package web

import (
	"io"
	"log/slog"
	"net/http"

	"translocal/db"
	"translocal/web/page"
)

// healthy answers as long as the program does.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok\n")
}

var anything = db.Rows[int64](`select 1`)

// ready answers whether the database does, too: a proxy asks it before it sends
// people here. It says no more than yes or no; why not is in the log.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if _, err := anything.One(r.Context(), s.Log.DB()); err != nil {
		slog.Error("not ready", "err", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

// room shows the address of this node to people in a room; with a proposal, to
// members, that of its code for tonight.
func (s *Server) room(w http.ResponseWriter, r *http.Request) error {
	if id := r.URL.Query().Get("proposal"); id != "" {
		return s.wall(w, r, id)
	}
	return s.show(w, r, page.Room(s.frame(r, t(r, "room.title"))))
}
