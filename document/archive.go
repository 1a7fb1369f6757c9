package document

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"translocal/fault"
)

// A Word or OpenDocument file is a zip archive of XML files. These limits hold for any of them.
const (
	maxEntries = 2000     // files in the archive
	maxPart    = 16 << 20 // bytes of one part, unpacked
	maxTotal   = 32 << 20 // bytes of all parts that are read, unpacked
	maxRatio   = 200      // a part may be so many times as large as it is packed
	ratioFrom  = 1 << 20  // smaller parts may be packed as tightly as they like
)

// archive is a checked zip archive, of which parts are read one by one.
type archive struct {
	files map[string]*zip.File
	names []string // in the order of the archive
	left  int64    // bytes that may still be unpacked
}

func broken(err error) error { return fault.Wrap(fault.Invalid, err, "document.broken") }

func bomb() error { return fault.New(fault.TooLarge, "document.bomb") }

// readArchive tells what an archive is by what is in it.
func readArchive(data []byte) (Text, error) {
	a, err := openArchive(data)
	if err != nil {
		return Text{}, err
	}
	switch {
	case a.files["[Content_Types].xml"] != nil:
		return readDOCX(a)
	case a.files["content.xml"] != nil:
		return readODT(a)
	}
	return Text{}, fault.New(fault.Invalid, "document.archive")
}

// openArchive looks at the list of an archive's files and refuses what no word processor writes.
func openArchive(data []byte) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, broken(err)
	}
	if len(z.File) > maxEntries {
		return nil, bomb()
	}
	a := &archive{files: make(map[string]*zip.File, len(z.File)), left: maxTotal}
	for _, f := range z.File {
		name := f.Name
		switch {
		case f.Flags&1 != 0:
			return nil, fault.New(fault.Invalid, "document.password")
		case strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") || hasUp(name):
			return nil, fault.New(fault.Invalid, "document.paths")
		case macro(name):
			return nil, fault.New(fault.Invalid, "document.macros")
		case a.files[name] != nil: // two readers could see two documents
			return nil, broken(errors.New("twice: " + name))
		}
		a.files[name] = f
		a.names = append(a.names, name)
	}
	return a, nil
}

func hasUp(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// macro reports whether a part of that name holds a program.
func macro(name string) bool {
	name = strings.ToLower(name)
	base := path.Base(name)
	return strings.HasPrefix(base, "vbaproject") || strings.HasPrefix(base, "vbadata") || strings.Contains(name, "/activex/") ||
		!strings.HasSuffix(name, "/") && (strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/"))
}

// part unpacks one part; nil if there is none of that name.
func (a *archive) part(name string) ([]byte, error) {
	f := a.files[name]
	if f == nil {
		return nil, nil
	}
	limit := min(int64(maxPart), a.left)
	if f.UncompressedSize64 > uint64(limit) {
		return nil, bomb()
	}
	r, err := f.Open()
	if err != nil {
		return nil, broken(err)
	}
	defer r.Close()
	packed := int64(min(f.CompressedSize64, uint64(MaxFile)))
	if most := max(ratioFrom, packed*maxRatio); most < limit {
		limit = most
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1)) // whatever the list of files says
	if err != nil {
		return nil, broken(err)
	}
	if int64(len(data)) > limit {
		return nil, bomb()
	}
	a.left -= int64(len(data))
	return data, nil
}
