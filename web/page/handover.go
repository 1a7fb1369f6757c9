package page

import (
	"context"

	"translocal/advance"
	"translocal/i18n"
	"translocal/place"
)

// HandItem is one thing that keepers hand on.
type HandItem struct {
	Kind   string   `json:"kind" doc:"What it is: signing_key, root_key, note, secret, backup, backup_keys, tokens, webhook; review, proposal, agenda, task, meeting, mandate, invitation, request; promise, brought, received, sent, told, reports, held"`
	Title  string   `json:"title,omitempty" doc:"In words of people"`
	Count  int      `json:"count" doc:"How many, where several stand together"`
	Day    string   `json:"day,omitempty" doc:"YYYY-MM-DD that it is about"`
	Link   string   `json:"link,omitempty" doc:"URL, or a path on this node"`
	People []string `json:"people,omitempty" doc:"Who looks after it"`
	Alone  bool     `json:"alone,omitempty" doc:"Two should look after it, and fewer do"`
}

// HandOver is the list that is handed on with a place.
type HandOver struct {
	Words    string     `json:"words" doc:"Who holds which keys, in words of the keepers"`
	Keys     []HandItem `json:"keys"`
	Clocks   []HandItem `json:"clocks"`
	Promises []HandItem `json:"promises"`

	// What the viewer looks after, to be answered when stepping down.
	Tasks    []advance.HeldTask `json:"your_tasks"`
	Mandates []place.Mandate    `json:"your_mandates"`
}

// HandOverPage is the list with its forms.
type HandOverPage struct {
	HandOver
	Place       *place.Place
	Members     []place.Membership
	Alone       bool // the viewer is the only keeper
	Note, Leave Form
}

// others are the members to whom something can be handed.
func (p HandOverPage) others(f Frame) (list []place.Membership) {
	for _, m := range p.Members {
		if m.Person != f.Viewer.Person {
			list = append(list, m)
		}
	}
	return list
}

// successors are the answers to who goes on with something; other is whether
// somebody else looks after it already.
func successors(ctx context.Context, members []place.Membership, other bool) []Option {
	first := Option{"", i18n.T(ctx, "roles.choose")}
	if other {
		first.Text = i18n.T(ctx, "handover.other")
	}
	list := []Option{first, {place.GoOn, i18n.T(ctx, "handover.go_on")}}
	for _, m := range members {
		list = append(list, Option{m.Person, m.Name})
	}
	return append(list, Option{place.Nobody, i18n.T(ctx, "handover.nobody")})
}
