package page

import (
	"context"
	"strings"
	"time"

	"translocal/advance"
	"translocal/decide"
	"translocal/i18n"
	"translocal/place"
)

func options(ctx context.Context, prefix string, values []string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{v, i18n.T(ctx, prefix+v)}
	}
	return out
}

func authorityKinds(ctx context.Context) []Option {
	return options(ctx, "advance.kind.", advance.AuthorityKinds)
}

func deedKinds(ctx context.Context) []Option {
	return options(ctx, "advance.deed.", advance.DeedKinds)
}

func legalOptions(ctx context.Context, now string) []Option {
	return options(ctx, "advance.legal.", advance.LegalAfter(now))
}

// stepOptions are the steps that may follow in both lifecycles, as
// "lifecycle/status".
func stepOptions(ctx context.Context, b *advance.Bringing) []Option {
	var out []Option
	for _, s := range advance.DeliveryAfter(b.Delivery) {
		out = append(out, Option{advance.Delivery + "/" + s, i18n.T(ctx, "advance.since") + ": " + i18n.T(ctx, "advance.delivery."+s)})
	}
	for _, s := range advance.LegalAfter(b.Legal) {
		out = append(out, Option{advance.Legal + "/" + s, i18n.T(ctx, "advance.legal") + ": " + i18n.T(ctx, "advance.legal."+s)})
	}
	return out
}

func kindOptions(ctx context.Context, round place.State) []Option {
	var out []Option
	for _, k := range decide.Kinds(round) {
		out = append(out, Option{string(k), i18n.T(ctx, "decide.kind."+string(k)+".long")})
	}
	return out
}

// date writes a stored day (YYYY-MM-DD) in the reader's language.
func date(ctx context.Context, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return i18n.From(ctx).Date(t)
}

func isLink(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// offset says how far a task lies from the day on which the agenda closes.
func offset(ctx context.Context, before int) string {
	switch {
	case before > 0:
		return i18n.N(ctx, "advance.before", before)
	case before < 0:
		return i18n.N(ctx, "advance.after", -before)
	}
	return i18n.T(ctx, "advance.on_the_day")
}
