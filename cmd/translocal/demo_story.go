package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"translocal/advance"
	"translocal/blueprint"
	"translocal/decide"
)

// The demo's places and pseudonyms are made up, and each page says so.
const demoPassword = "three places one text"

func demoKeeper(node string) string {
	return map[string]string{"A": "Alder", "B": "Bramble", "C": "Clover"}[node]
}

// demoPlace is one place of the story: its node, its people, its stream.
type demoPlace struct {
	*demoNode
	name   string
	url    string
	stream string
	keeper *caller
	second *caller
}

// text is what the story carries along of a published version.
type demoText struct {
	version   string
	blueprint string
	clauses   []string
}

// story is the state between steps.
type story struct {
	ctx     context.Context
	a, b, c *demoPlace
	ofA     demoText // A's motion in English
	inB     demoText // B's own, in Spanish
	ofC     demoText
	outcome string
	brought string
	sent    string // C's suggestion
	used    string // the clause that B takes over
	refused string // and the one that it does not
}

// play tells the story step by step; in between, nodes may be killed.
func play(ctx context.Context, w *world, t *teller) error {
	s := &story{ctx: ctx}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"three places come to be, each with two keepers", func() error { return s.begin(w) }},
		{"they follow one another, and hear of one another", s.follow},
		{"A makes the model its own and publishes it in English; B reads it", s.publishA},
		{"B translates it, a second person checks it, B makes it its own; A sees it", s.adaptB},
		{"B's assembly agrees to bring it; A and C see the decision, and not who said what", s.decideB},
		{"B brings it to its council, which refers it, amends it and passes it; A sees it", s.bringB},
		{"what was promised stalls; C sees it", s.stallB},
		{"C makes B's text its own, with two clauses changed; B sees it", s.adaptC},
		{"C suggests both changes to B; B receives them", s.suggestC},
		{"B uses one and declines one with a reason; C learns of both, and A sees the credit", s.answerB},
		{"A warns about a clause; the warning stands in C's text", s.warnA},
	} {
		t.begin(step.what)
		if err := step.do(); err != nil {
			return err
		}
		t.done()
		if err := w.trouble(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) begin(w *world) error {
	for i, x := range []struct {
		place **demoPlace
		name  string
		next  string
	}{{&s.a, "Harbour Row", "Aspen"}, {&s.b, "Valle del Sauce", "Brezo"}, {&s.c, "Isla Alta", "Cardo"}} {
		p, err := settle(s.ctx, w.nodes[i], x.name, x.next)
		if err != nil {
			return err
		}
		*x.place = p
	}
	return nil
}

// settle sets a node up with a place and two keepers.
func settle(ctx context.Context, n *demoNode, name, second string) (*demoPlace, error) {
	p := &demoPlace{demoNode: n, name: name, keeper: &caller{node: n}, second: &caller{node: n}}
	var in struct{ Token, Place, Stream string }
	err := p.keeper.do(ctx, "POST", "/setup/"+n.setup, map[string]string{"pseudonym": demoKeeper(n.name), "password": demoPassword, "place": name}, &in)
	if err != nil {
		return nil, err
	}
	p.keeper.token, p.url, p.stream = in.Token, in.Place, in.Stream
	var link struct{ Link string }
	if err := p.keeper.do(ctx, "POST", p.path("/invitations"), map[string]string{"role": "keeper"}, &link); err != nil {
		return nil, err
	}
	u, err := url.Parse(link.Link)
	if err != nil {
		return nil, err
	}
	if err := p.second.do(ctx, "POST", u.Path, map[string]string{"pseudonym": second, "password": demoPassword}, &in); err != nil {
		return nil, err
	}
	p.second.token = in.Token
	return p, nil
}

func (p *demoPlace) path(rest string) string { return "/places/" + p.stream + rest }

func withID(path, id string) string { return path + "?id=" + url.QueryEscape(id) }

func (s *story) follow() error {
	for _, p := range []*demoPlace{s.a, s.b, s.c} {
		for _, q := range []*demoPlace{s.a, s.b, s.c} {
			if p == q {
				continue
			}
			if err := p.keeper.do(s.ctx, "POST", p.path("/following"), map[string]string{"address": q.url}, nil); err != nil {
				return err
			}
			err := until(s.ctx, p.name+" hearing of "+q.name, func() (bool, error) {
				var got struct{ Name string }
				err := p.keeper.do(s.ctx, "GET", "/places/"+q.stream, nil, &got)
				return err == nil && got.Name == q.name, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// draft is a draft as the API shows it.
type demoDraft struct {
	Link     string
	Rev      int64
	Text     blueprint.Text
	Warnings map[string][]struct{ ID string }
}

func (d *demoDraft) path(rest string) string { return "/drafts/" + url.PathEscape(d.Link) + rest }

func (s *story) draft(p *demoPlace, order map[string]string) (*demoDraft, error) {
	var d demoDraft
	order["stream"] = p.stream
	return &d, p.keeper.do(s.ctx, "POST", "/drafts", order, &d)
}

// fill fills the blanks of a draft.
func (s *story) fill(p *demoPlace, d *demoDraft, values map[string]string) error {
	vars := slices.Clone(d.Text.Variables)
	for i := range vars {
		vars[i].Value = values[vars[i].Name]
	}
	return p.keeper.do(s.ctx, "PUT", d.path("/variables"), map[string]any{"rev": d.Rev, "variables": vars}, d)
}

func (s *story) setClause(p *demoPlace, d *demoDraft, w blueprint.Wording) error {
	return p.keeper.do(s.ctx, "PUT", d.path("/clauses/"+w.ID), map[string]any{"rev": d.Rev, "wording": w}, d)
}

// publish publishes a draft, its warnings read, and returns what it became.
func (s *story) publish(p *demoPlace, d *demoDraft, message string) (demoText, error) {
	var seen []string
	for _, list := range d.Warnings {
		for _, w := range list {
			seen = append(seen, w.ID)
		}
	}
	var made struct{ ID string }
	if err := p.keeper.do(s.ctx, "POST", d.path("/publish"), map[string]any{"rev": d.Rev, "message": message, "seen": seen}, &made); err != nil {
		return demoText{}, err
	}
	v, err := s.version(p, made.ID)
	if err != nil {
		return demoText{}, err
	}
	out := demoText{version: made.ID, blueprint: v.Blueprint}
	for _, c := range v.Text.Clauses {
		out.clauses = append(out.clauses, c.ID)
	}
	return out, nil
}

// demoVersion is a version as the API shows it.
type demoVersion struct {
	ID        string
	Blueprint string
	Title     string
	Text      blueprint.Text
	Parents   []blueprint.Parent
	Credits   []struct {
		Place struct{ URL, Stream string }
		Name  string
	}
	Warnings map[string][]struct{ Text, PlaceName string }
	Newest   []struct{ ID, Language string }
}

func (s *story) version(on *demoPlace, id string) (*demoVersion, error) {
	var v demoVersion
	return &v, on.keeper.do(s.ctx, "GET", withID("/versions", id), nil, &v)
}

// arrives waits until a version is there on another node, with its texts.
func (s *story) arrives(on *demoPlace, id string) (*demoVersion, error) {
	var v *demoVersion
	err := until(s.ctx, "the version on "+on.name, func() (bool, error) {
		var err error
		v, err = s.version(on, id)
		return err == nil && v.Title != "" && len(v.Text.Clauses) > 0 && v.Text.Clauses[0].Text != "", err
	})
	return v, err
}

func (s *story) publishA() error {
	d, err := s.draft(s.a, map[string]string{"how": "adapt", "model": "ffnpt-motion", "modelLanguage": "en"})
	if err != nil {
		return err
	}
	if err := s.fill(s.a, d, map[string]string{"council": "Harbour Row Council", "municipality": "Harbour Row"}); err != nil {
		return err
	}
	if s.ofA, err = s.publish(s.a, d, "Our first version, for the spring meeting"); err != nil {
		return err
	}
	_, err = s.arrives(s.b, s.ofA.version)
	return err
}

func (s *story) adaptB() error {
	spanish, err := s.draft(s.b, map[string]string{"how": "adapt", "model": "ffnpt-motion", "modelLanguage": "es"})
	if err != nil {
		return err
	}
	d, err := s.draft(s.b, map[string]string{"how": "translate", "version": s.ofA.version, "language": "es"})
	if err != nil {
		return err
	}
	for _, c := range spanish.Text.Clauses {
		if err := s.setClause(s.b, d, c.Wording); err != nil {
			return err
		}
	}
	if err := s.b.keeper.do(s.ctx, "PUT", d.path("/head"), map[string]any{"rev": d.Rev, "title": spanish.Text.Title, "summary": spanish.Text.Summary,
		"family": d.Text.Family, "institution": d.Text.Institution, "rests": d.Text.Rests}, d); err != nil {
		return err
	}
	for _, c := range d.Text.Clauses {
		if err := s.b.second.do(s.ctx, "POST", d.path("/clauses/"+c.ID+"/check"), map[string]any{"rev": d.Rev}, d); err != nil {
			return err
		}
	}
	if err := s.fill(s.b, d, map[string]string{"council": "Concejo de Valle del Sauce", "municipality": "Valle del Sauce"}); err != nil {
		return err
	}
	if s.inB, err = s.publish(s.b, d, "En español, revisado por una segunda persona, y hecho nuestro"); err != nil {
		return err
	}
	v, err := s.arrives(s.a, s.inB.version)
	if err != nil {
		return err
	}
	if len(v.Parents) == 0 || v.Text.Clauses[0].Status != blueprint.Checked {
		return fmt.Errorf("on A, B's version has %d parents and its first clause is %q", len(v.Parents), v.Text.Clauses[0].Status)
	}
	return nil
}

func (s *story) decideB() error {
	var made struct{ ID string }
	b := s.b.keeper
	err := b.do(s.ctx, "POST", s.b.path("/proposals"), map[string]any{"title": "Llevar la moción al concejo", "version": s.inB.version, "rule": decide.RuleConsent,
		"quorum": 12, "review": time.Now().AddDate(1, 0, 0).Format(time.DateOnly)}, &made)
	if err != nil {
		return err
	}
	on := "/proposals/" + made.ID
	for _, call := range []struct {
		path string
		in   map[string]any
	}{
		{"/voices", map[string]any{"kind": decide.Question, "body": "¿Quién escribe la carta?"}}, {"/next", nil},
		{"/voices", map[string]any{"kind": decide.Reaction, "body": "Me parece bien"}}, {"/next", nil},
	} {
		if err := b.do(s.ctx, "POST", on+call.path, call.in, nil); err != nil {
			return err
		}
	}
	room := map[string]any{"present": 21, "agree": 18, "abstain": 3, "concerns": []string{"Que la carta salga antes de mayo"}}
	if err := b.do(s.ctx, "PUT", on+"/room", room, nil); err != nil {
		return err
	}
	var page decide.Page
	if err := b.do(s.ctx, "GET", on, nil, &page); err != nil {
		return err
	}
	var voices []string
	for _, v := range page.Voices {
		if v.Kind == decide.Concern {
			voices = append(voices, v.ID)
		}
	}
	var out decide.Outcome
	if err := b.do(s.ctx, "POST", on+"/close", map[string]any{"note": "Acordado en asamblea.", "counts": true, "voices": voices}, &out); err != nil {
		return err
	}
	s.outcome = out.ID
	for _, other := range []*demoPlace{s.a, s.c} {
		if err := s.sees(other, out.ID); err != nil {
			return err
		}
		if err := other.keeper.do(s.ctx, "GET", on, nil, nil); err == nil {
			return errors.New(other.name + " can read the rounds of " + s.b.name)
		}
	}
	return nil
}

func (s *story) sees(other *demoPlace, outcome string) error {
	return until(s.ctx, "the decision on "+other.name, func() (bool, error) {
		var list []decide.Outcome
		err := other.keeper.do(s.ctx, "GET", s.b.path("/outcomes"), nil, &list)
		return err == nil && len(list) == 1 && list[0].ID == outcome && list[0].Result == decide.Bring && len(list[0].Concerns) == 1, err
	})
}

func (s *story) bringB() error {
	b := s.b.keeper
	var authority, brought struct{ ID string }
	if err := b.do(s.ctx, "POST", s.b.path("/authorities"), map[string]string{"name": "Concejo de Valle del Sauce", "kind": "council"}, &authority); err != nil {
		return err
	}
	if err := b.do(s.ctx, "POST", s.b.path("/bringings"), map[string]string{"outcome": s.outcome, "authority": authority.ID}, &brought); err != nil {
		return err
	}
	s.brought = brought.ID
	if err := b.do(s.ctx, "PUT", withID(s.b.path("/bringings/plan/meeting"), s.brought), map[string]any{"day": time.Now().AddDate(0, 2, 0).Format(time.DateOnly), "cutoff": 10}, nil); err != nil {
		return err
	}
	if err := b.do(s.ctx, "POST", withID(s.b.path("/bringings/plan/tasks"), s.brought), map[string]any{"title": "Entregar el texto", "before": 1}, nil); err != nil {
		return err
	}
	amended, err := s.amend()
	if err != nil {
		return err
	}
	for _, d := range []advance.Deed{
		{Kind: "referral", Legal: "referred", Day: "2026-03-02", Reason: "A la comisión de ambiente"},
		{Kind: "motion", Legal: "adopted", Day: "2026-04-13", Number: "12/2026", Votes: &advance.Votes{For: 7, Against: 2, Abstain: 1}, Amended: amended, Reason: "Aprobada con una cláusula cambiada"},
	} {
		if err := b.do(s.ctx, "POST", withID(s.b.path("/bringings/deeds"), s.brought), d, nil); err != nil {
			return err
		}
	}
	return s.became(s.a, "adopted", "")
}

// amend publishes the text as the council passed it, a version of B's own.
func (s *story) amend() (string, error) {
	d, err := s.draft(s.b, map[string]string{"how": "continue", "version": s.inB.version})
	if err != nil {
		return "", err
	}
	w := d.Text.Clauses[1].Wording
	w.Text += " El concejo informará cada año de lo hecho."
	if err := s.setClause(s.b, d, w); err != nil {
		return "", err
	}
	s.inB, err = s.publish(s.b, d, "Como la aprobó el concejo")
	return s.inB.version, err
}

// became waits until what became of B's text is known on another node.
func (s *story) became(on *demoPlace, legal, delivery string) error {
	return until(s.ctx, "what became of it on "+on.name, func() (bool, error) {
		var list []advance.Bringing
		err := on.keeper.do(s.ctx, "GET", s.b.path("/bringings"), nil, &list)
		return err == nil && len(list) == 1 && list[0].Legal == legal && list[0].Delivery == delivery && len(list[0].Deeds) == 2 && list[0].Deeds[1].Votes != nil, err
	})
}

func (s *story) stallB() error {
	for _, c := range []advance.Change{
		{Lifecycle: advance.Delivery, Status: "promised", Day: "2026-04-20", Source: "Boletín del concejo", Reason: "Anunciada la carta"},
		{Lifecycle: advance.Delivery, Status: "stalled", Day: "2026-09-01", Source: "Consulta en secretaría", Reason: "Nadie la ha enviado"},
	} {
		if err := s.b.keeper.do(s.ctx, "POST", withID(s.b.path("/bringings/statuses"), s.brought), c, nil); err != nil {
			return err
		}
	}
	return s.became(s.c, "adopted", "stalled")
}

func (s *story) adaptC() error {
	if _, err := s.arrives(s.c, s.inB.version); err != nil {
		return err
	}
	d, err := s.draft(s.c, map[string]string{"how": "adapt", "version": s.inB.version})
	if err != nil {
		return err
	}
	if err := s.fill(s.c, d, map[string]string{"council": "Cabildo de Isla Alta", "municipality": "Isla Alta"}); err != nil {
		return err
	}
	s.used, s.refused = d.Text.Clauses[2].ID, d.Text.Clauses[3].ID
	for i, more := range map[int]string{2: " Esto vale también para el puerto.", 3: " La carta se lee en voz alta en la plaza."} {
		w := d.Text.Clauses[i].Wording
		w.Text += more
		if err := s.setClause(s.c, d, w); err != nil {
			return err
		}
	}
	if s.ofC, err = s.publish(s.c, d, "Para la isla"); err != nil {
		return err
	}
	_, err = s.arrives(s.b, s.ofC.version)
	return err
}

// demoChange is one change of a suggestion as the API takes it.
type demoChange struct {
	Kind    string            `json:"kind"`
	Clause  string            `json:"clause"`
	After   string            `json:"after,omitempty"`
	Wording blueprint.Wording `json:"wording"`
	Reason  string            `json:"reason"`
}

type demoSuggestion struct {
	ID     string
	State  string
	Answer *struct {
		Clauses []string
		Reason  string
		Version string
	}
}

func (s *story) suggestC() error {
	var all []demoChange
	q := url.Values{"from": {s.ofC.version}, "to": {s.inB.version}}
	if err := s.c.keeper.do(s.ctx, "GET", s.c.path("/suggestions/candidates?"+q.Encode()), nil, &all); err != nil {
		return err
	}
	var chosen []demoChange
	for _, c := range all {
		if c.Clause == s.used || c.Clause == s.refused {
			c.Reason = "En la isla se entendió mejor así"
			chosen = append(chosen, c)
		}
	}
	if len(chosen) != 2 {
		return fmt.Errorf("%d changes to suggest, not two", len(chosen))
	}
	var made struct{ ID string }
	if err := s.c.keeper.do(s.ctx, "POST", s.c.path("/suggestions"), map[string]any{"to": s.inB.version, "from": s.ofC.version, "changes": chosen, "note": "Con saludos", "public": true}, &made); err != nil {
		return err
	}
	s.sent = made.ID
	return until(s.ctx, "the suggestion on "+s.b.name, func() (bool, error) {
		x, err := s.suggestion(s.b)
		return err == nil && x.State != "", err
	})
}

func (s *story) suggestion(on *demoPlace) (*demoSuggestion, error) {
	var x demoSuggestion
	return &x, on.keeper.do(s.ctx, "GET", withID(on.path("/suggestion"), s.sent), nil, &x)
}

func (s *story) answerB() error {
	var made struct{ ID string }
	err := s.b.keeper.do(s.ctx, "POST", s.b.path("/suggestion/use"), map[string]any{"id": s.sent, "clauses": []string{s.used},
		"message": "Con una frase de Isla Alta", "note": "La plaza ya tiene su propio bando, así que esa cláusula queda como está."}, &made)
	if err != nil {
		return err
	}
	err = until(s.ctx, "the answer on "+s.c.name, func() (bool, error) {
		x, err := s.suggestion(s.c)
		return err == nil && x.State == "used-in-part" && x.Answer != nil && slices.Equal(x.Answer.Clauses, []string{s.used}) && x.Answer.Version == made.ID && x.Answer.Reason != "", err
	})
	if err != nil {
		return err
	}
	v, err := s.arrives(s.a, made.ID)
	if err != nil {
		return err
	}
	for _, c := range v.Credits {
		if c.Place.Stream == s.c.stream {
			return nil
		}
	}
	return fmt.Errorf("on A, the new version credits %d places and not %s", len(v.Credits), s.c.name)
}

func (s *story) warnA() error {
	clause := s.ofA.clauses[0]
	if !slices.Contains(s.ofC.clauses, clause) {
		return errors.New("the text of C no longer holds the first clause of A's")
	}
	const words = "The council took note of it and did nothing"
	if err := s.a.keeper.do(s.ctx, "POST", s.a.path("/warnings"), map[string]string{"version": s.ofA.version, "clause": clause, "kind": "ignored",
		"text": words, "cited": "Minutes of the spring meeting"}, nil); err != nil {
		return err
	}
	return until(s.ctx, "the warning in C's text", func() (bool, error) {
		v, err := s.version(s.c, s.ofC.version)
		return err == nil && len(v.Warnings[clause]) == 1 && v.Warnings[clause][0].Text == words, err
	})
}
