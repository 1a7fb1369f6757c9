package main

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// never holds what no committed file may say: the folders of one machine, the
// hosts that packages come from, and marks of unfinished work. Each pattern is
// written so that it does not match itself.
var never = []*regexp.Regexp{
	regexp.MustCompile(`(^|[\s"'(=:,` + "`" + `])[/](work|root|home|Users|tmp|var/tmp)/[\w.]`),
	regexp.MustCompile(`registry[.]npmjs|registry[.]yarnpkg|proxy[.]golang[.]org|sum[.]golang[.]org|goproxy[.]|pypi[.]org|pythonhosted[.]|crates[.]io|deb[.]debian[.]org`),
	regexp.MustCompile(`\b(TODO[:( ]|FIXME[:( ]|XXX[:( ])`),
}

func checkWords(r *repository) (found []problem, err error) {
	for _, name := range r.with("") {
		if name == "LICENSE" || path.Base(name) == "go.sum" || path.Base(name) == "tools.sum" {
			continue
		}
		data, err := r.read(name)
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
			continue // a picture or the like
		}
		n := 0
		for line := range bytes.Lines(data) {
			n++
			for _, pattern := range never {
				if hit := pattern.Find(line); hit != nil {
					found = append(found, problem{fmt.Sprintf("%s:%d", name, n), fmt.Sprintf("says %q", hit)})
				}
			}
		}
	}
	return found, nil
}

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceLink = regexp.MustCompile(`^\s*\[[^\]]+\]:\s+<?([^\s>]+)>?`)
	heading       = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*\s*$`)
	codeSpan      = regexp.MustCompile("`[^`]*`")
)

// checkLinks follows the links from one document to another, or to a heading.
func checkLinks(r *repository) (found []problem, err error) {
	exists := map[string]bool{".": true}
	for _, name := range r.files {
		for ; name != "."; name = path.Dir(name) {
			exists[name] = true
		}
	}
	anchors := map[string]map[string]bool{}
	links := map[string][]link{}
	for _, name := range r.with(".md") {
		data, err := r.read(name)
		if err != nil {
			return nil, err
		}
		anchors[name], links[name] = readMarkdown(string(data))
	}
	for _, name := range r.with(".md") {
		for _, l := range links[name] {
			if what := dead(name, l.target, exists, anchors); what != "" {
				found = append(found, problem{fmt.Sprintf("%s:%d", name, l.line), what})
			}
		}
	}
	return found, nil
}

type link struct {
	line   int
	target string
}

// readMarkdown returns the anchors of a document's headings and its links, those
// in code left out.
func readMarkdown(text string) (anchors map[string]bool, links []link) {
	anchors = map[string]bool{}
	n, fenced := 0, false
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			anchors[slug(m[1])] = true
		}
		line = codeSpan.ReplaceAllString(line, "")
		for _, m := range inlineLink.FindAllStringSubmatch(line, -1) {
			links = append(links, link{n, m[1]})
		}
		if m := referenceLink.FindStringSubmatch(line); m != nil {
			links = append(links, link{n, m[1]})
		}
	}
	return anchors, links
}

// slug is the anchor that forges give to a heading.
func slug(title string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(title) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
			b.WriteRune(c)
		}
	}
	return b.String()
}

// dead says what is wrong with a link, or "". Links to other sites are not
// followed: a check must not depend on them.
func dead(from, target string, exists map[string]bool, anchors map[string]map[string]bool) string {
	u, err := url.Parse(target)
	if err != nil {
		return "has the link " + target + ", which is not one"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	to := from
	if u.Path != "" {
		to = path.Join(path.Dir(from), u.Path)
	}
	if !exists[to] {
		return "links to " + target + ", which is not there"
	}
	if known, document := anchors[to]; u.Fragment != "" && document && !known[u.Fragment] {
		return "links to " + target + ", but no heading is called so"
	}
	return ""
}
