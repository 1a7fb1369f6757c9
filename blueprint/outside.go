package blueprint

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Outside is a place without a node: its suggestion came by file or on paper and was entered by a keeper here,
// who also tells it the answer.
type Outside struct {
	Name   string `json:"name"`
	Credit string `json:"credit,omitempty"` // public, in the message of a version that uses it; "" where it is not to be named
}

// NewOutside is a suggestion of a place without a node, to be entered.
type NewOutside struct {
	To      VersionKey // our version that it is for
	Outside Outside
	Changes []SuggestedChange
	Note    string
}

// Differences lists how a text that came from elsewhere differs from one of ours, as changes without
// reasons yet. list has the ids of the clauses that it answers to (Matched).
func Differences(base Text, list []Clause) []SuggestedChange {
	var out []SuggestedChange
	last := ""
	for _, x := range clause.Diff(base.Wordings(), Text{Clauses: list}.Wordings()) {
		switch x.State {
		case clause.Changed:
			out = append(out, SuggestedChange{Kind: ToChange, Clause: x.ID, Wording: Wording(x.After)})
		case clause.Added:
			out = append(out, SuggestedChange{Kind: ToAdd, Clause: x.ID, After: last, Wording: Wording(x.After)})
		case clause.Dropped:
			out = append(out, SuggestedChange{Kind: ToDrop, Clause: x.ID})
			continue // nothing can be put after what goes
		}
		last = x.ID
	}
	return out
}

// EnterSuggestion notes a suggestion of a place without a node for a version of ours, to be answered as any
// other. Its keepers may; nothing of it is sent or published.
func (b *Blueprints) EnterSuggestion(ctx context.Context, v place.Viewer, n NewOutside) (id string, err error) {
	var f fault.Fields
	n.Outside.Name = line(&f, "name", n.Outside.Name, MaxTitle, true)
	n.Outside.Credit = line(&f, "credit", n.Outside.Credit, MaxTitle+100, false)
	s := NewSuggestion{Place: n.To.Stream, To: n.To, Changes: n.Changes, Note: n.Note}
	f.Merge(s.clean())
	if err := f.Err(); err != nil {
		return "", err
	}
	err = b.log.DB().Write(ctx, func(tx *db.Tx) error {
		to, err := headByKey.One(ctx, tx, n.To.Stream, n.To.ID)
		if err == nil || fault.Is(err, fault.NotFound) {
			if err := mayOn(ctx, tx, v, Key{n.To.Stream, to.Blueprint}, place.AnswerSuggestion); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if err := s.fits(ctx, tx, to); err != nil {
			return err
		}
		body, err := json.Marshal(suggestionBody{Changes: s.Changes, Note: s.Note, Outside: &n.Outside})
		if err != nil {
			return err
		}
		id = to.PlaceURL + "/entered/" + act.NewToken()
		_, err = insertSuggestion.Run(ctx, tx, id, to.Stream, false, "", "", to.Blueprint, to.ID, string(Acknowledged), act.Micros(b.now()), string(body))
		return err
	})
	return id, err
}

// HandAnswer is an answer that came by letter, talk or telephone.
type HandAnswer struct {
	Outcome State    // Used, UsedInPart or Declined
	Clauses []string // used, of those suggested
	Reason  string
	Said    string // who said so
	Day     string // when, YYYY-MM-DD
}

// EnterAnswer notes by hand what a place that answers through no node decided about a suggestion of ours. An
// answer that its node sends later takes its place.
func (b *Blueprints) EnterAnswer(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, h HandAnswer) error {
	var f fault.Fields
	if h.Outcome != Used && h.Outcome != UsedInPart && h.Outcome != Declined {
		f.Add("outcome", "fault.choice")
	}
	h.Reason = passage(&f, "reason", h.Reason, MaxReason, h.Outcome == Declined)
	h.Said = line(&f, "said", h.Said, MaxTitle, true)
	if day, err := time.Parse(time.DateOnly, strings.TrimSpace(h.Day)); err != nil || day.After(b.now().AddDate(0, 0, 1)) {
		f.Add("day", "blueprint.fault.date")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.SuggestChange, place.Any); err != nil {
			return err
		}
		r, err := suggestionByID.One(ctx, tx, stream, id)
		if err != nil {
			return err
		}
		s, err := b.suggestion(ctx, tx, r)
		if err != nil {
			return err
		}
		if !r.Sent || !r.State.Open() {
			return fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
		}
		u := Using{Clauses: h.Clauses}
		if h.Outcome == Declined {
			h.Clauses = nil
		} else if err := u.clean(s.Changes); err != nil {
			return err
		} else if h.Clauses = u.Clauses; (h.Outcome == Used) != (len(h.Clauses) == len(s.Changes)) {
			return fault.At("clauses", "document.answered.fault.which")
		}
		return r.end(ctx, tx, Answer{Outcome: h.Outcome, Clauses: h.Clauses, Reason: h.Reason, Said: h.Said, Day: strings.TrimSpace(h.Day), At: act.Micros(b.now())})
	})
}

// Preview sets changes beside the version that they are for.
func (v *Version) Preview(changes []SuggestedChange) []clause.Change {
	return clause.Diff(v.Wordings(), apply(v.Text, changes, nil).Wordings())
}
