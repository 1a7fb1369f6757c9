package tally

import "bytes"

// csvRows reads the rows of a CSV file: fields between separators; a field in
// quotes may hold separators, line ends and doubled quotes (RFC 4180),
// with blanks around it. Empty lines are passed. It makes no string and copies a field only where
// quotes are doubled or line ends within it are CR LF, which read as LF.
type csvRows struct {
	data  []byte
	comma byte
	at    int
	line  int // at which reading stands, from 1

	first       int  // line on which the last row began
	quotedFirst bool // its first field stood in quotes
	fields      [][]byte
}

// newCSVRows takes a file without byte order mark. A first line "sep=;", as
// spreadsheets write it, names the separator; else the header shows it.
func newCSVRows(data []byte) *csvRows {
	r := &csvRows{data: data, line: 1}
	line, _, more := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if sep, ok := bytes.CutPrefix(line, []byte("sep=")); ok && more && len(sep) == 1 && bytes.ContainsAny(sep, ",;\t") {
		r.comma, r.at, r.line = sep[0], bytes.IndexByte(data, '\n')+1, 2
		return r
	}
	r.comma = separator(line)
	return r
}

// separator gives the separator that a header uses most outside quotes; a
// comma if none.
func separator(header []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, b := range header {
		switch {
		case b == '"':
			quoted = !quoted
		case !quoted:
			counts[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte(";\t") {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return best
}

// next reads a row, which stands until the following call; nil after the last.
func (r *csvRows) next() ([][]byte, error) {
	for r.at < len(r.data) && (r.data[r.at] == '\n' || r.data[r.at] == '\r' && r.ends(r.at)) {
		r.endLine(r.at)
	}
	if r.at == len(r.data) {
		return nil, nil
	}
	r.first = r.line
	r.quotedFirst = r.quoteAhead(r.at) >= 0
	fields := r.fields[:0]
	data, comma, at := r.data, r.comma, r.at
	for {
		start := at
		open := -1
		if at < len(data) && data[at] <= '"' { // a quote, or a blank before one
			open = r.quoteAhead(at)
		}
		if open >= 0 {
			field, end, err := r.quoted(open)
			if err != nil {
				return nil, err
			}
			fields = append(fields, field)
			at = end
		} else {
			for at < len(data) {
				if b := data[at]; b == comma || b == '\n' || b == '"' {
					break
				}
				at++
			}
			if at < len(data) && data[at] == '"' {
				return nil, wrongAt(r.line, foundInnerQuote, wantQuotes)
			}
			end := at
			if end > start && data[end-1] == '\r' && r.ends(end-1) {
				end--
			}
			fields = append(fields, data[start:end:end])
		}
		if at < len(data) && data[at] == comma {
			at++
			continue
		}
		r.endLine(at)
		r.fields = fields
		return fields, nil
	}
}

// quoteAhead gives where the quote stands that begins the field at a byte, -1 if
// none does. Blanks before it are dropped.
func (r *csvRows) quoteAhead(at int) int {
	for at < len(r.data) && (r.data[at] == ' ' || r.data[at] == '\t' && r.comma != '\t') {
		at++
	}
	if at < len(r.data) && r.data[at] == '"' {
		return at
	}
	return -1
}

// ends tells whether the line ends at a byte, with what follows it.
func (r *csvRows) ends(at int) bool {
	if at < len(r.data) && r.data[at] == '\r' {
		at++
	}
	return at >= len(r.data) || r.data[at] == '\n'
}

// endLine passes the end of a line that stands at a byte.
func (r *csvRows) endLine(at int) {
	if at < len(r.data) && r.data[at] == '\r' {
		at++
	}
	if at < len(r.data) {
		at++
		r.line++
	}
	r.at = at
}

// quoted reads the field in quotes that begins at a byte, and gives the byte at
// which its separator or line end stands.
func (r *csvRows) quoted(at int) (field []byte, end int, err error) {
	began := r.line
	start := at + 1
	at, plain := start, true
	for {
		n := bytes.IndexByte(r.data[at:], '"')
		if n < 0 {
			return nil, 0, wrongAt(began, foundOpenQuote, wantQuotes)
		}
		part := r.data[at : at+n]
		r.line += bytes.Count(part, []byte("\n"))
		plain = plain && !bytes.Contains(part, []byte("\r\n"))
		at += n + 1
		if at == len(r.data) || r.data[at] != '"' {
			break
		}
		plain = false
		at++
	}
	closed := at - 1
	for at < len(r.data) && (r.data[at] == ' ' || r.data[at] == '\t' && r.comma != '\t') {
		at++
	}
	if at < len(r.data) && r.data[at] != r.comma && !r.ends(at) {
		return nil, 0, wrongAt(r.line, foundInnerQuote, wantQuotes)
	}
	field = r.data[start:closed:closed]
	if !plain {
		field = bytes.ReplaceAll(bytes.ReplaceAll(field, []byte(`""`), []byte(`"`)), []byte("\r\n"), []byte("\n"))
	}
	return field, at, nil
}
