package page

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"translocal/i18n"
	"translocal/place"
)

// PublishedPage is what the page on published texts shows.
type PublishedPage struct {
	Texts []place.PublishedText
	Keys  []place.SigningKey // the one in use first
	Kept  bool               // this site must keep everything
	After string             // the text after which Texts begin, as partValue names it; "" for the newest
	More  bool               // there may be older ones

	Erase, Key Form
}

func (p PublishedPage) next() string {
	return "?after=" + partValue(p.Texts[len(p.Texts)-1])
}

// partValue names a text in the form; web.partAt reads it.
func partValue(x place.PublishedText) string { return strconv.FormatInt(x.Index, 10) + "/" + x.Name }

// ofAct says in words what a text is of.
func ofAct(ctx context.Context, actType string) string {
	name, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(actType, ".", "_")), "_v")
	if key := "published.of." + name; i18n.From(ctx).Has(key) {
		return i18n.T(ctx, key)
	}
	return i18n.T(ctx, "published.of.other")
}

// beginning is how a published text begins, so that one knows it again.
func beginning(x place.PublishedText) string {
	const most = 160
	words := string(x.Body)
	if x.Media == "application/json" {
		var v any
		if json.Unmarshal(x.Body, &v) == nil {
			words = strings.Join(texts(v), " · ")
		}
	}
	if r := []rune(words); len(r) > most {
		return string(r[:most]) + "…"
	}
	return words
}

// texts are the texts within a JSON value, the members of objects by name.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			list = append(list, v)
		}
	case []any:
		for _, x := range v {
			list = append(list, texts(x)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = append(list, texts(v[k])...)
		}
	}
	return list
}
