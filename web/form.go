package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"translocal/fault"
	"translocal/i18n"
	"translocal/web/page"
)

// maxForm is the most that a form may weigh, in bytes.
const maxForm = 2 << 20

// typed reads a posted form; every handler of a POST begins with it.
func typed(w http.ResponseWriter, r *http.Request) (page.Form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return page.Form{}, fault.Wrap(fault.TooLarge, err, "fault.too_large")
		}
		return page.Form{}, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	return page.Form{Values: r.PostForm}, nil
}

// again puts into a form what is wrong with it, when that is what err says;
// any other error it hands back.
func again(r *http.Request, form *page.Form, err error) error {
	f := asFault(err)
	if f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return err
	}
	p := i18n.From(r.Context())
	form.Faults = map[string]string{}
	for _, x := range f.Fields {
		if form.Faults[x.Name] == "" {
			form.Faults[x.Name] = p.T(x.Key, x.Args...)
		}
	}
	form.Whole = said(p, err)
	return nil
}

func asFault(err error) *fault.Error {
	var f *fault.Error
	errors.As(err, &f)
	return f
}

// list splits what was typed into a field of several lines or commas.
func list(s string) []string {
	var out []string
	for _, x := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '\n' || r == ';' }) {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// local is a path on this node, or "/": never an address elsewhere.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return next
}

func queryEscape(s string) string { return url.QueryEscape(s) }

func itoa(n int) string { return strconv.Itoa(n) }
