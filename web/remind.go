package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"translocal/advance"
	"translocal/blueprint"
	"translocal/decide"
	"translocal/fed"
	"translocal/meeting"
	"translocal/notice"
	"translocal/place"
)

// Reminders says what people are told of, from each capability; links are URLs
// of pages of the node at base. The capabilities don't know one another.
func Reminders(base string, ad *advance.Advances, de *decide.Decisions, bl *blueprint.Blueprints, me *meeting.Meetings, pl *place.Places, node *fed.Node, now func() time.Time) []notice.Source {
	return []notice.Source{
		func(ctx context.Context) ([]notice.Reminder, error) { return clocks(ctx, ad) },
		func(ctx context.Context) ([]notice.Reminder, error) { return reviews(ctx, de, now()) },
		func(ctx context.Context) ([]notice.Reminder, error) { return rounds(ctx, de) },
		func(ctx context.Context) ([]notice.Reminder, error) { return unanswered(ctx, bl, pl) },
		func(ctx context.Context) ([]notice.Reminder, error) { return meetings(ctx, me) },
		func(ctx context.Context) ([]notice.Reminder, error) { return forKeepers(ctx, node, base) },
		func(ctx context.Context) ([]notice.Reminder, error) { return endings(ctx, pl, now()) },
		func(ctx context.Context) ([]notice.Reminder, error) { return given(ctx, pl, base, now()) },
	}
}

func clocks(ctx context.Context, ad *advance.Advances) (list []notice.Reminder, err error) {
	all, err := ad.Clocks(ctx)
	for _, c := range all {
		r := notice.Reminder{Cause: "agenda " + c.Bringing, Stream: c.Stream, Kind: "agenda", Day: c.Day, Link: c.Bringing + "/plan", People: c.Keepers}
		if c.Task != "" {
			r.Cause, r.Kind = "task "+c.Task, "task"
		}
		list = append(list, r)
	}
	return list, err
}

func reviews(ctx context.Context, de *decide.Decisions, now time.Time) (list []notice.Reminder, err error) {
	all, err := de.Reviews(ctx, now.AddDate(0, 0, -31), now.AddDate(0, 0, 31))
	for _, r := range all {
		list = append(list, notice.Reminder{Cause: "review " + r.Outcome, Stream: r.Stream, Kind: "review", Day: r.Day, Link: r.Outcome})
	}
	return list, err
}

func rounds(ctx context.Context, de *decide.Decisions) (list []notice.Reminder, err error) {
	all, err := de.Waits(ctx)
	for _, w := range all {
		list = append(list, notice.Reminder{Cause: "round " + w.Proposal + " " + string(w.Round), Stream: w.Stream, Kind: "round",
			Link: w.Place + "/proposal/" + w.Proposal, People: []string{w.Person}})
	}
	return list, err
}

// unanswered tells the keepers of a suggestion, and those who look after its text.
func unanswered(ctx context.Context, bl *blueprint.Blueprints, pl *place.Places) (list []notice.Reminder, err error) {
	all, err := bl.Unanswered(ctx)
	if err != nil {
		return nil, err
	}
	stewards, err := pl.Stewards(ctx)
	for _, u := range all {
		r := notice.Reminder{Cause: "suggestion " + u.ID, Stream: u.Stream, Kind: "suggestion", Link: u.Place + "/suggestion?id=" + url.QueryEscape(u.ID)}
		for _, s := range stewards {
			if s.Stream == u.Stream && s.Text == u.Blueprint {
				r.Also = append(r.Also, s.Person)
			}
		}
		list = append(list, r)
	}
	return list, err
}

// endings tells who has a mandate, and the keepers, that it ends soon.
func endings(ctx context.Context, pl *place.Places, now time.Time) (list []notice.Reminder, err error) {
	all, err := pl.Endings(ctx, now.AddDate(0, 0, 16))
	for _, e := range all {
		last := time.UnixMicro(e.Until - 1).UTC().Format(time.DateOnly)
		list = append(list, notice.Reminder{Cause: "mandate " + e.ID, Stream: e.Stream, Kind: "mandate", Day: last, Link: e.Place + "/roles", Also: []string{e.Person}})
	}
	return list, err
}

// namedFor is for how many days somebody is told of a role that was given or ended.
const namedFor = 30

// given tells people what role they were given, or what role of theirs somebody ended.
func given(ctx context.Context, pl *place.Places, base string, now time.Time) (list []notice.Reminder, err error) {
	all, err := pl.Named(ctx, now.AddDate(0, 0, -namedFor))
	for _, n := range all {
		r := notice.Reminder{Cause: "log " + n.ID, Stream: n.Stream, Kind: "named", Link: n.Place + "/roles", People: []string{n.Person}}
		if !n.Given {
			r.Kind = "unnamed"
		}
		if n.Stream == "" {
			r.Link = base + "/site"
		}
		list = append(list, r)
	}
	return list, err
}

// meetings reminds those who have taken a role in a meeting. The day is one on
// the wall there; a few days more than the earliest reminder needs do no harm.
func meetings(ctx context.Context, me *meeting.Meetings) (list []notice.Reminder, err error) {
	all, err := me.Coming(ctx, 9)
	for _, m := range all {
		list = append(list, notice.Reminder{Cause: "meeting " + m.ID, Stream: m.Stream, Kind: "meeting", Day: m.Day, Link: m.Place + "/meeting/" + m.ID, People: m.People})
	}
	return list, err
}

// forKeepers tells of what stands on the keepers' own list. The same notice, if
// it comes again on another day, is told again.
func forKeepers(ctx context.Context, node *fed.Node, base string) (list []notice.Reminder, err error) {
	all, err := node.Unseen(ctx)
	for _, x := range all {
		day := strconv.FormatInt(x.At/(24*time.Hour).Microseconds(), 10)
		list = append(list, notice.Reminder{Cause: "keeper " + x.ID + " " + day, Stream: x.Stream, Kind: "keeper", Link: base + "/notices"})
	}
	return list, err
}
