package library

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a file.
const (
	maxFile  = 4 << 20 // bytes
	maxDepth = 12      // objects and lists within one another; ours need 7
)

// Fault is one thing wrong with one file of a library.
type Fault struct {
	File    string // within its folder, "models/x.json"
	Field   string // a dotted path, "clauses.3.text.es"; "" for the file itself
	Problem string
}

func (f Fault) Error() string {
	if f.Field == "" {
		return f.File + ": " + f.Problem
	}
	return f.File + ": " + f.Field + ": " + f.Problem
}

// Faults is everything found wrong, in the order of the files.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads the library that comes with the program, and what the given folders
// add to it: each may hold instruments.json, families.json and models/*.json.
//
// Content with a fault is left out, so that one file of a community can't keep a
// node from starting: the error is then Faults, and the library holds all the
// rest. Only when the program's own content is broken is there no library.
func Load(more ...fs.FS) (*Library, error) {
	l, faults := load(embedded)
	if len(faults) > 0 {
		return nil, faults
	}
	for _, folder := range more {
		faults = append(faults, l.add(folder)...)
	}
	if len(faults) > 0 {
		return l, faults
	}
	return l, nil
}

// Check returns all faults of a folder that would be added to the library.
func Check(folder fs.FS) Faults {
	l, faults := load(embedded)
	if len(faults) > 0 {
		return faults
	}
	return l.add(folder)
}

func load(folder fs.FS) (*Library, Faults) {
	l := &Library{}
	faults := l.add(folder)
	return l, faults
}

// The shapes of the files.
type (
	instrumentsFile struct {
		Instruments []Instrument `json:"instruments"`
		Reserve     []Reserve    `json:"reserve"`
	}
	familiesFile struct {
		Themes   []Theme   `json:"themes"`
		Families []Family  `json:"families"`
		Reserve  []Reserve `json:"reserve"`
		Shelves  []Shelf   `json:"shelves"`
	}
)

const (
	instrumentsName = "instruments.json"
	familiesName    = "families.json"
)

// add reads a folder and keeps what is sound: first what others refer to.
func (l *Library) add(folder fs.FS) (faults Faults) {
	var instruments instrumentsFile
	if f := read(folder, instrumentsName, &instruments, true); len(f) > 0 {
		faults = append(faults, f...)
	} else {
		faults = append(faults, l.addInstruments(instruments)...)
	}
	var families familiesFile
	if f := read(folder, familiesName, &families, true); len(f) > 0 {
		faults = append(faults, f...)
	} else {
		faults = append(faults, l.addFamilies(families)...)
	}
	names, err := fs.Glob(folder, "models/*.json")
	if err != nil {
		return append(faults, Fault{"models", "", err.Error()})
	}
	for _, name := range names {
		var m Model
		f := read(folder, name, &m, false)
		if len(f) == 0 {
			f = l.checkModel(name, m)
		}
		if len(f) > 0 {
			faults = append(faults, f...)
			continue
		}
		l.Models = append(l.Models, m)
	}
	slices.SortStableFunc(l.Models, func(a, b Model) int { return strings.Compare(a.ID, b.ID) })
	return faults
}

// read decodes one file strictly; a file that may be absent leaves into as it is.
func read(folder fs.FS, name string, into any, optional bool) Faults {
	data, err := readLimited(folder, name)
	if errors.Is(err, fs.ErrNotExist) && optional {
		return nil
	}
	if err == nil {
		err = decode(data, into)
	}
	if err != nil {
		return Faults{{name, "", err.Error()}}
	}
	return nil
}

func readLimited(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return data, nil
}

// decode is encoding/json without its leniency: it refuses bytes that are no
// UTF-8, unknown and repeated keys, keys in another case, and anything after the
// document. Errors say the line.
func decode(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errors.New("is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := checkKeys(d, "", 0); err != nil {
		return atLine(data, d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return atLine(data, d.InputOffset(), errors.New("something follows the document"))
	}
	d = json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return atLine(data, d.InputOffset(), err)
	}
	return nil
}

// isKey tells the shape of all keys. encoding/json takes "Title" for "title"; as
// no key of ours has a capital, the shape alone shuts that out.
func isKey(s string) bool {
	for i, r := range s {
		word := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !word && (i == 0 || r != '_' && r != '-') {
			return false
		}
	}
	return s != ""
}

// checkKeys walks over one value and refuses repeated and misshapen keys.
func checkKeys(d *json.Decoder, field string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') && t != json.Delim('[') {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		name := fmt.Sprint(i)
		if t == json.Delim('{') {
			k, err := d.Token()
			if err != nil {
				return err
			}
			name = k.(string)
			if !isKey(name) {
				return fmt.Errorf("%s: not a key: small letters, digits, - and _ are allowed", join(field, fmt.Sprintf("%q", name)))
			}
			if seen[name] {
				return fmt.Errorf("%s: this key is there twice", join(field, name))
			}
			seen[name] = true
		}
		if err := checkKeys(d, join(field, name), depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// atLine adds the line that an error lies in, where it knows better than the decoder.
func atLine(data []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	offset = min(max(offset, 0), int64(len(data)))
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), err)
}

// UnmarshalJSON reads an object of languages, or a string that serves them all.
func (t *Text) UnmarshalJSON(data []byte) error {
	what := errors.New("a text is a string, or an object of languages and strings")
	if len(data) > 0 && data[0] == '"' {
		var one string
		if err := json.Unmarshal(data, &one); err != nil {
			return what
		}
		*t = Text{"": one}
		return nil
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		return what
	}
	if _, ok := all[""]; ok {
		return errors.New("a text has no language called nothing")
	}
	*t = all
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t Text) MarshalJSON() ([]byte, error) {
	if one, ok := t[""]; ok && len(t) == 1 {
		return json.Marshal(one)
	}
	return json.Marshal(map[string]string(t))
}

func join(field, name string) string { return strings.TrimPrefix(field+"."+name, ".") }

// base is the id that a file's name promises.
func base(name string) string { return strings.TrimSuffix(path.Base(name), ".json") }
