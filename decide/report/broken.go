package report

import (
	"errors"
	"strconv"

	"translocal/decide/opinion"
	"translocal/decide/tally"
	"translocal/i18n"
)

// Broken says what is wrong with a file of ballots, which it calls by the given
// name, or of a conversation, in the reader's language; ok is false if err is
// about something else.
func Broken(file string, err error, p *i18n.Printer) (sentence string, ok bool) {
	var ballots *tally.FormatError
	var opinions *opinion.FormatError
	switch {
	case errors.As(err, &ballots):
		return p.T("count.broken.line", "file", file, "line", strconv.Itoa(ballots.Line),
			"found", phrase(p, ballots.Found, ballots.Args), "expected", phrase(p, ballots.Expected, ballots.Args)), true
	case errors.As(err, &opinions):
		return p.T("count.opinion.broken."+string(opinions.Why),
			append([]any{"file", opinions.File, "line", strconv.Itoa(opinions.Line)}, opinions.Args...)...), true
	}
	return "", false
}

// Refused says why err keeps ballots from being counted: in the reader's language
// where a rule refuses them.
func Refused(err error, p *i18n.Printer) string {
	var refusal *tally.Refusal
	if errors.As(err, &refusal) {
		return phrase(p, refusal.Why, refusal.Args)
	}
	return err.Error()
}

// phrase says what was found, expected or refused; an argument "count" chooses its plural.
func phrase(p *i18n.Printer, what tally.Phrase, args []any) string {
	count := 0
	for i := 0; i+1 < len(args); i += 2 {
		if n, isInt := args[i+1].(int); isInt && args[i] == "count" {
			count = n
		}
	}
	return p.N("count.broken."+what.Key, count, args...)
}
