package report

import (
	"math/big"
	"slices"
	"strconv"

	"translocal/decide/tally"
)

// Result is what everybody looks for first.
func (v *countPage) Result() (out []section) {
	o := v.Outcome
	if len(o.Tied) > 0 {
		out = append(out, section{Text: []string{v.T("counting.report.tied"), v.labels(o.Tied)}, Warning: true})
	}
	if v.Election.Kind == tally.Positions {
		for _, r := range o.Rounds {
			out = append(out, section{Text: []string{v.p.T("counting.report.proposal." + key(r.Action))}})
		}
		return out
	}
	if len(o.Winners) == 0 {
		if len(o.Tied) == 0 {
			out = append(out, section{Text: []string{v.T("counting.report.nobody")}})
		}
		return out
	}
	if !o.Budget.IsZero() {
		return append(out, section{Table: v.funded()})
	}
	t := &table{Caption: v.T("counting.report.elected"), Head: []string{v.T("counting.report.place"), v.T("counting.report.option")}}
	for i, id := range o.Winners {
		t.Rows = append(t.Rows, []cell{text(v.p.Number(i + 1)), v.named(id)})
	}
	return append(out, section{Table: t})
}

// funded lists the projects that are funded, with their supporters.
func (v *countPage) funded() *table {
	t := &table{
		Caption: v.T("counting.report.funded"),
		Head:    []string{v.T("counting.report.project"), v.T("counting.report.cost"), v.T("counting.report.voters")},
	}
	supporters := v.supporters()
	for _, id := range v.Outcome.Winners {
		t.Rows = append(t.Rows, []cell{v.named(id), text(v.money(tally.Num(v.options[id].Cost))), text(v.count(supporters[id]))})
	}
	return t
}

// supporters counts the voters whose ballot names an option.
func (v *countPage) supporters() map[string]int64 {
	n := map[string]int64{}
	for _, b := range v.Election.Ballots {
		for i, o := range b.Choices {
			if b.Points == nil || b.Points[i].Sign() > 0 {
				n[v.Election.Options[o].ID] += b.Weight
			}
		}
	}
	return n
}

// Sections are the rest of the page.
func (v *countPage) Sections() []section {
	out := v.sections()
	for i := range out {
		out[i].Under = v.part != ""
	}
	return out
}

func (v *countPage) sections() (out []section) {
	for _, s := range []*section{v.moneySection(), v.paidSection(), v.shortSection(), v.skippedSection(), v.supportedSection()} {
		if s != nil {
			out = append(out, *s)
		}
	}
	if v.Outcome.Budget.IsZero() {
		out = append(out, v.roundSections()...)
	}
	for _, s := range []*section{v.defeatsSection(), v.duelsSection(), v.pairwiseSection(), v.rankingSection(), v.tiesSection()} {
		if s != nil {
			out = append(out, *s)
		}
	}
	return out
}

// rounds gives those with an action.
func (v *countPage) rounds(action string) (out []tally.Round) {
	for _, r := range v.Outcome.Rounds {
		if r.Action == action {
			out = append(out, r)
		}
	}
	return out
}

