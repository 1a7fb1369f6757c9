package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"translocal/advance"
	"translocal/blueprint"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
	"translocal/search"
	"translocal/web/page"
)

// Feeds are Atom (RFC 4287): what a place, a text or a search has that is new,
// for programs that look by themselves. A feed holds what a stranger may read,
// whoever asks for it, so that its address opens nothing.

// maxEntries is how many entries a feed holds, the newest.
const maxEntries = 50

func (s *Server) feedRoutes() []route {
	return slices.Concat(object("/feed", s.placeFeed), object("/blueprint/{blueprint}/feed", s.blueprintFeed),
		[]route{{"GET /search/feed", s.searchFeed}})
}

type atomFeed struct {
	XMLName xml.Name     `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string       `xml:"xml:lang,attr"`
	ID      string       `xml:"id"`
	Title   string       `xml:"title"`
	Updated string       `xml:"updated"`
	Author  atomAuthor   `xml:"author"`
	Links   []atomLink   `xml:"link"`
	Entries []*atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  *atomAuthor `xml:"author,omitempty"`
	Link    atomLink    `xml:"link"`
	Summary string      `xml:"summary,omitempty"`

	at int64 // microseconds
}

// entry is one thing that happened. id names it for ever; path is where this
// node shows it, below the site.
func (s *Server) entry(id, path, title, summary, by string, at int64) *atomEntry {
	e := &atomEntry{ID: id, Title: title, Summary: summary, Link: atomLink{"alternate", "text/html", s.Shown + path}, at: at}
	if by != "" {
		e.Author = &atomAuthor{by}
	}
	return e
}

// feed writes entries as a feed about a page of this node.
func (s *Server) feed(w http.ResponseWriter, r *http.Request, title, path string, entries []*atomEntry) error {
	slices.SortStableFunc(entries, func(a, b *atomEntry) int { return cmp.Or(cmp.Compare(b.at, a.at), strings.Compare(a.ID, b.ID)) })
	entries = entries[:min(len(entries), maxEntries)]
	id, self := s.Base+r.URL.RequestURI(), s.Shown+r.URL.RequestURI()
	f := atomFeed{Lang: i18n.From(r.Context()).Lang(), ID: id, Title: title, Author: atomAuthor{t(r, "site.name")}, Entries: entries,
		Links: []atomLink{{"self", "application/atom+xml", self}, {"alternate", "text/html", s.Shown + path}}}
	newest := int64(0)
	for _, e := range entries {
		e.Updated = rfc3339(e.at)
		newest = max(newest, e.at)
	}
	f.Updated = rfc3339(newest)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(f); err != nil {
		return err
	}
	sum := sha256.Sum256(b.Bytes())
	h := w.Header()
	h.Set("Content-Type", "application/atom+xml; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Language, Cookie")
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	// ServeContent answers 304 when the reader has this very feed already.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Bytes()))
	return nil
}

// placeFeed is what a place published, decided, brought and warned of.
func (s *Server) placeFeed(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	texts, err := s.Blueprints.Of(ctx, place.Viewer{}, p.Stream)
	if err != nil {
		return err
	}
	warnings, err := s.Blueprints.WarningsBy(ctx, place.Viewer{}, p.Stream)
	if err != nil {
		return err
	}
	outcomes, err := s.Decisions.Outcomes(ctx, p.Stream)
	if err != nil {
		return err
	}
	brought, err := s.Advances.Of(ctx, p.Stream)
	if err != nil {
		return err
	}
	var all []*atomEntry
	for _, x := range texts {
		all = append(all, s.publishedEntry(r, x))
	}
	for _, x := range warnings {
		all = append(all, s.warningEntry(r, x))
	}
	for _, o := range outcomes {
		if o.Title != "" {
			all = append(all, s.entry(o.ID, s.path(o.ID), t(r, "feed.decided", "title", o.Title), t(r, "decide.result."+o.Result, "place", p.Name), p.Name, o.Decided))
		}
	}
	for _, b := range brought {
		all = append(all, s.broughtEntries(r, b)...)
	}
	return s.feed(w, r, p.Name, s.path(p.ID), all)
}

// blueprintFeed is the versions of a text, the warnings on the newest, and what
// became of any of them.
func (s *Server) blueprintFeed(w http.ResponseWriter, r *http.Request) error {
	_, versions, err := s.keyOf(r)
	if err != nil {
		return err
	}
	var all []*atomEntry
	warned := map[string]bool{}
	for i, x := range versions {
		all = append(all, s.publishedEntry(r, x))
		if i < maxEntries {
			more, err := s.becameOf(r, x, warned)
			if err != nil {
				return err
			}
			all = append(all, more...)
		}
	}
	return s.feed(w, r, versions[0].Title, s.path(versions[0].Blueprint), all)
}

// becameOf is what happened to one version: warnings not told yet, and what
// authorities did.
func (s *Server) becameOf(r *http.Request, x blueprint.Title, warned map[string]bool) (all []*atomEntry, err error) {
	v, err := s.Blueprints.Read(r.Context(), place.Viewer{}, x.VersionKey)
	if err != nil {
		return nil, err
	}
	for _, list := range v.Warnings {
		for _, wn := range list {
			if !warned[wn.ID] {
				warned[wn.ID] = true
				all = append(all, s.warningEntry(r, wn))
			}
		}
	}
	brought, err := s.Advances.About(r.Context(), x.ID)
	if err != nil {
		return nil, err
	}
	for _, b := range brought {
		all = append(all, s.broughtEntries(r, b)...)
	}
	return all, nil
}

func (s *Server) publishedEntry(r *http.Request, x blueprint.Title) *atomEntry {
	return s.entry(x.ID, s.path(x.ID), t(r, "feed.published", "title", x.Title, "n", x.N, "language", i18n.Name(x.Language)),
		cmp.Or(x.Message, x.Summary), x.PlaceName, x.At)
}

func (s *Server) warningEntry(r *http.Request, x blueprint.Warning) *atomEntry {
	key := "feed.warned"
	if x.Withdrawn {
		key = "feed.withdrawn"
	}
	e := s.entry(x.ID, "/blueprints", t(r, key, "what", t(r, "blueprint.warning."+strings.ReplaceAll(string(x.Kind), "-", "_"))),
		cmp.Or(x.Reason, x.Text), x.Place.Name, cmp.Or(x.Ended, x.At))
	if at := s.holding(r.Context(), x.Clause); at != "" {
		e.Link.Href = s.Shown + at
	}
	return e
}

// holding is the page of a text that holds a clause, "" when none is known here.
func (s *Server) holding(ctx context.Context, id string) string {
	list, err := s.Blueprints.Holding(ctx, place.Viewer{}, id)
	if err != nil || len(list) == 0 {
		return ""
	}
	return s.path(list[0].ID) + "/clause/" + url.PathEscape(id)
}

// broughtEntries are the bringing of a text to an authority, what the authority
// did, and what happened since.
func (s *Server) broughtEntries(r *http.Request, b *advance.Bringing) (all []*atomEntry) {
	path, text := s.path(b.ID), s.textTitle(r, b.Version)
	all = append(all, s.entry(b.ID, path, t(r, "feed.brought", "text", text, "authority", b.Authority.Name), "", b.Place, b.Brought))
	for _, d := range b.Deeds {
		title := t(r, "feed.deed", "authority", b.Authority.Name, "kind", t(r, "advance.deed."+d.Kind), "text", text, "legal", t(r, "advance.legal."+d.Legal))
		all = append(all, s.entry(d.ID, path, title, d.Reason, b.Place, d.Recorded))
	}
	for i, c := range b.Changes {
		title := t(r, "feed.status", "text", text, "status", t(r, "advance."+c.Lifecycle+"."+c.Status))
		all = append(all, s.entry(b.ID+"#status-"+strconv.Itoa(i), path, title, c.Reason, b.Place, c.Recorded))
	}
	return all
}

// searchFeed is the texts of places that a search finds, the newest first.
func (s *Server) searchFeed(w http.ResponseWriter, r *http.Request) error {
	q := asked(i18n.From(r.Context()).Lang(), r.URL.Query())
	if q.Words == "" && len(q.Only) == 0 {
		return fault.New(fault.NotFound, "feed.no_question")
	}
	if err := q.Check(); err != nil {
		return err
	}
	f, err := s.findings(r.Context())
	if err != nil {
		return err
	}
	hits, err := f.index.Search(q)
	if err != nil {
		return err
	}
	var all []*atomEntry
	for _, h := range hits {
		if x := f.list[h.Entry]; x.At > 0 {
			all = append(all, s.entry(x.ID, x.Path, strings.TrimSuffix(x.Title+" · "+x.Clause, " · "), "", x.Place, x.At))
		}
	}
	return s.feed(w, r, t(r, "feed.search", "words", searchWords(r, q)), "/search?"+r.URL.RawQuery, all)
}

// searchWords are what a search asks, to name it.
func searchWords(r *http.Request, q search.Query) string {
	words := []string{}
	if q.Words != "" {
		words = append(words, q.Words)
	}
	for _, name := range page.Filters {
		if x := q.Only[name]; x != "" {
			words = append(words, x)
		}
	}
	return strings.Join(words, ", ")
}
