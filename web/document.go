package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/advance"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) documentRoutes() []route {
	return append(object("/document/{id}", s.document), []route{
		{"POST /p/{place}/bringing/{id}/document", s.putInDocument},
		{"GET /p/{place}/bringing/{id}/document/{draft}", s.documentDraft},
		{"GET /p/{place}/bringing/{id}/document/{draft}/file", s.documentDraftFile},
		{"POST /p/{place}/bringing/{id}/document/{draft}", s.attachDocument},
	}...)
}

// attached reads a form with a file, in memory.
func attached(w http.ResponseWriter, r *http.Request) (page.Form, advance.Attachment, error) {
	const most = advance.MaxFile + 64<<10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseMultipartForm(most)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return page.Filled(), advance.Attachment{}, fault.At("file", "file.too_large", "max", advance.MaxFile>>20)
	}
	if err != nil {
		return page.Filled(), advance.Attachment{}, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	form := page.Form{Values: r.PostForm}
	f, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return form, advance.Attachment{}, fault.At("file", "fault.required")
	}
	if err != nil {
		return form, advance.Attachment{}, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return form, advance.Attachment{Name: head.Filename, Description: form.Value("description"), Data: data}, err
}

func (s *Server) putInDocument(w http.ResponseWriter, r *http.Request) error {
	p, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.AttachDocument, place.Any); err != nil {
		return err
	}
	form, a, err := attached(w, r)
	var d *advance.Draft
	if err == nil {
		d, err = s.putIn(r.Context(), p, form.Value("deed"), a)
	}
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		form.Whole = t(r, "file.choose_again")
		return s.showBringing(w, r, code, page.Form{}, page.Form{}, form)
	}
	http.Redirect(w, r, s.path(b.ID)+"/document/"+d.ID, http.StatusSeeOther)
	return nil
}

// putIn takes a file; one picture is opened at a time, for that takes memory.
func (s *Server) putIn(ctx context.Context, p *place.Place, deed string, a advance.Attachment) (*advance.Draft, error) {
	alone, end, err := s.alone(ctx, 30*time.Second, "file.busy")
	if err != nil {
		return nil, err
	}
	defer end()
	return s.Advances.PutIn(alone, viewerIn(ctx), p.Stream, deed, a)
}

// draftOf finds the viewer's draft of the path.
func (s *Server) draftOf(r *http.Request) (*place.Place, *advance.Bringing, *advance.Draft, error) {
	p, b, err := s.bringingOf(r)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.AttachDocument, place.Any); err != nil {
		return nil, nil, nil, err
	}
	d, err := s.Advances.PutInto(r.Context(), viewer(r), r.PathValue("draft"))
	if err == nil && (d.Bringing != b.ID || d.Stream != p.Stream) {
		err = fault.New(fault.NotFound, "fault.not_found")
	}
	return p, b, d, err
}

func (s *Server) documentDraft(w http.ResponseWriter, r *http.Request) error {
	return s.showDocumentDraft(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showDocumentDraft(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	p, b, d, err := s.draftOf(r)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.DocumentDraft(s.frame(r, t(r, "file.preview")), p, b, d, form))
}

func (s *Server) documentDraftFile(w http.ResponseWriter, r *http.Request) error {
	_, _, d, err := s.draftOf(r)
	if err != nil {
		return err
	}
	data, err := s.Advances.DraftBytes(d)
	if err != nil {
		return err
	}
	return sendDocument(w, d.Name, d.Media, data)
}

func (s *Server) attachDocument(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	_, b, d, err := s.draftOf(r)
	if err != nil {
		return err
	}
	if form.Value("do") == "drop" {
		if err := s.Advances.DropDraft(r.Context(), viewer(r), d.ID); err != nil {
			return err
		}
		return after(w, r, s.path(b.ID), "said.file_dropped")
	}
	if form.Value("understood") == "" {
		err = fault.At("understood", "file.understood.missing")
	} else {
		_, err = s.Advances.Attach(r.Context(), viewer(r), d.ID)
	}
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showDocumentDraft(w, r, code, form)
	}
	return after(w, r, s.path(b.ID), "said.file_attached")
}

// document gives a published document; that of another node is fetched the first time.
func (s *Server) document(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	d, data, err := s.Advances.ReadDocument(r.Context(), p.ID+"/document/"+r.PathValue("id"))
	if err != nil {
		return err
	}
	return sendDocument(w, d.Name, d.Media, data)
}

// sendDocument sends what somebody put in: to be saved and not shown, as what it
// is and nothing else, and with no power should a browser open it all the same.
func sendDocument(w http.ResponseWriter, name, media string, data []byte) error {
	h := w.Header()
	if media == "text/plain" {
		media += "; charset=utf-8"
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-store") // it may be erased
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, err := w.Write(data)
	return err
}

// documentAPI is the same for programs.
func (s *Server) documentAPI(api huma.API) {
	operateUpTo(api, advance.MaxFile*4/3+64<<10, "POST", "/places/{stream}/documents", "attach-document",
		"Attach a file to what an authority did: PDF, PNG, JPEG or plain text, at most 10 MB. Pictures are written anew, without what cameras note. It is public and can't be taken back",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Deed        string `json:"deed" doc:"URL of the deed"`
				Name        string `json:"name" doc:"Of the file"`
				Description string `json:"description,omitempty"`
				Data        []byte `json:"data" doc:"The file, in base64"`
			}
		}) (*idBody, error) {
			if err := place.May(ctx, s.Log.DB(), viewerIn(ctx), in.stream(), place.AttachDocument, place.Any); err != nil {
				return nil, err
			}
			d, err := s.putIn(ctx, &place.Place{Stream: in.stream()}, in.Body.Deed, advance.Attachment{Name: in.Body.Name, Description: in.Body.Description, Data: in.Body.Data})
			if err != nil {
				return nil, err
			}
			out, err := s.Advances.Attach(ctx, viewerIn(ctx), d.ID)
			if err != nil {
				return nil, errors.Join(err, s.Advances.DropDraft(ctx, viewerIn(ctx), d.ID))
			}
			return newID(out.ID), nil
		})
}
