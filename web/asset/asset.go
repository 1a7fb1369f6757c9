// Package asset embeds the stylesheet, the script and the pictures that pages
// use, under names that change with their content, so that browsers may keep
// them for ever.
package asset

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed *.css *.js *.svg
var files embed.FS

type file struct {
	body  []byte
	media string
}

var (
	byURL  = map[string]file{}
	byName = map[string]string{}
)

func init() {
	names, err := fs.Glob(files, "*")
	if err != nil {
		panic(err)
	}
	for _, n := range names {
		body, err := files.ReadFile(n)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(n)
		u := "/asset/" + strings.TrimSuffix(n, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		byURL[u] = file{body, mime.TypeByExtension(ext)}
		byName[n] = u
	}
}

// URL is the address of a file by its name; it panics on a name that there is
// not, which a test of any page finds.
func URL(name string) string {
	u, ok := byName[name]
	if !ok {
		panic("asset: no file " + name)
	}
	return u
}

// Serve answers requests below /asset/.
func Serve(w http.ResponseWriter, r *http.Request) {
	f, ok := byURL[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.media)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(f.body)
}
