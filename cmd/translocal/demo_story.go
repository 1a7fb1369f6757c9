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
	"translocal/fed"
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
	ctx      context.Context
	world    *world
	a, b, c  *demoPlace
	ofA      demoText // A's motion in English
	inB      demoText // B's own, in Spanish
	ofC      demoText
	proposal string // path of B's
	outcome  string
	brought  string
	sent     string // C's suggestion
	used     string // the clause that B takes over
	refused  string // and the one that it does not
}

// play tells the story step by step; in between, nodes may be killed.
func play(ctx context.Context, w *world, t *teller) error {
	s := &story{ctx: ctx, world: w}
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
		{"nothing is lost and nothing stands twice, on any of the three", s.once},
	} {
		t.begin(step.what)
		if err := step.do(); err != nil {
			return err
		}
		if err := w.calm(); err != nil {
			return err
		}
		t.done()
		w.somewhere(ctx, withinPull)
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
	var in session
	setUp := &change{method: "POST", path: n.setupPath(), in: map[string]string{"pseudonym": demoKeeper(n.name), "password": demoPassword, "place": name}, out: &in}
	setUp.took = func() (bool, error) {
		setUp.path = n.setupPath()
		return p.keeper.signsIn(ctx, demoKeeper(n.name), &in)
	}
	err := p.keeper.change(ctx, setUp)
	for n.setupPath() != setUp.path && err != nil { // it was killed before the call, and printed another link
		setUp.path = n.setupPath()
		err = p.keeper.change(ctx, setUp)
	}
	if err != nil {
		return nil, err
	}
	p.keeper.token = in.Token
	var places []struct {
		ID, Stream string
		Own        bool
	}
	if err := p.keeper.read(ctx, "/places", &places); err != nil {
		return nil, err
	}
	if len(places) != 1 || !places[0].Own {
		return nil, fmt.Errorf("%s has %d places after it was set up", n.name, len(places))
	}
	p.url, p.stream = places[0].ID, places[0].Stream
	link, err := p.invite(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.second.change(ctx, &change{"POST", link, map[string]string{"pseudonym": second, "password": demoPassword}, &in,
		func() (bool, error) { return p.second.signsIn(ctx, second, &in) }}); err != nil {
		return nil, err
	}
	p.second.token = in.Token
	return p, nil
}

type session struct{ Token string }

// signsIn tells whether somebody has an account, and opens a session for them.
func (c *caller) signsIn(ctx context.Context, name string, in *session) (bool, error) {
	for range mostTries {
		err := c.call(ctx, "POST", "/sessions", map[string]string{"pseudonym": name, "password": demoPassword}, in, nil)
		if answered(err) {
			return err == nil, nil
		}
		if err := c.node.up(); err != nil {
			return false, err
		}
	}
	return false, errors.New("no answer to signing in")
}

// invite makes the link for a second keeper. It is shown once: where no answer came,
// the invitation that may be there is taken back, and another one made.
func (p *demoPlace) invite(ctx context.Context) (path string, err error) {
	var link struct{ Link string }
	err = p.keeper.change(ctx, &change{"POST", p.path("/invitations"), map[string]string{"role": "keeper"}, &link, func() (bool, error) {
		open, err := p.invitations(ctx)
		for _, id := range open {
			end := &change{method: "DELETE", path: p.path("/invitations/" + id), took: func() (bool, error) {
				left, err := p.invitations(ctx)
				return !slices.Contains(left, id), err
			}}
			err = errors.Join(err, p.keeper.change(ctx, end))
		}
		return false, err
	}})
	if err != nil {
		return "", err
	}
	u, err := url.Parse(link.Link)
	if err != nil {
		return "", err
	}
	return u.Path, nil
}

func (p *demoPlace) invitations(ctx context.Context) (ids []string, err error) {
	var list []struct{ ID string }
	err = p.keeper.read(ctx, p.path("/invitations"), &list)
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids, err
}

// found looks for a thing in a list, and hands it to use, which may be nil.
func found[T any](ctx context.Context, c *caller, path string, is func(T) bool, use func(T)) func() (bool, error) {
	return func() (bool, error) {
		var list []T
		if err := c.read(ctx, path, &list); err != nil {
			return false, err
		}
		i := slices.IndexFunc(list, is)
		if i >= 0 && use != nil {
			use(list[i])
		}
		return i >= 0, nil
	}
}

// demoMade is what a call answers that made something.
type demoMade struct{ ID string }

func (p *demoPlace) path(rest string) string { return "/places/" + p.stream + rest }

func withID(path, id string) string { return path + "?id=" + url.QueryEscape(id) }

func (s *story) follow() error {
	for _, p := range []*demoPlace{s.a, s.b, s.c} {
		for _, q := range []*demoPlace{s.a, s.b, s.c} {
			if p == q {
				continue
			}
			if err := s.followOne(p, q); err != nil {
				return err
			}
			err := s.world.until(s.ctx, p.name+" hearing of "+q.name, func() (bool, error) {
				var got struct{ Name string }
				err := p.keeper.read(s.ctx, "/places/"+q.stream, &got)
				return err == nil && got.Name == q.name, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// followOne follows a place. To do so the one asks the other: an answer that the other
// can't be reached is one that is tried again.
func (s *story) followOne(p, q *demoPlace) error {
	follow := &change{"POST", p.path("/following"), map[string]string{"address": q.url}, nil,
		found(s.ctx, p.keeper, p.path("/following"), func(f fed.Followed) bool { return string(f.Stream) == q.stream }, nil)}
	if s.world.trouble == nil {
		return p.keeper.change(s.ctx, follow)
	}
	return s.world.until(s.ctx, p.name+" following "+q.name, func() (bool, error) {
		if yes, err := follow.took(); err != nil || yes {
			return yes, err
		}
		err := p.keeper.change(s.ctx, follow)
		return err == nil, err
	})
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
	before := map[string]bool{}
	var list []demoMade
	if err := p.keeper.read(s.ctx, p.path("/drafts"), &list); err != nil {
		return nil, err
	}
	for _, x := range list {
		before[x.ID] = true
	}
	begun := ""
	took := found(s.ctx, p.keeper, p.path("/drafts"), func(x demoMade) bool { return !before[x.ID] }, func(x demoMade) { begun = x.ID })
	return &d, p.keeper.change(s.ctx, &change{"POST", "/drafts", order, &d, func() (bool, error) {
		yes, err := took()
		if err == nil && yes {
			err = p.keeper.read(s.ctx, "/drafts/"+url.PathEscape(begun), &d)
		}
		return yes, err
	}})
}

// edit changes a draft; its revision tells whether that took.
func (s *story) edit(c *caller, d *demoDraft, method, path string, in map[string]any) error {
	var now demoDraft
	in["rev"] = d.Rev
	err := c.change(s.ctx, &change{method, d.path(path), in, &now, func() (bool, error) {
		now = demoDraft{}
		err := c.read(s.ctx, d.path(""), &now)
		return now.Rev > d.Rev, err
	}})
	if err == nil {
		*d = now
	}
	return err
}

// fill fills the blanks of a draft.
func (s *story) fill(p *demoPlace, d *demoDraft, values map[string]string) error {
	vars := slices.Clone(d.Text.Variables)
	for i := range vars {
		vars[i].Value = values[vars[i].Name]
	}
	return s.edit(p.keeper, d, "PUT", "/variables", map[string]any{"variables": vars})
}

func (s *story) setClause(p *demoPlace, d *demoDraft, w blueprint.Wording) error {
	return s.edit(p.keeper, d, "PUT", "/clauses/"+w.ID, map[string]any{"wording": w})
}

// publish publishes a draft, its warnings read, and returns what it became.
func (s *story) publish(p *demoPlace, d *demoDraft, message string) (demoText, error) {
	var seen []string
	for _, list := range d.Warnings {
		for _, w := range list {
			seen = append(seen, w.ID)
		}
	}
	var made demoMade
	if err := p.keeper.change(s.ctx, &change{"POST", d.path("/publish"), map[string]any{"rev": d.Rev, "message": message, "seen": seen}, &made,
		s.published(p, message, &made)}); err != nil {
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

// published looks for a version of a place by its message.
func (s *story) published(p *demoPlace, message string, made *demoMade) func() (bool, error) {
	return found(s.ctx, p.keeper, p.path("/blueprints"), func(x demoHead) bool { return x.Message == message }, func(x demoHead) { made.ID = x.ID })
}

// demoHead is a version in a list.
type demoHead struct{ ID, Message string }

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
	return &v, on.keeper.read(s.ctx, withID("/versions", id), &v)
}

// arrives waits until a version is there on another node, with its texts.
func (s *story) arrives(on *demoPlace, id string) (*demoVersion, error) {
	var v *demoVersion
	err := s.world.until(s.ctx, "the version on "+on.name, func() (bool, error) {
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
	if err := s.edit(s.b.keeper, d, "PUT", "/head", map[string]any{"title": spanish.Text.Title, "summary": spanish.Text.Summary,
		"family": d.Text.Family, "institution": d.Text.Institution, "rests": d.Text.Rests}); err != nil {
		return err
	}
	for _, c := range d.Text.Clauses {
		if err := s.edit(s.b.second, d, "POST", "/clauses/"+c.ID+"/check", map[string]any{}); err != nil {
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
	var made demoMade
	b := s.b.keeper
	const title = "Llevar la moción al concejo"
	err := b.change(s.ctx, &change{"POST", s.b.path("/proposals"), map[string]any{"title": title, "version": s.inB.version, "rule": decide.RuleConsent,
		"quorum": 12, "review": time.Now().AddDate(1, 0, 0).Format(time.DateOnly)}, &made,
		found(s.ctx, b, s.b.path("/proposals"), func(p decide.Proposal) bool { return p.Title == title }, func(p decide.Proposal) { made.ID = p.ID })})
	if err != nil {
		return err
	}
	on := "/proposals/" + made.ID
	s.proposal = on
	if err := s.rounds(on); err != nil {
		return err
	}
	room := map[string]any{"present": 21, "agree": 18, "abstain": 3, "concerns": []string{"Que la carta salga antes de mayo"}}
	if err := b.change(s.ctx, &change{"PUT", on + "/room", room, nil, s.proposalIs(on, func(p *decide.Page) bool { return p.Room != nil })}); err != nil {
		return err
	}
	var page decide.Page
	if err := b.read(s.ctx, on, &page); err != nil {
		return err
	}
	var voices []string
	for _, v := range page.Voices {
		if v.Kind == decide.Concern {
			voices = append(voices, v.ID)
		}
	}
	var out decide.Outcome
	if err := b.change(s.ctx, &change{"POST", on + "/close", map[string]any{"note": "Acordado en asamblea.", "counts": true, "voices": voices}, &out,
		found(s.ctx, b, s.b.path("/outcomes"), func(decide.Outcome) bool { return true }, func(o decide.Outcome) { out = o })}); err != nil {
		return err
	}
	s.outcome = out.ID
	for _, other := range []*demoPlace{s.a, s.c} {
		if err := s.sees(other, out.ID); err != nil {
			return err
		}
		var no *answerError
		if err := other.keeper.read(s.ctx, on, nil); !errors.As(err, &no) || no.status >= 500 {
			return errors.New(other.name + " can read the rounds of " + s.b.name)
		}
	}
	return nil
}

// rounds says a thing in each of the first two rounds.
func (s *story) rounds(on string) error {
	if err := s.say(on, decide.Question, "¿Quién escribe la carta?"); err != nil {
		return err
	}
	if err := s.next(on); err != nil {
		return err
	}
	if err := s.say(on, decide.Reaction, "Me parece bien"); err != nil {
		return err
	}
	return s.next(on)
}

// say says something on B's proposal.
func (s *story) say(on string, kind decide.Kind, body string) error {
	return s.b.keeper.change(s.ctx, &change{"POST", on + "/voices", map[string]any{"kind": kind, "body": body}, nil,
		s.proposalIs(on, func(p *decide.Page) bool {
			return slices.ContainsFunc(p.Voices, func(v decide.Voice) bool { return v.Kind == kind && v.Body == body })
		})})
}

// next moves B's proposal on by one round.
func (s *story) next(on string) error {
	var before decide.Page
	if err := s.b.keeper.read(s.ctx, on, &before); err != nil {
		return err
	}
	return s.b.keeper.change(s.ctx, &change{"POST", on + "/next", nil, nil, s.proposalIs(on, func(p *decide.Page) bool { return p.State != before.State })})
}

func (s *story) proposalIs(on string, so func(*decide.Page) bool) func() (bool, error) {
	return func() (bool, error) {
		var p decide.Page
		err := s.b.keeper.read(s.ctx, on, &p)
		return err == nil && so(&p), err
	}
}

func (s *story) sees(other *demoPlace, outcome string) error {
	return s.world.until(s.ctx, "the decision on "+other.name, func() (bool, error) {
		var list []decide.Outcome
		err := other.keeper.read(s.ctx, s.b.path("/outcomes"), &list)
		return err == nil && len(list) == 1 && list[0].ID == outcome && list[0].Result == decide.Bring && len(list[0].Concerns) == 1, err
	})
}

func (s *story) bringB() error {
	b := s.b.keeper
	var authority, brought demoMade
	const council = "Concejo de Valle del Sauce"
	if err := b.change(s.ctx, &change{"POST", s.b.path("/authorities"), map[string]string{"name": council, "kind": "council"}, &authority,
		found(s.ctx, b, s.b.path("/authorities"), func(a advance.Authority) bool { return a.Name == council }, func(a advance.Authority) { authority.ID = a.ID })}); err != nil {
		return err
	}
	if err := b.change(s.ctx, &change{"POST", s.b.path("/bringings"), map[string]string{"outcome": s.outcome, "authority": authority.ID}, &brought,
		found(s.ctx, b, s.b.path("/bringings"), func(x advance.Bringing) bool { return x.Outcome == s.outcome }, func(x advance.Bringing) { brought.ID = x.ID })}); err != nil {
		return err
	}
	s.brought = brought.ID
	day := time.Now().AddDate(0, 2, 0).Format(time.DateOnly)
	if err := b.change(s.ctx, &change{"PUT", withID(s.b.path("/bringings/plan/meeting"), s.brought), map[string]any{"day": day, "cutoff": 10}, nil,
		s.planIs(func(p *advance.Plan) bool { return p.Meeting == day })}); err != nil {
		return err
	}
	const task = "Entregar el texto"
	if err := b.change(s.ctx, &change{"POST", withID(s.b.path("/bringings/plan/tasks"), s.brought), map[string]any{"title": task, "before": 1}, nil,
		s.planIs(func(p *advance.Plan) bool {
			return slices.ContainsFunc(p.Tasks, func(t advance.Task) bool { return t.Title == task })
		})}); err != nil {
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
		if err := b.change(s.ctx, &change{"POST", withID(s.b.path("/bringings/deeds"), s.brought), d, nil, s.bringingIs(func(x advance.Bringing) bool {
			return slices.ContainsFunc(x.Deeds, func(y advance.Deed) bool { return y.Day == d.Day && y.Kind == d.Kind })
		})}); err != nil {
			return err
		}
	}
	return s.became(s.a, "adopted", "")
}

func (s *story) planIs(so func(*advance.Plan) bool) func() (bool, error) {
	return func() (bool, error) {
		var p advance.Plan
		err := s.b.keeper.read(s.ctx, withID(s.b.path("/bringings/plan"), s.brought), &p)
		return err == nil && so(&p), err
	}
}

func (s *story) bringingIs(so func(advance.Bringing) bool) func() (bool, error) {
	return found(s.ctx, s.b.keeper, s.b.path("/bringings"), func(x advance.Bringing) bool { return x.ID == s.brought && so(x) }, nil)
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
	return s.world.until(s.ctx, "what became of it on "+on.name, func() (bool, error) {
		var list []advance.Bringing
		err := on.keeper.read(s.ctx, s.b.path("/bringings"), &list)
		return err == nil && len(list) == 1 && list[0].Legal == legal && list[0].Delivery == delivery && len(list[0].Deeds) == 2 && list[0].Deeds[1].Votes != nil, err
	})
}

func (s *story) stallB() error {
	for _, c := range []advance.Change{
		{Lifecycle: advance.Delivery, Status: "promised", Day: "2026-04-20", Source: "Boletín del concejo", Reason: "Anunciada la carta"},
		{Lifecycle: advance.Delivery, Status: "stalled", Day: "2026-09-01", Source: "Consulta en secretaría", Reason: "Nadie la ha enviado"},
	} {
		if err := s.b.keeper.change(s.ctx, &change{"POST", withID(s.b.path("/bringings/statuses"), s.brought), c, nil, s.bringingIs(func(x advance.Bringing) bool {
			return slices.ContainsFunc(x.Changes, func(y advance.Change) bool { return y.Status == c.Status && y.Day == c.Day })
		})}); err != nil {
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
	if err := s.c.keeper.read(s.ctx, s.c.path("/suggestions/candidates?"+q.Encode()), &all); err != nil {
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
	var made demoMade
	if err := s.c.keeper.change(s.ctx, &change{"POST", s.c.path("/suggestions"), map[string]any{"to": s.inB.version, "from": s.ofC.version, "changes": chosen, "note": "Con saludos", "public": true}, &made,
		found(s.ctx, s.c.keeper, s.c.path("/suggestions?sent=true"), func(demoSuggestion) bool { return true }, func(x demoSuggestion) { made.ID = x.ID })}); err != nil {
		return err
	}
	s.sent = made.ID
	return s.world.until(s.ctx, "the suggestion on "+s.b.name, func() (bool, error) {
		x, err := s.suggestion(s.b)
		return err == nil && x.State != "", err
	})
}

func (s *story) suggestion(on *demoPlace) (*demoSuggestion, error) {
	var x demoSuggestion
	return &x, on.keeper.read(s.ctx, withID(on.path("/suggestion"), s.sent), &x)
}

func (s *story) answerB() error {
	var made demoMade
	const message = "Con una frase de Isla Alta"
	err := s.b.keeper.change(s.ctx, &change{"POST", s.b.path("/suggestion/use"), map[string]any{"id": s.sent, "clauses": []string{s.used},
		"message": message, "note": "La plaza ya tiene su propio bando, así que esa cláusula queda como está."}, &made, s.published(s.b, message, &made)})
	if err != nil {
		return err
	}
	err = s.world.until(s.ctx, "the answer on "+s.c.name, func() (bool, error) {
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
	if err := s.a.keeper.change(s.ctx, &change{"POST", s.a.path("/warnings"), map[string]string{"version": s.ofA.version, "clause": clause, "kind": "ignored",
		"text": words, "cited": "Minutes of the spring meeting"}, nil,
		found(s.ctx, s.a.keeper, "/clauses/"+clause+"/warnings", func(x struct{ Text string }) bool { return x.Text == words }, nil)}); err != nil {
		return err
	}
	return s.world.until(s.ctx, "the warning in C's text", func() (bool, error) {
		v, err := s.version(s.c, s.ofC.version)
		return err == nil && len(v.Warnings[clause]) == 1 && v.Warnings[clause][0].Text == words, err
	})
}

// count is how many things a list holds.
func (s *story) count(on *demoPlace, path string) (int, error) {
	var list []struct{}
	err := on.keeper.read(s.ctx, path, &list)
	return len(list), err
}

// once waits until everything that the story made stands, where it was made and where
// it came, as often as it was made: whatever was cut off and made again stands there
// once.
func (s *story) once() error {
	return s.world.until(s.ctx, "everything once", func() (bool, error) {
		err := s.counted()
		return err == nil, err
	})
}

func (s *story) counted() error {
	var wrong error
	all := []*demoPlace{s.a, s.b, s.c}
	expect := func(on *demoPlace, path string, want int) {
		n, err := s.count(on, path)
		if err == nil && n != want {
			err = fmt.Errorf("%s: %d and not %d of %s", on.name, n, want, path)
		}
		wrong = errors.Join(wrong, err)
	}
	versions := func(on, of *demoPlace, blueprint string, want int) {
		expect(on, of.path("/blueprints/versions?id="+url.QueryEscape(blueprint)), want)
	}
	for _, p := range all {
		expect(p, "/places", 3)
		expect(p, p.path("/members"), 2)
		expect(p, p.path("/invitations"), 0)
		expect(p, p.path("/following"), 2)
		expect(p, p.path("/suggestions"), map[*demoPlace]int{s.b: 1}[p])
		expect(p, p.path("/suggestions?sent=true"), map[*demoPlace]int{s.c: 1}[p])
		expect(p, p.path("/drafts"), map[*demoPlace]int{s.b: 1}[p]) // the model in Spanish, from which B took its words
		expect(p, s.a.path("/blueprints"), 1)
		expect(p, s.b.path("/blueprints"), 1)
		expect(p, s.c.path("/blueprints"), 1)
		versions(p, s.a, s.ofA.blueprint, 1)
		versions(p, s.b, s.inB.blueprint, 3) // its own, as amended, with the clause of C
		versions(p, s.c, s.ofC.blueprint, 1)
		expect(p, s.b.path("/outcomes"), 1)
		expect(p, s.b.path("/authorities"), 1)
		expect(p, "/clauses/"+s.ofA.clauses[0]+"/warnings", 1)
		wrong = errors.Join(wrong, s.broughtOnce(p))
	}
	expect(s.b, s.b.path("/proposals"), 1)
	return errors.Join(wrong, s.decidedOnce())
}

func (s *story) broughtOnce(on *demoPlace) error {
	var list []advance.Bringing
	if err := on.keeper.read(s.ctx, s.b.path("/bringings"), &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%s: %d things were brought, not one", on.name, len(list))
	}
	if d, c := len(list[0].Deeds), len(list[0].Changes); d != 2 || c != 4 { // each deed changes the legal status too
		return fmt.Errorf("%s: %d deeds and %d changes, not 2 and 4", on.name, d, c)
	}
	return nil
}

func (s *story) decidedOnce() error {
	var p decide.Page
	if err := s.b.keeper.read(s.ctx, s.proposal, &p); err != nil {
		return err
	}
	var plan advance.Plan
	if err := s.b.keeper.read(s.ctx, withID(s.b.path("/bringings/plan"), s.brought), &plan); err != nil {
		return err
	}
	if len(p.Voices) != 3 || len(plan.Tasks) != 1 { // a question, a reaction, and the concern of the room
		return fmt.Errorf("%d voices and %d tasks", len(p.Voices), len(plan.Tasks))
	}
	return nil
}
