package web

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"

	"translocal/blueprint/check"
	"translocal/fault"
)

// pack makes a text small, so that a page can carry it to be sent again: nothing of it is kept here in between.
func pack(text string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil { // the level is one of the package's own
		panic(err)
	}
	io.WriteString(w, text)
	w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// unpack reads what pack made, or what somebody sends as such: no more than a draft may have.
func unpack(s string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "fault.form")
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), check.MaxBytes+1))
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "fault.form")
	}
	return string(text), nil
}
