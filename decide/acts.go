package decide

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// OutcomeType is the type of the act by which a place says what it decided.
const OutcomeType = "decide.Outcome.v1"

// outcomeObject is its object. The parts that it may carry are "title", "note"
// and "concern/1", "concern/2", …
type outcomeObject struct {
	ID       string  `json:"id"`
	Proposal string  `json:"proposal"`
	Version  act.Ref `json:"version"`
	Result   string  `json:"result"`
	Rule     string  `json:"rule"`
	Review   string  `json:"review"`
	Counts   *Count  `json:"counts,omitempty"`
}

// Vocabulary is what decisions add to the acts.
func Vocabulary() act.Vocabulary {
	return act.Vocabulary{
		Types:  []act.Type{act.Define(OutcomeType, checkOutcome, applyOutcome)},
		Tables: []act.Table{{Name: "outcome", Key: []string{"stream", "id"}}},
	}
}

func (o *Outcome) draft(proposal string) act.Draft {
	d := act.Draft{Type: OutcomeType, Object: outcomeObject{ID: o.ID, Proposal: proposal, Version: o.Version, Result: o.Result,
		Rule: o.Rule, Review: o.Review, Counts: o.Counts}, Parts: []act.Part{act.Text("title", o.Title)}}
	if o.Note != "" {
		d.Parts = append(d.Parts, act.Text("note", o.Note))
	}
	for i, c := range o.Concerns {
		d.Parts = append(d.Parts, act.Text("concern/"+strconv.Itoa(i+1), c))
	}
	return d
}

func checkOutcome(a *act.Act, o *outcomeObject) error {
	if !a.Owns(o.ID, "outcome") || !act.IsToken(o.Proposal) {
		return fault.At("object.id", "fault.id")
	}
	if err := o.Version.Check("object.version"); err != nil {
		return err
	}
	if o.Result != Bring && o.Result != No {
		return fault.At("object.result", "fault.choice")
	}
	if o.Rule != RuleConsent && o.Rule != RuleMajority {
		return fault.At("object.rule", "fault.choice")
	}
	if _, err := time.Parse(time.DateOnly, o.Review); err != nil {
		return fault.At("object.review", "fault.time")
	}
	if c := o.Counts; c != nil && (c.Agree < 0 || c.Abstain < 0 || c.Concerns < 0 || c.Objections < 0 || c.Part() < SmallGroup || c.Part() > 2*MaxRoom || c.Concerns > c.Agree) {
		return fault.At("object.counts", "fault.number")
	}
	for i, p := range a.Parts {
		if p.Name != "title" && p.Name != "note" && !strings.HasPrefix(p.Name, "concern/") {
			return fault.At(fmt.Sprintf("parts.%d.name", i), "fault.part_name")
		}
		if p.Media != "text/plain" || p.Size > 4*MaxText {
			return fault.At(fmt.Sprintf("parts.%d", i), "fault.number")
		}
	}
	return nil
}

var insertOutcome = db.Exec(`insert into outcome (stream, id, proposal, version_url, version_stream, version_act, result, rule, decided, review, counts, released, idx)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)

func applyOutcome(ctx context.Context, tx *db.Tx, a *act.Act, o *outcomeObject) error {
	counts := []byte("{}")
	if o.Counts != nil {
		var err error
		if counts, err = json.Marshal(o.Counts); err != nil {
			return err
		}
	}
	names := []string{}
	for _, p := range a.Parts {
		names = append(names, p.Name)
	}
	released, err := json.Marshal(names)
	if err != nil {
		return err
	}
	_, err = insertOutcome.Run(ctx, tx, a.Stream, o.ID, o.Proposal, o.Version.URL, o.Version.Stream, o.Version.Act, o.Result, o.Rule,
		act.Micros(a.Published), o.Review, string(counts), string(released), a.Index)
	if fault.Is(err, fault.Conflict) {
		return fault.At("object.id", "fault.exists")
	}
	return err
}
