package web_test

import (
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/place"
)

// heavy is what a page may weigh in bytes, before it is packed on the way.
const heavy = 50 << 10

// longText has as many clauses as a text may have, of four hundred words each, no two alike.
func longText(title string) blueprint.Text {
	t := blueprint.Text{Title: title, Language: "en", Institution: "council"}
	for i := range blueprint.MaxClauses {
		t.Clauses = append(t.Clauses, blueprint.Clause{Wording: blueprint.Wording{ID: act.NewToken(), Kind: clause.Passage, Heading: fmt.Sprintf("On matter %d", i),
			Text: words(i, 400)}})
	}
	return t
}

func words(seed, n int) string {
	syllables := []string{"ka", "ro", "mi", "te", "lu", "so", "ne", "va", "di", "pu", "go", "ha"}
	var b strings.Builder
	x := uint32(seed)*2654435761 + 12345
	for i := range n {
		if i > 0 {
			b.WriteString(" ")
		}
		for range 3 {
			x = x*1664525 + 1013904223
			b.WriteString(syllables[x>>16%uint32(len(syllables))])
		}
	}
	return b.String() + "."
}

// A text as long as texts may be, and one that two hundred others were made of, weigh no more on their pages than others.
func TestPagesOfLongTextsAreLight(t *testing.T) {
	n := openNode(t)
	river, ana := n.setUp("Rio", "Ana")
	ctx, b := t.Context(), n.blueprints
	long := n.publish(ana, river, longText("The long one"))
	next := long.Text
	next.Clauses = append([]blueprint.Clause(nil), next.Clauses...)
	for i := range next.Clauses {
		next.Clauses[i].Text = strings.Replace(next.Clauses[i].Text, " ", " not ", 5) + " And more."
	}
	after, err := b.Publish(ctx, ana.Viewer, blueprint.Publication{Place: river.Stream, Blueprint: long.Blueprint, Base: long.ID, Text: next})
	must(t, err)
	newest, err := b.Read(ctx, ana.Viewer, after)
	must(t, err)
	sierra, err := n.places.Found(ctx, ana.Viewer, "place", place.Profile{Name: "Sierra"})
	must(t, err)
	l, err := b.Adapt(ctx, ana.Viewer, blueprint.Source{Version: long.VersionKey}, sierra.Stream)
	must(t, err)
	d, err := b.ReadDraft(ctx, ana.Viewer, l)
	must(t, err)
	for i := range 3 {
		w := d.Clauses[i].Wording
		w.Text = "Ours. " + w.Text
		d, err = b.SetClause(ctx, ana.Viewer, l, d.Rev, w)
		must(t, err)
	}
	hersKey, err := b.PublishDraft(ctx, ana.Viewer, l, blueprint.Publishing{Rev: d.Rev})
	must(t, err)
	adapted, err := b.Adapt(ctx, ana.Viewer, blueprint.Source{Version: long.VersionKey}, sierra.Stream)
	must(t, err)
	loose, err := b.Adapt(ctx, place.Viewer{}, blueprint.Source{Version: long.VersionKey}, "")
	must(t, err)
	bring, err := b.BringIn(ctx, ana.Viewer, hersKey, after)
	must(t, err)
	translation, err := b.Translate(ctx, ana.Viewer, blueprint.Source{Version: long.VersionKey}, sierra.Stream, "es")
	must(t, err)

	many := motion("Many made it their own")
	many.Clauses[0].Text, many.Clauses[0].Softer, many.Clauses[0].Stronger = words(1, 400), words(2, 400), words(3, 400)
	root := n.publish(ana, river, many)
	for i := range 200 {
		l, err := b.Adapt(ctx, ana.Viewer, blueprint.Source{Version: root.VersionKey}, sierra.Stream)
		must(t, err)
		d, err := b.ReadDraft(ctx, ana.Viewer, l)
		must(t, err)
		w := d.Clauses[0].Wording
		w.Text = words(1, 200) + " " + words(2, i%40) + " " + words(3, 40-i%40) + " " + words(100+i, 100)
		d, err = b.SetClause(ctx, ana.Viewer, l, d.Rev, w)
		must(t, err)
		_, err = b.PublishDraft(ctx, ana.Viewer, l, blueprint.Publishing{Rev: d.Rev})
		must(t, err)
	}
	for i := range 60 {
		_, err := b.Warn(ctx, ana.Viewer, blueprint.NewWarning{Place: river.Stream, Clause: root.Clauses[0].ID, Version: root.VersionKey, Kind: "ignored", Cited: "Minutes", Text: words(i, 120)})
		must(t, err)
	}
	q := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return "?" + v.Encode()
	}
	draft := func(l blueprint.Link) string { return "/draft/" + string(l) }
	first, last := long.Clauses[0].ID, long.Clauses[len(long.Clauses)-1].ID
	for _, path := range []string{
		"/", "/library", "/library/treaties", "/blueprints", "/search?q=matter", "/search?q=council", "/search" + q("q", strings.Fields(words(1, 4))[2]), "/places", "/map",
		n.path(river.ID), n.path(sierra.ID), n.path(sierra.ID) + "/work", n.path(river.ID) + "/published", n.path(sierra.ID) + "/published",
		n.path(long.ID), n.path(long.ID) + "/clause/" + first, n.path(long.ID) + "/clause/" + first + "/scale", n.path(long.Blueprint) + "/versions", n.path(long.Blueprint) + "/lineage",
		n.path(root.ID), n.path(root.ID) + "/clause/" + root.Clauses[0].ID, n.path(root.ID) + "/clause/" + root.Clauses[0].ID + "/scale", n.path(root.Blueprint) + "/lineage", n.path(root.Blueprint) + "/versions",
		"/compare" + q("older", long.ID, "newer", newest.ID), "/compare" + q("older", long.ID, "newer", hersKey.ID), "/compare" + q("older", long.ID, "newer", root.ID),
		"/suggest" + q("to", long.ID, "place", string(sierra.Stream)), "/suggest" + q("to", newest.ID, "place", string(sierra.Stream)),
		"/suggest" + q("place", string(sierra.Stream), "from", hersKey.ID, "to", newest.ID), "/suggest" + q("place", string(sierra.Stream), "from", hersKey.ID),
		"/tell" + q("version", long.ID, "clause", first), n.path(river.ID) + "/suggestion/enter" + q("version", long.ID),
		draft(adapted), draft(adapted) + "?at=" + last, draft(adapted) + "/head", draft(adapted) + "/add?after=" + first, draft(adapted) + "/clause/" + first, draft(adapted) + "/publish", draft(adapted) + "/check",
		draft(loose), draft(bring), draft(bring) + "/publish", draft(translation), draft(translation) + "/clause/" + first, draft(translation) + "/publish", draft(translation) + "/check",
		n.path(river.ID) + "/propose" + q("version", long.ID), "/who-may", "/what-we-could-do", "/api",
	} {
		x := n.do(ana, get(path))
		if os.Getenv("SHOW_SIZES") != "" {
			fmt.Printf("%4d %8d %s\n", x.status, len(x.body), path)
		}
		if x.status != 200 {
			t.Errorf("%s: %d", path, x.status)
		}
		if len(x.body) > heavy {
			t.Errorf("%s: %d bytes", path, len(x.body))
		}
	}
	// Page by page one comes to every clause, and each once.
	for _, path := range []string{n.path(long.ID), draft(adapted)} {
		seen, at := map[string]int{}, path
		for pages := 0; at != "" && pages < 400; pages++ {
			x := n.do(ana, get(at))
			if len(x.body) > heavy {
				t.Errorf("%s: %d bytes", at, len(x.body))
			}
			for _, m := range sectionID.FindAllStringSubmatch(x.body, -1) {
				seen[m[1]]++
			}
			at = ""
			if m := nextPage.FindStringSubmatch(x.body); m != nil {
				at = html.UnescapeString(m[1])
			}
		}
		for _, c := range long.Clauses {
			if seen[c.ID] != 1 {
				t.Fatalf("%s: a clause was shown %d times", path, seen[c.ID])
			}
		}
	}
	// A clause is found on its page by its id, and what was done beside it leads back there.
	if x := n.do(ana, get(n.path(long.ID)+"?at="+last)); !strings.Contains(x.body, `id="`+last+`"`) || strings.Contains(x.body, `id="`+first+`"`) {
		t.Error("the page of the last clause is not shown")
	}
	x := n.do(ana, post(draft(adapted)+"/do", "what", "up", "rev", "1", "clause", last))
	if to := x.header.Get("Location"); !strings.HasSuffix(to, "?at="+last+"#"+last) {
		t.Error(to)
	}
	// The whole is as large as the text.
	if x := n.do(ana, get(n.path(long.ID)+"?whole=1")); strings.Count(x.body, `<section class="clause"`) != len(long.Clauses) {
		t.Error("the whole text is not on one page")
	}
	for _, bad := range []string{"-1", "999999", "x", "1e9", ""} {
		if x := n.do(ana, get(n.path(long.ID)+"?from="+bad)); x.status != 200 || !strings.Contains(x.body, `id="`+first+`"`) {
			t.Errorf("from=%s: %d", bad, x.status)
		}
	}
}

var (
	sectionID = regexp.MustCompile(`<section class="(?:clause|card)" id="([^"]+)"`)
	nextPage  = regexp.MustCompile(`rel="next" href="([^"]+)"`)
)

// The pages of the library are light too, in each language.
func TestPagesOfTheLibraryAreLight(t *testing.T) {
	n := openNode(t)
	paths := []string{"/library", "/library/treaties", "/what-we-could-do", "/check-draft"}
	for _, m := range n.config.Library.Models {
		at := "/library/model/" + m.ID
		paths = append(paths, at, at+"/kit")
	}
	for _, f := range n.config.Library.Families {
		paths = append(paths, "/library/family/"+f.ID)
	}
	for _, lang := range []string{"en", "es"} {
		for _, path := range paths {
			x := n.do(person{}, get(path+"?lang="+lang))
			if x.status == 303 {
				x = n.do(person{}, get(x.header.Get("Location")))
			}
			if os.Getenv("SHOW_SIZES") != "" {
				fmt.Printf("%4d %8d %s %s\n", x.status, len(x.body), lang, path)
			}
			if x.status != 200 || len(x.body) > heavy {
				t.Errorf("%s in %s: %d, %d bytes", path, lang, x.status, len(x.body))
			}
		}
	}
}