func (v *countPage) moneySection() *section {
	rounds := v.rounds("fund")
	if len(rounds) == 0 || v.Outcome.Budget.IsZero() {
		return nil
	}
	s := &section{Title: v.T("counting.report.money"), Text: []string{v.T("counting.report.money.text")}}
	s.Figure = v.figure("money", s.Title)
	s.Table = &table{
		Caption: v.T("counting.report.money.table"),
		Head:    []string{v.T("counting.report.project"), v.T("counting.report.cost"), v.T("counting.report.left")},
	}
	scored := len(rounds[0].Counts) > 0
	if scored {
		s.Table.Head = append(s.Table.Head, v.T("counting.report.score"))
	}
	for _, r := range rounds {
		s.Figure.add(v.label(r.Options[0]), r.Cost, v.money(r.Cost), tally.Number{})
		row := []cell{v.named(r.Options[0]), text(v.money(r.Cost)), text(v.money(r.Left))}
		if scored {
			row = append(row, text(v.score(r)))
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	return s
}

func (v *countPage) score(r tally.Round) string {
	if len(r.Counts) == 0 {
		return ""
	}
	return v.number(r.Counts[0].Value)
}

// paidSection says what the voters' shares paid for.
func (v *countPage) paidSection() *section {
	var rounds []tally.Round
	for _, r := range v.rounds("fund") {
		if !r.Price.IsZero() && v.Outcome.Rule.Name == "equal-shares" {
			rounds = append(rounds, r)
		}
	}
	if len(rounds) == 0 {
		return nil
	}
	price := v.T("counting.report.price")
	if u := v.Outcome.Rule.Utility; u == tally.UtilityPoints || u == tally.UtilityBorda {
		price = v.T("counting.report.price_point")
	}
	s := &section{Title: v.T("counting.report.paid")}
	s.Table = &table{
		Caption: v.T("counting.report.paid.table"),
		Head:    []string{v.T("counting.report.project"), price, v.T("counting.report.full"), v.T("counting.report.rest")},
	}
	spent := new(big.Rat)
	for _, r := range rounds {
		spent.Add(spent, r.Cost.Rat)
		s.Table.Rows = append(s.Table.Rows, []cell{v.named(r.Options[0]), text(v.money(r.Price)), text(v.count(r.Full)), text(v.count(r.Voters - r.Full))})
	}
	if !v.Outcome.Endowment.IsZero() {
		total := new(big.Rat).Mul(v.Outcome.Endowment.Rat, new(big.Rat).SetInt64(v.Election.Voters()))
		s.Text = []string{v.T("counting.report.paid.text", "spent", v.money(tally.Num(spent)), "total", v.money(tally.Num(total)))}
	}
	return s
}

// shortSection says what the projects that were not bought would have needed.
func (v *countPage) shortSection() *section {
	rounds := v.rounds("short")
	if len(rounds) == 0 {
		return nil
	}
	// The nearest first: who has the largest part of the cost.
	slices.SortStableFunc(rounds, func(a, b tally.Round) int {
		return new(big.Rat).Mul(b.Held.Rat, a.Cost.Rat).Cmp(new(big.Rat).Mul(a.Held.Rat, b.Cost.Rat))
	})
	s := &section{Title: v.T("counting.report.short"), Text: []string{v.T("counting.report.short.text")}}
	s.Figure = v.figure("short", s.Title)
	s.Table = &table{
		Caption: v.T("counting.report.short.table"),
		Head:    []string{v.T("counting.report.project"), v.T("counting.report.cost"), v.T("counting.report.short.held"), v.T("counting.report.short.missing")},
	}
	for i, r := range rounds {
		if i < maxBars {
			s.Figure.add(v.label(r.Options[0]), r.Held, v.money(r.Held), r.Cost)
		}
		missing := new(big.Rat).Sub(r.Cost.Rat, r.Held.Rat)
		s.Table.Rows = append(s.Table.Rows, []cell{v.named(r.Options[0]), text(v.money(r.Cost)), text(v.money(r.Held)), text(v.money(tally.Num(missing)))})
	}
	return s
}

func (v *countPage) skippedSection() *section {
	if v.Outcome.Budget.IsZero() {
		return nil
	}
	t := &table{
		Caption: v.T("counting.report.skipped.table"),
		Head:    []string{v.T("counting.report.project"), v.T("counting.report.cost"), v.T("counting.report.score"), v.T("counting.report.reason")},
	}
	for _, action := range []string{"skip", "stop"} {
		for _, r := range v.rounds(action) {
			for _, id := range r.Options {
				row := []cell{v.named(id), text(v.money(tally.Num(v.options[id].Cost))), text(v.score(r)), {}}
				if r.Note != nil {
					row[3] = text(v.say(*r.Note))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &section{Title: v.T("counting.report.skipped"), Table: t}
}

func (v *countPage) supportedSection() *section {
	if len(v.Outcome.Supported) == 0 || v.Outcome.Budget.IsZero() {
		return nil
	}
	s := &section{Title: v.T("counting.report.supported"), Text: []string{v.T("counting.report.supported.text")}}
	s.Figure = v.figure("supported", s.Title)
	s.Table = &table{
		Caption: v.T("counting.report.supported.table"),
		Head:    []string{v.T("counting.report.supported.winners"), v.T("counting.report.supported.people")},
	}
	for winners, people := range v.Outcome.Supported {
		s.Figure.add(v.p.Number(winners), tally.Int(people), v.count(people), tally.Number{})
		s.Table.Rows = append(s.Table.Rows, []cell{text(v.p.Number(winners)), text(v.count(people))})
	}
	return s
}

// roundSections are the rounds in which options are counted or leave.
func (v *countPage) roundSections() (out []section) {
	number := 0
	for _, r := range v.Outcome.Rounds {
		if r.Action == "lock" || r.Action == "skip" || r.Action == "defeats" {
			continue // duels have tables of their own
		}
		number++
		s := section{Title: v.T("counting.report.positions")}
		if v.Election.Kind != tally.Positions {
			s.Title = v.p.T("counting.report.round", "number", number, "action", v.p.T("counting.action."+key(r.Action), "option", v.labels(r.Options)))
		}
		if r.Note != nil {
			s.Text = append(s.Text, v.say(*r.Note))
		}
		if !r.Quota.IsZero() {
			s.Text = append(s.Text, v.T("counting.report.quota", "quota", v.number(r.Quota)))
		}
		if !r.Exhausted.IsZero() && r.Exhausted.Sign() > 0 {
			s.Text = append(s.Text, v.T("counting.report.exhausted", "votes", v.number(r.Exhausted)))
		}
		if len(r.Counts) > 0 {
			v.addCounts(&s, r, number)
		}
		out = append(out, s)
	}
	return out
}

// addCounts draws where options stand in a round, and tells what passes on.
func (v *countPage) addCounts(s *section, r tally.Round, number int) {
	s.Figure = v.figure("round"+strconv.Itoa(number), s.Title)
	what := v.counts(r.Action)
	s.Table = &table{Caption: what, Head: []string{v.T("counting.report.option"), what}}
	if v.Election.Kind != tally.Positions {
		s.Table.Caption = v.T("counting.report.round.table", "what", what, "number", number)
	}
	gets := map[string]tally.Number{}
	for _, t := range r.Transfers {
		if sum, ok := gets[t.To]; ok {
			t.Value = tally.Num(new(big.Rat).Add(sum.Rat, t.Value.Rat))
		}
		gets[t.To] = t.Value
	}
	if len(gets) > 0 {
		s.Table.Head = append(s.Table.Head, v.T("counting.report.gets"))
	}
	for _, c := range r.Counts {
		s.Figure.add(v.label(c.Option), c.Value, v.number(c.Value), r.Quota)
		row := []cell{v.named(c.Option), text(v.number(c.Value))}
		if len(gets) > 0 {
			row = append(row, text(v.number(gets[c.Option])))
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	if rest, ok := gets[""]; ok {
		s.Table.Rows = append(s.Table.Rows, []cell{text(v.T("counting.report.nobody_left")), {}, text(v.number(rest))})
	}
}

// counts says what a round counts: votes, if nothing else.
func (v *countPage) counts(action string) string {
	switch {
	case action == "strongest-paths":
		return v.T("counting.report.strength")
	case action == "worst-defeats":
		return v.T("counting.report.duels.margin")
	case action == "duels-won":
		return v.T("counting.report.duels_won")
	case v.Outcome.Rule.Name == "score":
		return v.T("counting.report.points")
	case v.Election.Kind == tally.Positions:
		return v.T("counting.report.people")
	}
	return v.T("counting.report.votes")
}

// defeatsSection lists the duels whose defeats stand.
func (v *countPage) defeatsSection() *section {
	t := &table{
		Caption: v.T("counting.action.defeats"),
		Head:    []string{v.T("counting.report.duels.won"), v.T("counting.report.duels.lost")},
	}
	for _, r := range v.rounds("defeats") {
		t.Rows = append(t.Rows, []cell{v.named(r.Options[0]), {Text: v.labels(r.Options[1:]), Named: true}})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &section{Title: t.Caption, Table: t}
}

// duelsSection lists the duels that ranked pairs locked in or passed over.
func (v *countPage) duelsSection() *section {
	t := &table{
		Caption: v.T("counting.report.duels"),
		Head:    []string{v.T("counting.report.duels.won"), v.T("counting.report.duels.lost"), v.T("counting.report.duels.margin"), v.T("counting.report.duels.what")},
	}
	for _, r := range v.Outcome.Rounds {
		if (r.Action == "lock" || r.Action == "skip") && len(r.Options) == 2 && v.Outcome.Budget.IsZero() {
			t.Rows = append(t.Rows, []cell{v.named(r.Options[0]), v.named(r.Options[1]), text(v.count(r.Voters)), text(v.p.T("counting.action." + key(r.Action)))})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &section{Title: v.T("counting.report.duels"), Table: t}
}

func (v *countPage) pairwiseSection() *section {
	p := v.Outcome.Pairwise
	if p == nil || len(p.Options) < 2 {
		return nil
	}
	t := &table{Caption: v.T("counting.report.pairwise.table"), Head: []string{v.T("counting.report.option")}}
	for i, id := range p.Options {
		t.Head = append(t.Head, v.label(id))
		row := []cell{v.named(id)}
		for j := range p.Options {
			if i == j {
				row = append(row, text("–"))
				continue
			}
			row = append(row, cell{Text: v.count(p.Prefer[i][j]), Strong: p.Prefer[i][j] > p.Prefer[j][i]})
		}
		t.Rows = append(t.Rows, row)
	}
	return &section{Title: v.T("counting.report.pairwise"), Text: []string{v.T("counting.report.pairwise.text")}, Table: t}
}

func (v *countPage) rankingSection() *section {
	if len(v.Outcome.Ranking) < 2 {
		return nil
	}
	t := &table{Caption: v.T("counting.report.ranking"), Head: []string{v.T("counting.report.place"), v.T("counting.report.option")}}
	place := 1
	for _, equal := range v.Outcome.Ranking {
		t.Rows = append(t.Rows, []cell{text(v.p.Number(place)), {Text: v.labels(equal), Named: true}})
		place += len(equal)
	}
	return &section{Title: v.T("counting.report.ranking"), Table: t}
}

// tieResult says what came of a tie: who is ahead, who is out, or neither.
func (v *countPage) tieResult(tie tally.TieBreak) string {
	switch {
	case tie.Chosen == "" && tie.By == tally.TieOpen:
		return v.T("counting.report.open")
	case tie.Chosen == "" && tie.Out:
		return v.T("counting.report.ties.all")
	case tie.Chosen == "":
		return v.T("counting.report.ties.all_win")
	case tie.Out:
		return v.T("counting.report.ties.out", "option", v.label(tie.Chosen))
	}
	return v.T("counting.report.ties.ahead", "option", v.label(tie.Chosen))
}

func (v *countPage) tiesSection() *section {
	if v.Election.Kind == tally.Positions {
		return nil
	}
	s := &section{Title: v.T("counting.report.ties")}
	if len(v.Outcome.Ties) == 0 {
		s.Text = []string{v.T("counting.report.ties.none")}
		return s
	}
	s.Table = &table{
		Caption: v.T("counting.report.ties.table"),
		Head:    []string{v.T("counting.report.ties.among"), v.T("counting.report.ties.result"), v.T("counting.report.ties.by")},
	}
	for _, tie := range v.Outcome.Ties {
		s.Table.Rows = append(s.Table.Rows, []cell{{Text: v.labels(tie.Among), Named: true}, text(v.tieResult(tie)), text(v.p.T("counting.by." + key(tie.By)))})
	}
	return s
}
