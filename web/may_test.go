package web_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fault"
	"translocal/notice"
	"translocal/place"
)

// world is a node with two places: what is asked for is of the first, and each
// role has its person.
type world struct {
	*node
	here, there                  *place.Place
	site, keeper, second, member person
	scribe, steward, host        person // members; see as
	target                       person // a member to do something to
	outsider                     person // keeper of the other place
	text, theirs                 *blueprint.Version
	putIn                        string // a file that is not published
	bringing, outcome            string
	authority                    string
	councils                     int
	suggested                    string // from there, for here
	sent                         string // from here, for there
	tales                        int
	byMachine                    *blueprint.VersionKey
}

var putBack = db.Exec(`insert into membership (stream, person, role, since) values ($1, $2, $3, 1)
	on conflict (stream, person) do update set role = excluded.role`)

// A tale about a clause of a place elsewhere can't be told to one of two places of a node by the way in: the node
// gives it to the other. So it is put down.
var putTold = db.Exec(`insert into blueprint_told (id, stream, at, clause, version, in_stream, submission, from_actor, body)
	values ($1, $2, 9000000000000000, $3, $4, $5, '', '', '{"about":"A","text":"B"}')`)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{node: openNode(t)}
	ctx := t.Context()
	w.there, w.site = w.setUp("There", "Site")
	w.outsider = w.join(w.site, w.there, place.Keeper, "Outsider")
	var err error
	w.here, err = w.places.Found(ctx, w.site.Viewer, "place", place.Profile{Name: "Here"})
	must(t, err)
	w.keeper = w.join(w.site, w.here, place.Keeper, "Keeper")
	w.second = w.join(w.site, w.here, place.Keeper, "Second")
	w.member = w.join(w.site, w.here, place.Member, "Member")
	w.target = w.join(w.site, w.here, place.Member, "Target")
	must(t, w.places.Leave(ctx, w.site.Viewer, w.here.Stream))
	must(t, w.places.Leave(ctx, w.site.Viewer, w.there.Stream))
	w.text = w.publish(w.keeper, w.here, motion("Ours"))
	w.theirs = w.adapt(w.outsider, w.there, w.text, " Soon.")
	w.text = w.publish(w.keeper, w.here, motion("Ours, again"))
	w.theirs = w.adapt(w.outsider, w.there, w.text, " Soon.")
	w.outcome = w.decided()
	a, err := w.advances.NameAuthority(ctx, w.keeper.Viewer, w.here.Stream, "Council", "council")
	must(t, err)
	b, err := w.advances.Bring(ctx, w.keeper.Viewer, w.here.Stream, w.outcome, a.ID)
	must(t, err)
	w.authority, w.bringing = a.ID, b.ID
	return w
}

var keepSite = db.Exec(`update person set site_keeper = (id = $1 or id = $2)`)

// mend puts memberships and the keeper of the site back as they were.
func (w *world) mend() {
	w.t.Helper()
	must(w.t, w.log.DB().Write(w.t.Context(), func(tx *db.Tx) error {
		for p, role := range map[string]place.Role{w.keeper.Person: place.Keeper, w.second.Person: place.Keeper, w.member.Person: place.Member, w.target.Person: place.Member} {
			if _, err := putBack.Run(w.t.Context(), tx, w.here.Stream, p, role); err != nil {
				return err
			}
		}
		_, err := keepSite.Run(w.t.Context(), tx, w.site.Person, w.site.Person)
		return err
	}))
}

// keepSiteToo lets the target keep the site beside its keeper, who can step down then.
func (w *world) keepSiteToo() {
	w.t.Helper()
	must(w.t, w.log.DB().Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := keepSite.Run(w.t.Context(), tx, w.site.Person, w.target.Person)
		return err
	}))
}

// rootOfTests is a root key that the tests can sign with.
var (
	rootKeyOfTests = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	rootOfTests    = act.EncodeKey(rootKeyOfTests.Public().(ed25519.PublicKey))
)

// signedRoots is a statement that could be carried out now, and its proof.
func (w *world) signedRoots() (statement, proofs string) {
	w.t.Helper()
	same := place.RootKeys{Keys: []place.RootKey{{Public: rootOfTests}}, Threshold: 1}
	for range 2 { // at once where there is none yet
		var err error
		statement, err = w.places.SetRootKeys(w.t.Context(), w.keeper.Viewer, w.here.Stream, same)
		must(w.t, err)
		if statement != "" {
			break
		}
	}
	return statement, signs(w.t, statement, rootKeyOfTests)
}

// proposal makes one in a state.
func (w *world) proposal(s place.State) string {
	w.t.Helper()
	ctx, d, v := w.t.Context(), w.decisions, w.keeper.Viewer
	p, err := d.Propose(ctx, v, w.here.Stream, decide.Proposal{Title: "Bring it", Rule: decide.RuleConsent, Quorum: 1, Review: "2030-01-01", Version: w.text.Ref()})
	must(w.t, err)
	switch s {
	case decide.Withdrawn:
		must(w.t, d.Withdraw(ctx, v, p.ID))
	case decide.React, decide.Consent, decide.Decided:
		must(w.t, d.NextRound(ctx, v, p.ID))
	}
	if s == decide.Consent || s == decide.Decided {
		must(w.t, d.NextRound(ctx, v, p.ID))
		must(w.t, d.Say(ctx, w.second.Viewer, p.ID, decide.Agree, "", false))
	}
	if s == decide.Decided {
		_, err := d.Close(ctx, v, p.ID, decide.Release{})
		must(w.t, err)
	}
	return p.ID
}

func (w *world) decided() string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	id := w.proposal(decide.Consent)
	o, err := w.decisions.Close(ctx, v, id, decide.Release{})
	must(w.t, err)
	return o.ID
}

// objection is a proposal in consent with an objection written down for a room.
func (w *world) objection() (proposal, voice string) {
	w.t.Helper()
	id := w.proposal(decide.Consent)
	must(w.t, w.decisions.EnterRoom(w.t.Context(), w.keeper.Viewer, id, decide.Room{Present: 5, Agree: 4, Objections: []string{"Not yet"}}))
	x, err := w.decisions.Read(w.t.Context(), w.keeper.Viewer, id)
	must(w.t, err)
	for _, v := range x.Voices {
		if v.Kind == decide.Objection {
			return id, v.ID
		}
	}
	w.t.Fatal("no objection")
	return "", ""
}

// received is an open suggestion from there; sentOne one from here.
func (w *world) received() string {
	w.t.Helper()
	if w.suggested == "" || w.state(w.keeper, w.here, w.suggested) != "acknowledged" {
		w.suggested = w.suggest(w.outsider, w.there, w.theirs, w.text)
	}
	return w.suggested
}

func (w *world) sentOne() string {
	w.t.Helper()
	if w.sent == "" || w.state(w.keeper, w.here, w.sent) != "acknowledged" {
		w.sent = w.suggest(w.keeper, w.here, w.text, w.theirs)
	}
	return w.sent
}

func (w *world) state(as person, p *place.Place, id string) string {
	w.t.Helper()
	x, _, err := w.blueprints.ReadSuggestion(w.t.Context(), as.Viewer, p.Stream, id)
	must(w.t, err)
	return string(x.State)
}

func (w *world) suggest(as person, p *place.Place, from, to *blueprint.Version) string {
	w.t.Helper()
	ctx := w.t.Context()
	list, err := w.blueprints.Candidates(ctx, as.Viewer, from.VersionKey, to.VersionKey)
	must(w.t, err)
	for i := range list {
		list[i].Reason = "It reads better"
	}
	id, err := w.blueprints.Suggest(ctx, as.Viewer, blueprint.NewSuggestion{Place: p.Stream, From: &from.VersionKey, To: to.VersionKey, Changes: list})
	must(w.t, err)
	w.deliver(w.node)
	return id
}

// draft is one of the place.
func (w *world) draft() string {
	w.t.Helper()
	l, err := w.blueprints.Adapt(w.t.Context(), w.keeper.Viewer, blueprint.Source{Version: w.theirs.VersionKey}, w.here.Stream)
	must(w.t, err)
	return string(l)
}

// translated is a draft of the place with what a machine translated: its clauses are those of theirs.
func (w *world) translated() string {
	w.t.Helper()
	if w.byMachine == nil {
		text := w.theirs.Text
		text.Clauses = slices.Clone(text.Clauses)
		for i := range text.Clauses {
			text.Clauses[i].Status = blueprint.Machine
		}
		k, err := w.blueprints.Publish(w.t.Context(), w.keeper.Viewer, blueprint.Publication{Place: w.here.Stream, Text: text})
		must(w.t, err)
		w.byMachine = &k
	}
	l, err := w.blueprints.Continue(w.t.Context(), w.keeper.Viewer, *w.byMachine)
	must(w.t, err)
	return string(l)
}

// next is a draft of the next version of the place's own text.
func (w *world) next() string {
	w.t.Helper()
	l, err := w.blueprints.Continue(w.t.Context(), w.keeper.Viewer, w.text.VersionKey)
	must(w.t, err)
	return string(l)
}

// newest is the id of the newest version of the place's own text.
func (w *world) newest() string {
	w.t.Helper()
	d, err := w.blueprints.ReadDraft(w.t.Context(), w.keeper.Viewer, blueprint.Link(w.next()))
	must(w.t, err)
	return d.Base
}

var (
	holdMandate = db.Exec(`insert into mandate (id, stream, person, role, scope, aim, since, until, given_by) values ($1, $2, $3, $4, $5, 'Notes', 1, $6, '')
		on conflict (id) do update set ended = 0`)
	hostAll = db.Exec(`insert into room_code (proposal, secret, opened, expires, opened_by) select id, 'code ' || id, 1, $2, $1 from proposal where true
		on conflict (proposal) do update set opened_by = excluded.opened_by, expires = excluded.expires`)
	hostNone = db.Exec(`delete from room_code where opened_by = $1`)
)

// helpers join who is scribe, steward of the place's text, and host of every room.
func (w *world) helpers() {
	w.t.Helper()
	w.scribe = w.join(w.keeper, w.here, place.Member, "Scribe")
	w.steward = w.join(w.keeper, w.here, place.Member, "Steward")
	w.host = w.join(w.keeper, w.here, place.Member, "Host")
}

// hold sees to it that the helpers are what they are, after whatever was done.
func (w *world) hold(role place.Role) {
	w.t.Helper()
	ctx, ever := w.t.Context(), int64(1)<<60
	must(w.t, w.log.DB().Write(ctx, func(tx *db.Tx) error {
		for _, p := range []person{w.scribe, w.steward, w.host} {
			if _, err := putBack.Run(ctx, tx, w.here.Stream, p.Person, place.Member); err != nil {
				return err
			}
		}
		if _, err := holdMandate.Run(ctx, tx, "scribe", w.here.Stream, w.scribe.Person, place.Scribe, "", ever); err != nil {
			return err
		}
		if _, err := holdMandate.Run(ctx, tx, "steward", w.here.Stream, w.steward.Person, place.Steward, w.text.Blueprint, ever); err != nil {
			return err
		}
		if role != place.Host {
			_, err := hostNone.Run(ctx, tx, w.host.Person)
			return err
		}
		_, err := hostAll.Run(ctx, tx, w.host.Person, ever)
		return err
	}))
}

func (w *world) p(rest string) string { return w.path(w.here.ID) + rest }
func (w *world) s(rest string) string { return "/places/" + string(w.here.Stream) + rest }
func (w *world) atBringing() string   { return w.path(w.bringing) }
func (w *world) byBringing() string   { return "?id=" + url.QueryEscape(w.bringing) }

// but says how a call ends for whoever may make it, where that is not well: the
// node that it names does not answer (422, 503), there is nothing to do (404), or
// the site is of another kind (409, 422).
func (c call) but(status int) call {
	c.ends = status
	return c
}

// a door is one way to do an action: a form or a page, or a call of the API.
type door func(w *world, s place.State) call

// probes has the doors of every action of the table.
var probes = map[place.Action][]door{
	place.FoundPlace: {
		func(w *world, _ place.State) call { return get("/places/new") },
		func(w *world, _ place.State) call { return post("/places/new", "kind", "place", "name", "More") },
		func(w *world, _ place.State) call {
			return api("POST", "/places", map[string]string{"kind": "place", "name": "More"})
		},
	},
	place.ReadPlace: {
		func(w *world, _ place.State) call { return get(w.p("")) },
		func(w *world, _ place.State) call { return api("GET", w.s(""), nil) },
		func(w *world, _ place.State) call { return get(w.p("/changes")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/changes"), nil) },
	},
	place.DescribePlace: {
		func(w *world, _ place.State) call { return get(w.p("/describe")) },
		func(w *world, _ place.State) call { return post(w.p("/describe"), "name", "Here", "story", "A story") },
		func(w *world, _ place.State) call { return api("PUT", w.s(""), map[string]string{"name": "Here"}) },
	},
	place.Invite: {
		func(w *world, _ place.State) call { return post(w.p("/invite"), "role", "member") },
		func(w *world, _ place.State) call { return get(w.p("/roll")) },
		func(w *world, _ place.State) call { return post(w.p("/roll"), "count", "2") },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/roll"), map[string]int{"count": 2})
		},
		func(w *world, _ place.State) call { return post(w.p("/invitations/" + w.invitation() + "/end")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/invitations"), nil) },
		func(w *world, _ place.State) call { return api("DELETE", w.s("/invitations/"+w.invitation()), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/invitations"), map[string]string{"role": "member"})
		},
	},
	place.ReadMembers: {
		func(w *world, _ place.State) call { return get(w.p("/members")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/members"), nil) },
	},
	place.SetRole: {
		func(w *world, _ place.State) call {
			return post(w.p("/members/"+w.target.Person+"/role"), "role", "keeper")
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/members/"+w.target.Person), map[string]string{"role": "keeper"})
		},
	},
	place.RemoveMember: {
		func(w *world, _ place.State) call { return post(w.p("/members/" + w.target.Person + "/remove")) },
		func(w *world, _ place.State) call { return api("DELETE", w.s("/members/"+w.target.Person), nil) },
	},
	place.Leave: {
		func(w *world, _ place.State) call { return post(w.p("/leave")) },
		func(w *world, _ place.State) call { return api("POST", w.s("/leave"), nil) },
	},
	place.SetWays: {
		func(w *world, _ place.State) call { return get(w.p("/ways")) },
		func(w *world, _ place.State) call {
			return post(w.p("/ways"), "asking", "vouching", "vouches", "3")
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/ways"), map[string]any{"open": false, "asking": "keepers"})
		},
	},
	place.AnswerRequest: {
		func(w *world, _ place.State) call { w.request(place.AskKeepers); return get(w.p("/requests")) },
		func(w *world, _ place.State) call {
			w.request(place.AskKeepers)
			return api("GET", w.s("/requests"), nil)
		},
		func(w *world, _ place.State) call {
			return post(w.p("/requests/" + w.request(place.AskKeepers) + "/let-in"))
		},
		func(w *world, _ place.State) call {
			return post(w.p("/requests/" + w.request(place.AskKeepers) + "/end"))
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/requests/"+w.request(place.AskKeepers)+"/answer"), map[string]bool{"let_in": true})
		},
	},
	place.Vouch: {
		func(w *world, _ place.State) call { w.request(place.AskVouches); return get(w.p("/requests")) },
		func(w *world, _ place.State) call {
			return post(w.p("/requests/" + w.request(place.AskVouches) + "/vouch"))
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/requests/"+w.request(place.AskVouches)+"/vouch"), nil)
		},
	},
	place.FollowPlace: {
		func(w *world, _ place.State) call { return get(w.p("/following")) },
		func(w *world, _ place.State) call { return post(w.p("/following"), "address", nobody).but(422) },
		func(w *world, _ place.State) call {
			return post(w.p("/following/change"), "stream", string(w.there.Stream), "do", "stop").but(404)
		},
		func(w *world, _ place.State) call {
			return post(w.p("/following/change"), "stream", string(w.there.Stream), "do", "resume").but(404)
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/following"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/following"), map[string]string{"address": nobody}).but(503)
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/following/stop"), map[string]string{"stream": string(w.there.Stream)}).but(404)
		},
	},
	place.BlockHost: {
		func(w *world, _ place.State) call { return post(w.p("/blocks"), "target", "https://elsewhere.example") },
		func(w *world, _ place.State) call {
			return post(w.p("/blocks/end"), "target", "https://elsewhere.example")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/following/change"), "stream", strings.Repeat("ab", 32), "do", "block")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/blocks"), map[string]string{"target": "https://elsewhere.example"})
		},
	},
	place.ReadNotices: {
		func(w *world, _ place.State) call {
			return post("/notices/seen", "stream", string(w.here.Stream), "notice", "none")
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/notices"), nil) },
	},
	place.ExportPlace: {
		func(w *world, _ place.State) call { return get(w.p("/export")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/export"), nil) },
	},
	place.ErasePart: {
		func(w *world, _ place.State) call { return get(w.p("/published")) },
		func(w *world, _ place.State) call {
			x := w.erasable()
			return post(w.p("/published/erase"), "parts", fmt.Sprintf("%d/%s", x.Index, x.Name), "understood", "yes")
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/published"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/erasures"), map[string]any{"parts": []act.ErasedPart{w.erasable()}})
		},
	},
	place.RotateKey: {
		func(w *world, _ place.State) call { return post(w.p("/published/key"), "understood", "yes") },
		func(w *world, _ place.State) call { return api("GET", w.s("/keys"), nil) },
		func(w *world, _ place.State) call { return api("POST", w.s("/keys"), nil) },
	},
	place.SetRootKeys: {
		func(w *world, _ place.State) call { return get(w.p("/roots")) },
		func(w *world, _ place.State) call {
			return post(w.p("/roots"), "keys", "Ana: "+rootOfTests, "threshold", "1")
		},
		func(w *world, _ place.State) call { return post(w.p("/roots/recover")) },
		func(w *world, _ place.State) call {
			statement, proofs := w.signedRoots()
			return post(w.p("/roots/carry-out"), "statement", statement, "proofs", proofs)
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/roots"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/roots"), map[string]any{"keys": []map[string]string{{"public": rootOfTests}}, "threshold": 1})
		},
		func(w *world, _ place.State) call { return api("POST", w.s("/roots/recover"), nil) },
		func(w *world, _ place.State) call {
			statement, proofs := w.signedRoots()
			return api("POST", w.s("/roots/carry-out"), map[string]string{"statement": statement, "proofs": proofs})
		},
	},
	place.Report: {
		func(w *world, _ place.State) call { return get("/report?of=text&thing=" + url.QueryEscape(w.text.ID)) },
		func(w *world, _ place.State) call {
			return post("/report", "of", "text", "thing", w.text.ID, "category", "spam")
		},
		func(w *world, _ place.State) call {
			return api("POST", "/reports", map[string]string{"kind": "text", "thing": w.theirs.ID, "category": "spam"})
		},
	},
	place.Moderate: {
		func(w *world, _ place.State) call { return get(w.p("/moderation")) },
		func(w *world, _ place.State) call {
			return post(w.p("/moderation/decide"), "of", "person", "thing", w.target.Person, "do", "hide", "reason", "A slur")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/moderation/decide"), "of", "person", "thing", w.target.Person, "do", "show")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/moderation/newcomers"), "hours", "0", "most", "0", "looks", "0")
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/moderation"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/moderation"), map[string]string{"kind": "person", "thing": w.target.Person, "do": "hide", "reason": "A slur"})
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/newcomers"), map[string]int{"hours": 0, "most": 0, "looks": 0})
		},
	},
	place.BlockPerson: {
		func(w *world, _ place.State) call { return get(w.p("/members/" + w.target.Person + "/block")) },
		func(w *world, _ place.State) call {
			return post(w.p("/members/"+w.target.Person+"/block"), "reason", "Threats")
		},
		func(w *world, _ place.State) call { return post(w.p("/moderation/unblock"), "person", w.target.Person) },
		func(w *world, _ place.State) call { return api("GET", w.s("/blocked-people"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/blocked-people"), map[string]string{"person": w.target.Person, "reason": "Threats"})
		},
		func(w *world, _ place.State) call {
			return api("DELETE", w.s("/blocked-people/"+w.target.Person), nil)
		},
	},
	place.ReadLog: {
		func(w *world, _ place.State) call { return get(w.p("/keepers-log")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/keepers-log"), nil) },
		func(w *world, _ place.State) call { return api("GET", w.s("/newcomers"), nil) },
	},
	place.ReadRoles: {
		func(w *world, _ place.State) call { return get(w.p("/roles")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/roles"), nil) },
	},
	place.GiveMandate: {
		func(w *world, _ place.State) call {
			w.noMandates()
			return post(w.p("/roles"), "person", w.target.Person, "aim", "Notes", "until", w.day())
		},
		func(w *world, _ place.State) call {
			w.noMandates()
			return api("POST", w.s("/roles"), map[string]string{"person": w.target.Person, "aim": "Notes", "until": w.day()})
		},
		func(w *world, _ place.State) call { return post(w.p("/roles/" + w.mandate() + "/end")) },
		func(w *world, _ place.State) call { return api("DELETE", w.s("/roles/"+w.mandate()), nil) },
	},
	place.LayDown: { // one's own: this is another's
		func(w *world, _ place.State) call { return post(w.p("/roles/" + w.mandate() + "/lay-down")).but(404) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/roles/"+w.mandate()+"/lay-down"), nil).but(404)
		},
	},
	place.HandOver: {
		func(w *world, _ place.State) call { return get(w.p("/hand-over")) },
		func(w *world, _ place.State) call { return post(w.p("/hand-over/words"), "words", "One each") },
		func(w *world, _ place.State) call { return post(w.p("/hand-over"), "then", "member") },
		func(w *world, _ place.State) call { return api("GET", w.s("/hand-over"), nil) },
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/hand-over/words"), map[string]string{"words": "One each"})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/hand-over"), map[string]bool{"leave": true})
		},
	},
	place.KeepSite: {
		func(w *world, _ place.State) call { return get("/site/moderation") },
		func(w *world, _ place.State) call {
			return post("/site/moderation/decide", "of", "text", "thing", w.fromElsewhere(), "do", "leave")
		},
		func(w *world, _ place.State) call { return api("GET", "/site/moderation", nil) },
		func(w *world, _ place.State) call {
			return api("POST", "/site/moderation", map[string]string{"kind": "text", "thing": w.fromElsewhere(), "do": "leave"})
		},
		func(w *world, _ place.State) call { return get("/site") },
		func(w *world, _ place.State) call { return get("/site/keeping") },
		func(w *world, _ place.State) call { return post("/site/keeping/keys", "recipients", "") },
		func(w *world, _ place.State) call { return post("/site/keeping/limits", "site", "", "place", "") },
		func(w *world, _ place.State) call { return post("/site/keeping/kind", "kind", "movement") },
		func(w *world, _ place.State) call { return post("/site/keeping/retention", "years", "7").but(422) },
		func(w *world, _ place.State) call {
			return api("PUT", "/site/keeping/retention", map[string]any{"years": 7}).but(409)
		},
		func(w *world, _ place.State) call { return api("GET", "/site/keeping", nil) },
		func(w *world, _ place.State) call {
			return api("PUT", "/site/kind", map[string]string{"kind": "movement"})
		},
		func(w *world, _ place.State) call {
			return api("PUT", "/site/keeping", map[string]any{"recipients": "", "siteLimit": 0, "placeLimit": 0})
		},
		func(w *world, _ place.State) call { return post("/site/override", "stream", string(w.here.Stream)) },
		func(w *world, _ place.State) call {
			return post("/site/erasure", "stream", string(w.here.Stream), "index", "0").but(404)
		},
		// The place stands here, so there is nothing to take up: web/move_test.go does it.
		func(w *world, _ place.State) call { return get("/site/take-up/" + string(w.here.Stream)) },
		func(w *world, _ place.State) call {
			return post("/site/take-up/" + string(w.here.Stream) + "/prepare").but(409)
		},
		func(w *world, _ place.State) call {
			return post("/site/take-up/"+string(w.here.Stream), "statement", "{}", "proofs", "").but(422)
		},
		func(w *world, _ place.State) call { return api("POST", w.s("/take-up/prepare"), nil).but(409) },
		func(w *world, _ place.State) call {
			return post("/site/take-up/" + string(w.here.Stream) + "/first-keeper").but(409)
		},
		func(w *world, _ place.State) call { return api("POST", w.s("/take-up/first-keeper"), nil).but(409) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/take-up"), map[string]string{"statement": "{}", "proofs": ""}).but(422)
		},
	},
	place.SetSiteKeepers: {
		func(w *world, _ place.State) call { return api("GET", "/site/keepers", nil) },
		func(w *world, _ place.State) call { return api("GET", "/site/keepers-log", nil) },
		func(w *world, _ place.State) call { return post("/site/keepers", "pseudonym", "Target") },
		func(w *world, _ place.State) call {
			return api("POST", "/site/keepers", map[string]string{"pseudonym": "Target"})
		},
		func(w *world, _ place.State) call { w.keepSiteToo(); return post("/site/step-down") },
		func(w *world, _ place.State) call { w.keepSiteToo(); return api("POST", "/site/step-down", nil) },
	},
	place.Propose: {
		func(w *world, _ place.State) call { return get(w.p("/propose?version=" + url.QueryEscape(w.text.ID))) },
		func(w *world, _ place.State) call {
			return post(w.p("/propose"), "title", "Bring it", "version", w.text.ID, "rule", "consent", "quorum", "2", "review", "2030-01-01")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/proposals"), map[string]any{"title": "Bring it", "version": w.text.ID, "rule": "consent", "quorum": 2, "review": "2030-01-01"})
		},
	},
	place.ReadProposal: {
		func(w *world, _ place.State) call { return get(w.p("/proposals")) },
		func(w *world, s place.State) call { return get(w.p("/proposal/" + w.proposal(s))) },
		func(w *world, s place.State) call { return get("/room?proposal=" + w.proposal(s)) },
		func(w *world, _ place.State) call { return api("GET", w.s("/proposals"), nil) },
		func(w *world, s place.State) call { return api("GET", "/proposals/"+w.proposal(s), nil) },
	},
	place.Speak: {
		func(w *world, s place.State) call {
			return post(w.p("/proposal/"+w.proposal(s)+"/say"), "kind", kindIn(s), "body", "Words")
		},
		func(w *world, s place.State) call {
			return api("POST", "/proposals/"+w.proposal(s)+"/voices", map[string]string{"kind": kindIn(s), "body": "Words"})
		},
	},
	place.Integrate: {
		func(w *world, s place.State) call {
			p, v := w.voice(s)
			return post(w.p("/proposal/"+p+"/integrate"), "voice", v)
		},
		func(w *world, s place.State) call {
			p, v := w.voice(s)
			return api("POST", "/proposals/"+p+"/integrated", map[string]string{"voice": v})
		},
	},
	place.EnterRoom: {
		func(w *world, s place.State) call {
			return post(w.p("/proposal/"+w.proposal(s)+"/room"), "present", "5", "agree", "5")
		},
		func(w *world, s place.State) call {
			return api("PUT", "/proposals/"+w.proposal(s)+"/room", map[string]int{"present": 5, "agree": 5})
		},
	},
	place.OpenRoom: {
		func(w *world, s place.State) call { return post(w.p("/proposal/" + w.proposal(s) + "/open-room")) },
		func(w *world, s place.State) call { return post(w.p("/proposal/" + w.proposal(s) + "/close-room")) },
		func(w *world, s place.State) call { return api("PUT", "/proposals/"+w.proposal(s)+"/tonight", nil) },
		func(w *world, s place.State) call {
			return api("DELETE", "/proposals/"+w.proposal(s)+"/tonight", nil)
		},
	},
	place.NextRound: {
		func(w *world, s place.State) call { return post(w.p("/proposal/" + w.proposal(s) + "/next")) },
		func(w *world, s place.State) call { return api("POST", "/proposals/"+w.proposal(s)+"/next", nil) },
	},
	place.Withdraw: {
		func(w *world, s place.State) call { return post(w.p("/proposal/" + w.proposal(s) + "/withdraw")) },
		func(w *world, s place.State) call { return api("POST", "/proposals/"+w.proposal(s)+"/withdraw", nil) },
	},
	place.Close: {
		func(w *world, s place.State) call {
			return post(w.p("/proposal/"+w.proposal(s)+"/close"), "note", "Done")
		},
		func(w *world, s place.State) call {
			return api("POST", "/proposals/"+w.proposal(s)+"/close", map[string]string{"note": "Done"})
		},
	},
	place.NameAuthority: {
		func(w *world, _ place.State) call {
			return post(w.p("/bring"), "outcome", w.outcome, "name", "Board", "kind", "board")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/authorities"), map[string]string{"name": "Board", "kind": "board"})
		},
	},
	place.BringText: {
		func(w *world, _ place.State) call {
			return post(w.p("/bring"), "outcome", w.outcome, "authority", w.authority)
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/bringings"), map[string]string{"outcome": w.outcome, "authority": w.authority})
		},
	},
	place.RecordDeed: {
		func(w *world, _ place.State) call {
			return post(w.path(w.broughtAnew())+"/deed", "deed_kind", "referral", "deed_legal", "referred", "deed_day", "2026-03-02", "deed_reason", "To a committee")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/bringings/deeds")+"?id="+url.QueryEscape(w.broughtAnew()), map[string]string{"kind": "referral", "legal": "referred", "day": "2026-03-02", "reason": "To a committee"})
		},
	},
	place.AttachDocument: {
		func(w *world, _ place.State) call {
			return post(w.atBringing()+"/document/"+w.documentDraft(), "do", "drop")
		},
		func(w *world, _ place.State) call { return get(w.atBringing() + "/document/" + w.documentDraft()) },
		func(w *world, _ place.State) call {
			return get(w.atBringing() + "/document/" + w.documentDraft() + "/file")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/documents"), map[string]any{"deed": w.deed(), "name": "a.txt", "data": []byte("text")})
		},
	},
	place.RecordStatus: {
		func(w *world, _ place.State) call {
			return post(w.path(w.broughtAnew())+"/status", "step", "legal/referred", "day", "2026-03-02", "source", "Minutes", "reason", "Sent on")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/bringings/statuses")+"?id="+url.QueryEscape(w.broughtAnew()), map[string]string{"lifecycle": "legal", "status": "referred", "day": "2026-03-02", "source": "Minutes", "reason": "Sent on"})
		},
	},
	place.PlanTasks: {
		func(w *world, _ place.State) call { return get(w.atBringing() + "/plan") },
		func(w *world, _ place.State) call {
			return post(w.atBringing()+"/plan/meeting", "meeting", "2030-05-01", "cutoff", "7")
		},
		func(w *world, _ place.State) call {
			return post(w.atBringing()+"/plan/task", "title", "Write", "before", "3")
		},
		func(w *world, _ place.State) call { return post(w.atBringing() + "/plan/usual") },
		func(w *world, _ place.State) call { return post(w.atBringing()+"/plan/task/"+w.task(), "do", "done") },
		func(w *world, _ place.State) call { return post(w.atBringing()+"/plan/task/"+w.task(), "do", "drop") },
		func(w *world, _ place.State) call { return post(w.atBringing() + "/plan/calendar") },
		func(w *world, _ place.State) call { return api("GET", w.s("/bringings/plan")+w.byBringing(), nil) },
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/bringings/plan/meeting")+w.byBringing(), map[string]any{"day": "2030-05-01", "cutoff": 7})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/bringings/plan/tasks")+w.byBringing(), map[string]any{"title": "Write", "before": 3, "keepers": []string{"", ""}})
		},
	},
	place.ReadMeetings: {
		func(w *world, _ place.State) call { return get(w.p("/meeting/" + w.meeting(false))) },
		func(w *world, _ place.State) call { return post(w.p("/meetings/link")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/meetings/"+w.meeting(false)), nil) },
		func(w *world, _ place.State) call { return api("POST", w.s("/meetings/calendar"), nil) },
	},
	place.PlanMeeting: {
		func(w *world, _ place.State) call { return get(w.p("/meetings/new")) },
		func(w *world, _ place.State) call {
			return post(w.p("/meetings/new"), "title", "Assembly", "day", "2030-03-01", "begins", "18:00", "ends", "20:00", "zone", "America/Bogota", "venue", "Hall")
		},
		func(w *world, _ place.State) call { return get(w.p("/meeting/" + w.meeting(false) + "/edit")) },
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(false)+"/edit"), "rev", "1", "title", "Assembly", "day", "2030-03-01", "begins", "18:00", "ends", "20:00", "zone", "UTC", "venue", "Hall")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(false)+"/off"), "do", "off")
		},
		func(w *world, _ place.State) call { return api("POST", w.s("/meetings"), meetingBody()) },
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/meetings/"+w.meeting(false)), with(meetingBody(), "rev", 1))
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/meetings/"+w.meeting(false)+"/called-off"), map[string]bool{"off": true})
		},
	},
	place.WriteNote: {
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(false)+"/note"), "rev", "1", "note", "We agreed")
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/meetings/"+w.meeting(false)+"/note"), map[string]any{"note": "We agreed", "rev": 1})
		},
	},
	place.TakeRole: {
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(false)+"/part"), "part", "scribe")
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/meetings/"+w.meeting(true)+"/roles/scribe"), nil)
		},
		func(w *world, _ place.State) call {
			return api("DELETE", w.s("/meetings/"+w.meeting(false)+"/roles/scribe"), nil)
		},
	},
	place.ShowMeeting: {
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(false)+"/show"), "do", "show")
		},
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/meetings/"+w.meeting(false)+"/showing"), map[string]bool{"public": true, "link": true, "note": true})
		},
		func(w *world, _ place.State) call { return get(w.p("/meeting/" + w.meeting(true) + "/edit")) },
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(true)+"/edit"), "rev", "2", "title", "Assembly", "day", "2030-03-01", "begins", "18:00", "ends", "20:00", "zone", "UTC", "venue", "Hall")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(true)+"/note"), "rev", "2", "note", "We agreed")
		},
		func(w *world, _ place.State) call { return post(w.p("/meeting/" + w.meeting(true) + "/off")) },
		func(w *world, _ place.State) call {
			return post(w.p("/meeting/"+w.meeting(true)+"/show"), "do", "hide")
		},
		func(w *world, _ place.State) call { return post(w.p("/meeting/" + w.meeting(false) + "/remove")) },
		func(w *world, _ place.State) call { return api("DELETE", w.s("/meetings/"+w.meeting(true)), nil) },
	},
	place.KeepWebhooks: {
		func(w *world, _ place.State) call { return get(w.p("/webhooks")) },
		func(w *world, _ place.State) call { return get(w.p("/webhooks/" + w.webhook())) },
		func(w *world, _ place.State) call {
			return post(w.p("/webhooks"), "address", "https://program.example/in", "events", "deed")
		},
		func(w *world, _ place.State) call { return post(w.p("/webhooks/"+w.webhook()+"/do"), "do", "off") },
		func(w *world, _ place.State) call { return post(w.p("/webhooks/"+w.webhook()+"/do"), "do", "try") },
		func(w *world, _ place.State) call { return post(w.p("/webhooks/"+w.webhook()+"/do"), "do", "remove") },
		func(w *world, _ place.State) call { return api("GET", w.s("/webhooks"), nil) },
		func(w *world, _ place.State) call {
			return api("GET", w.s("/webhooks/"+w.webhook()+"/deliveries"), nil)
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/webhooks"), map[string]any{"address": "https://program.example/in", "events": []string{"deed"}})
		},
		func(w *world, _ place.State) call { return api("POST", w.s("/webhooks/"+w.webhook()+"/try"), nil) },
		func(w *world, _ place.State) call {
			return api("PUT", w.s("/webhooks/"+w.webhook()+"/active"), map[string]bool{"active": false})
		},
		func(w *world, _ place.State) call { return api("DELETE", w.s("/webhooks/"+w.webhook()), nil) },
	},
	place.PassOn: {
		func(w *world, _ place.State) call { return get(w.p("/outbox")) },
		func(w *world, _ place.State) call { return post(w.p("/outbox/" + w.parcel() + "/passed")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/outbox"), nil) },
		func(w *world, _ place.State) call { return api("POST", w.s("/outbox/"+w.parcel()+"/passed"), nil) },
	},
	place.AskLightly: {
		func(w *world, _ place.State) call { return get(w.p("/asks")) },
		func(w *world, _ place.State) call {
			return post(w.p("/asks"), "object", "task "+w.task(), "label", "The baker")
		},
		func(w *world, _ place.State) call { return post(w.p("/asks/" + w.asked() + "/end")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/asks"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/asks"), map[string]string{"kind": "task", "object": w.task()})
		},
		func(w *world, _ place.State) call { return api("DELETE", w.s("/asks/"+w.asked()), nil) },
	},
	place.ReadBlueprint: {
		func(w *world, _ place.State) call { return get(w.path(w.text.ID)) },
		func(w *world, _ place.State) call { return get(w.path(w.text.Blueprint) + "/versions") },
		func(w *world, _ place.State) call { return get(w.path(w.text.Blueprint) + "/lineage") },
		func(w *world, _ place.State) call { return get(w.path(w.text.ID) + "/clause/" + w.text.Clauses[0].ID) },
		func(w *world, _ place.State) call {
			return get("/compare?older=" + url.QueryEscape(w.text.ID) + "&newer=" + url.QueryEscape(w.theirs.ID))
		},
		func(w *world, _ place.State) call { return api("GET", "/versions?id="+url.QueryEscape(w.text.ID), nil) },
		func(w *world, _ place.State) call { return get(w.path(w.text.ID) + "/file/docx") },
		func(w *world, _ place.State) call {
			return api("GET", "/versions/file?format=json&id="+url.QueryEscape(w.text.ID), nil)
		},
		func(w *world, _ place.State) call { return api("GET", w.s("/blueprints"), nil) },
		func(w *world, _ place.State) call {
			return api("GET", w.s("/blueprints/versions?id="+url.QueryEscape(w.text.Blueprint)), nil)
		},
		func(w *world, _ place.State) call {
			return api("GET", w.s("/blueprints/lineage?id="+url.QueryEscape(w.text.Blueprint)), nil)
		},
		func(w *world, _ place.State) call {
			return api("GET", w.s("/versions/moves?id="+url.QueryEscape(w.text.ID)), nil)
		},
		func(w *world, _ place.State) call {
			return api("GET", "/compare?older="+url.QueryEscape(w.text.ID)+"&newer="+url.QueryEscape(w.theirs.ID), nil)
		},
	},
	place.DraftBlueprint: {
		func(w *world, _ place.State) call { return get(w.p("/work")) },
		func(w *world, _ place.State) call { return api("GET", w.s("/drafts"), nil) },
		func(w *world, _ place.State) call {
			return post("/drafts", "how", "adapt", "stream", string(w.here.Stream), "version", w.theirs.ID)
		},
		func(w *world, _ place.State) call {
			return post("/drafts", "how", "new", "stream", string(w.here.Stream), "language", "en")
		},
		func(w *world, _ place.State) call { return post("/drafts", "how", "continue", "version", w.text.ID) },
		func(w *world, _ place.State) call {
			return post("/drafts", "how", "translate", "stream", string(w.here.Stream), "version", w.theirs.ID, "language", "es")
		},
		func(w *world, _ place.State) call {
			return post("/drafts", "how", "bring-in", "stream", string(w.here.Stream), "into", w.text.ID, "version", w.theirs.ID)
		},
		func(w *world, _ place.State) call { return get("/draft/" + w.draft()) },
		func(w *world, _ place.State) call { return get("/draft/" + w.draft() + "/file/md") },
		func(w *world, _ place.State) call {
			return api("GET", "/drafts/"+w.draft()+"/file?format=md", nil)
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/from-file", map[string]any{"stream": w.here.Stream, "language": "en", "text": "Everybody may speak here once."})
		},
		func(w *world, _ place.State) call { return get("/draft/" + w.draft() + "/print") },
		func(w *world, _ place.State) call { return get("/draft/" + w.draft() + "/publish") },
		func(w *world, _ place.State) call {
			return post("/draft/"+w.draft()+"/head", "rev", "1", "title", "T", "institution", "council")
		},
		func(w *world, _ place.State) call {
			return post("/draft/"+w.draft()+"/do", "rev", "1", "what", "drop", "clause", w.text.Clauses[0].ID)
		},
		func(w *world, _ place.State) call {
			return post("/draft/"+w.draft()+"/add", "kind", "passage", "text", "More")
		},
		func(w *world, _ place.State) call { return post("/draft/"+w.draft()+"/variables", "rev", "1") },
		func(w *world, _ place.State) call {
			return post("/draft/"+w.draft()+"/clause/"+w.text.Clauses[0].ID, "rev", "1", "kind", "passage", "text", "New")
		},
		func(w *world, _ place.State) call { return post("/draft/" + w.draft() + "/discard") },
		func(w *world, _ place.State) call {
			return post("/draft/"+w.loose()+"/give", "stream", string(w.here.Stream))
		},
		func(w *world, _ place.State) call { return post(w.p("/put-aside"), "url", w.theirs.ID) },
		func(w *world, _ place.State) call {
			return api("POST", "/drafts", map[string]string{"how": "adapt", "stream": string(w.here.Stream), "version": w.theirs.ID})
		},
		func(w *world, _ place.State) call { return api("GET", "/drafts/"+w.draft(), nil) },
		func(w *world, _ place.State) call {
			return api("PUT", "/drafts/"+w.draft()+"/head", map[string]any{"rev": 1, "title": "T", "institution": "council"})
		},
		func(w *world, _ place.State) call {
			return api("PUT", "/drafts/"+w.draft()+"/variables", map[string]any{"rev": 1, "variables": []any{}})
		},
		func(w *world, _ place.State) call {
			return api("PUT", "/drafts/"+w.draft()+"/clauses/"+w.text.Clauses[0].ID, map[string]any{"rev": 1, "wording": map[string]string{"kind": "passage", "text": "New"}})
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/"+w.draft()+"/clauses", map[string]any{"wording": map[string]string{"kind": "passage", "text": "New"}})
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/"+w.draft()+"/clauses/"+w.text.Clauses[0].ID+"/drop", map[string]any{"rev": 1})
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/"+w.loose()+"/give", map[string]any{"stream": w.here.Stream})
		},
		func(w *world, _ place.State) call { return api("DELETE", "/drafts/"+w.draft(), nil) },
		func(w *world, _ place.State) call { return api("GET", w.s("/blueprints/notices"), nil) },
	},
	place.CheckTranslation: {
		func(w *world, _ place.State) call {
			return post("/draft/"+w.translated()+"/check", "rev", "1", "clause", w.theirs.Clauses[0].ID)
		},
		func(w *world, _ place.State) call { return get("/draft/" + w.translated() + "/check") },
		func(w *world, _ place.State) call {
			return post("/draft/"+w.translated()+"/do", "rev", "1", "what", "check", "clause", w.theirs.Clauses[0].ID)
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/"+w.translated()+"/clauses/"+w.theirs.Clauses[0].ID+"/check", map[string]any{"rev": 1})
		},
	},
	place.PublishBlueprint: {
		func(w *world, _ place.State) call {
			return post("/draft/"+w.next()+"/publish", "rev", "1", "message", "Ours")
		},
		func(w *world, _ place.State) call {
			return api("POST", "/drafts/"+w.next()+"/publish", map[string]any{"rev": 1})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/versions"), map[string]any{"text": w.text.Text, "blueprint": w.text.Blueprint, "base": w.newest()})
		},
	},
	place.WarnBlueprint: {
		func(w *world, _ place.State) call {
			return post("/warn", "place", string(w.here.Stream), "version", w.text.ID, "clause", w.text.Clauses[0].ID, "kind", "ignored", "text", "Nothing came of it", "cited", "Minutes")
		},
		func(w *world, _ place.State) call {
			return post("/withdraw-warning", "place", string(w.here.Stream), "warning", w.warning(), "reason", "It came after all")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/warnings"), map[string]any{"version": w.text.ID, "clause": w.text.Clauses[0].ID, "kind": "ignored", "text": "Nothing came of it", "cited": "Minutes"})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/warnings/withdraw"), map[string]string{"id": w.warning(), "reason": "It came after all"})
		},
	},
	place.HearTold: {
		func(w *world, _ place.State) call { return get(w.p("/told")) },
		func(w *world, _ place.State) call { return post(w.p("/told"), "id", w.told(), "do", "dismiss") },
		func(w *world, _ place.State) call { return post(w.p("/told"), "id", w.told(), "do", "pass-on") },
		func(w *world, _ place.State) call { return api("GET", w.s("/told"), nil) },
		func(w *world, _ place.State) call {
			return api("POST", w.s("/told/dismiss"), map[string]string{"id": w.told()})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/told/pass-on"), map[string]string{"id": w.told()})
		},
		func(w *world, _ place.State) call {
			return get(w.path(w.text.ID) + "/clause/" + w.text.Clauses[0].ID + "?told=" + w.told() + "&place=" + string(w.here.Stream))
		},
	},
	place.ReadSuggestions: {
		func(w *world, _ place.State) call { return get(w.p("/suggestion?id=" + url.QueryEscape(w.received()))) },
		func(w *world, _ place.State) call { return api("GET", w.s("/suggestions"), nil) },
		func(w *world, _ place.State) call {
			return api("GET", w.s("/suggestion?id="+url.QueryEscape(w.received())), nil)
		},
		func(w *world, _ place.State) call {
			return get(w.p("/suggestion/file/docx?id=" + url.QueryEscape(w.received())))
		},
		func(w *world, _ place.State) call {
			return api("GET", w.s("/suggestion/file?format=md&id="+url.QueryEscape(w.received())), nil)
		},
	},
	place.SuggestChange: {
		func(w *world, _ place.State) call {
			return get("/suggest?place=" + string(w.here.Stream) + "&to=" + url.QueryEscape(w.theirs.ID))
		},
		func(w *world, _ place.State) call {
			id := w.text.Clauses[0].ID
			return post("/suggest", "place", string(w.here.Stream), "to", w.theirs.ID, "from", w.text.ID, "clause", id, "reason-"+id, "Shorter")
		},
		func(w *world, _ place.State) call { return post(w.p("/suggestion/take-back"), "id", w.sentOne()) },
		func(w *world, _ place.State) call {
			return post(w.p("/suggestion/say"), "id", w.sentOne(), "text", "One word more")
		},
		func(w *world, _ place.State) call {
			c := w.text.Clauses[0].Wording
			return api("POST", w.s("/suggestions"), map[string]any{"to": w.theirs.ID, "from": w.text.ID,
				"changes": []any{map[string]any{"kind": "change", "clause": c.ID, "wording": c, "reason": "Shorter"}}})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestion/take-back"), map[string]string{"id": w.sentOne()})
		},
		func(w *world, _ place.State) call {
			return post(w.p("/suggestion/answered"), "id", w.sentOne(), "outcome", "used", "said", "The clerk", "day", "2026-01-01")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestion/answered"), map[string]string{"id": w.sentOne(), "outcome": "used", "said": "The clerk", "day": "2026-01-01"})
		},
	},
	place.AnswerSuggestion: {
		func(w *world, _ place.State) call {
			return post(w.p("/suggestion/decline"), "id", w.received(), "reason", "Not for us")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/suggestion/say"), "id", w.received(), "text", "One word more")
		},
		func(w *world, _ place.State) call {
			return post(w.p("/suggestion/use"), "id", w.received(), "clause", w.text.Clauses[0].ID, "how", "now")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestion/use"), map[string]any{"id": w.received()})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestion/decline"), map[string]string{"id": w.received(), "text": "Not for us"})
		},
		func(w *world, _ place.State) call {
			return get(w.p("/suggestion/enter?version=" + url.QueryEscape(w.text.ID)))
		},
		func(w *world, _ place.State) call {
			id := w.text.Clauses[0].ID
			return post(w.p("/suggestion/enter"), "version", w.text.ID, "name", "Upstream", "changes", `[{"kind":"drop","clause":"`+id+`"}]`, "clause", id, "reason-"+id, "Too long")
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestions/from-file"), map[string]string{"version": w.text.ID, "text": "Everybody may speak here once."})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestions/enter"), map[string]any{"version": w.text.ID, "name": "Upstream",
				"changes": []any{map[string]any{"kind": "drop", "clause": w.text.Clauses[0].ID, "reason": "Too long"}}})
		},
		func(w *world, _ place.State) call {
			return api("POST", w.s("/suggestion/say"), map[string]string{"id": w.received(), "text": "One word more"})
		},
	},
}

// nobody is an address at which nobody answers.
const nobody = "http://127.0.0.1:1/p/aaaaaaaaaaaaaaaa"

func kindIn(s place.State) string {
	if k := decide.Kinds(s); len(k) > 0 {
		return string(k[0])
	}
	return string(decide.Question)
}

// voice is a proposal in a state with, in consent, an objection; the rest have
// none that could be met.
func (w *world) voice(s place.State) (proposal, voice string) {
	w.t.Helper()
	if s == decide.Consent {
		return w.objection()
	}
	return w.proposal(s), act.NewToken()
}

func (w *world) day() string { return time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly) }

var unblock = db.Exec(`delete from person_block where stream = $1 and person = $2`)

// noMandates ends all, and makes the target one to whom a mandate can be given.
func (w *world) noMandates() {
	w.t.Helper()
	must(w.t, w.log.DB().Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := unblock.Run(w.t.Context(), tx, w.here.Stream, w.target.Person)
		return err
	}))
	list, err := w.places.Mandates(w.t.Context(), w.keeper.Viewer, w.here.Stream)
	must(w.t, err)
	for _, m := range list {
		must(w.t, w.places.EndMandate(w.t.Context(), w.keeper.Viewer, w.here.Stream, m.ID))
	}
}

func (w *world) mandate() string {
	w.t.Helper()
	w.noMandates()
	must(w.t, w.places.GiveMandate(w.t.Context(), w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.target.Person, Aim: "Notes", Day: w.day()}))
	list, err := w.places.Mandates(w.t.Context(), w.keeper.Viewer, w.here.Stream)
	must(w.t, err)
	return list[0].ID
}

func (w *world) invitation() string {
	w.t.Helper()
	_, err := w.places.Invite(w.t.Context(), w.keeper.Viewer, w.here.Stream, place.Member)
	must(w.t, err)
	list, err := w.places.Invitations(w.t.Context(), w.keeper.Viewer, w.here.Stream)
	must(w.t, err)
	return list[0].ID
}

// request is somebody who waits to come in, in a place with that way of asking.
func (w *world) request(how place.Asking) string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	must(w.t, w.places.SetWays(ctx, v, w.here.Stream, place.Ways{Asking: how, Vouches: 2}))
	_, err := w.places.Ask(ctx, place.Viewer{}, w.here.Stream, "Newcomer", "From the choir")
	must(w.t, err)
	list, err := w.places.Requests(ctx, v, w.here.Stream)
	must(w.t, err)
	return list[len(list)-1].ID
}

var putReport = db.Exec(`insert into report (id, stream, kind, thing, about, said, at, category, words, made_by, made, state, decided, decided_by, answer)
	values ($1, '', 'text', $2, '', 'A title', $2, 'spam', '', '', 1, 'open', 0, '', '')`)

// fromElsewhere is a text of another node that a stranger has reported.
func (w *world) fromElsewhere() string {
	w.t.Helper()
	id := "http://elsewhere.example/p/" + act.NewToken() + "/version/" + act.NewToken()
	must(w.t, w.log.DB().Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := putReport.Run(w.t.Context(), tx, act.NewToken(), id)
		return err
	}))
	return id
}

func (w *world) task() string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	must(w.t, w.advances.PutTask(ctx, v, w.bringing, advance.Task{Title: "Print it", Before: 2}))
	p, err := w.advances.Plan(ctx, v, w.bringing)
	must(w.t, err)
	return p.Tasks[len(p.Tasks)-1].ID
}

// parcel is something that a keeper can pass on.
func (w *world) parcel() string {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.notices.Set(ctx, w.member.Viewer, notice.Settings{Pace: notice.Never, ByHand: true}))
	w.proposal(decide.React)
	must(w.t, w.notices.Remind(ctx))
	list, err := w.notices.Outbox(ctx, w.keeper.Viewer, w.here.Stream)
	must(w.t, err)
	return list[len(list)-1].ID
}

// asked is a question to somebody without an account.
func (w *world) asked() string {
	w.t.Helper()
	_, err := w.notices.AskOf(w.t.Context(), w.keeper.Viewer, w.here.Stream, notice.AskTask, w.task(), "")
	must(w.t, err)
	list, err := w.notices.Asks(w.t.Context(), w.keeper.Viewer, w.here.Stream)
	must(w.t, err)
	return list[0].ID
}

func (w *world) warning() string {
	w.t.Helper()
	id, err := w.blueprints.Warn(w.t.Context(), w.keeper.Viewer, blueprint.NewWarning{Place: w.here.Stream, Version: w.text.VersionKey,
		Clause: w.text.Clauses[0].ID, Kind: "ignored", Text: "Nothing came of it", Cited: "Minutes"})
	must(w.t, err)
	return id
}

// told is something that waits for the keepers here and concerns a text of there.
func (w *world) told() string {
	w.t.Helper()
	must(w.t, w.log.DB().Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := putTold.Run(w.t.Context(), tx, "t"+fmt.Sprint(w.tales), w.here.Stream, w.theirs.Clauses[0].ID, w.theirs.ID, w.theirs.Stream)
		return err
	}))
	w.tales++
	return "t" + fmt.Sprint(w.tales-1)
}

// deed is what an authority did with the text of the world's bringing.
func (w *world) deed() string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	b, err := w.advances.ByID(ctx, w.bringing)
	must(w.t, err)
	if len(b.Deeds) == 0 {
		must(w.t, w.advances.RecordDeed(ctx, v, w.here.Stream, b.ID, advance.Deed{Kind: "referral", Legal: "referred", Day: "2026-03-02", Reason: "To a committee"}))
		b, err = w.advances.ByID(ctx, b.ID)
		must(w.t, err)
	}
	return b.Deeds[0].ID
}

// documentDraft is a file that the keeper put in; one at a time.
func (w *world) documentDraft() string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	if w.putIn != "" {
		if err := w.advances.DropDraft(ctx, v, w.putIn); err != nil && !fault.Is(err, fault.NotFound) {
			w.t.Fatal(err)
		}
	}
	d, err := w.advances.PutIn(ctx, v, w.here.Stream, w.deed(), advance.Attachment{Name: "a.txt", Data: []byte("text")})
	must(w.t, err)
	w.putIn = d.ID
	return d.ID
}

// broughtAnew is a bringing to which nothing has happened yet.
func (w *world) broughtAnew() string {
	w.t.Helper()
	w.councils++
	b, err := w.advances.BringToNew(w.t.Context(), w.keeper.Viewer, w.here.Stream, w.outcome, fmt.Sprint("Council ", w.councils), "council")
	must(w.t, err)
	return b.ID
}

// erasable is a text that the place published and nobody has erased.
func (w *world) erasable() act.ErasedPart {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	must(w.t, w.places.Describe(ctx, v, w.here.Stream, place.Profile{Name: "Here", Story: "A story"}))
	list, err := w.places.Published(ctx, v, w.here.Stream, act.ErasedPart{})
	must(w.t, err)
	return act.ErasedPart{Index: list[0].Index, Name: list[0].Name}
}

// loose is a draft that belongs to no place: who has its link works on it.
func (w *world) loose() string {
	w.t.Helper()
	l, err := w.blueprints.Begin(w.t.Context(), place.Viewer{}, "", "en")
	must(w.t, err)
	return string(l)
}

// TestTableOfPermissions walks place.Table cell by cell: each action, in each
// state, by each role, through each form, page and call of the API. Allowed is
// what works, or ends as its door says; what is refused ends in 401 or 403, and
// changes nothing.
func TestTableOfPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.helpers()
	states := []place.State{decide.Clarify, decide.React, decide.Consent, decide.Decided, decide.Withdrawn}
	people := []struct {
		name string
		role place.Role
		person
	}{{"stranger", place.Stranger, person{}}, {"keeper of another place", place.Stranger, w.outsider}, {"member", place.Member, w.member},
		{"scribe", place.Scribe, w.scribe}, {"steward", place.Steward, w.steward}, {"host", place.Host, w.host},
		{"keeper", place.Keeper, w.keeper}, {"keeper of the site", place.SiteKeeper, w.site}}
	for _, action := range actions() {
		if len(probes[action]) == 0 {
			t.Errorf("the table has %s, and no probe tries it", action)
		}
		of := []place.State{place.Any}
		if stateful(action) {
			of = states
		}
		for _, s := range of {
			for i, d := range probes[action] {
				for _, p := range people {
					c := d(w, s)
					w.hold(p.role)
					what := fmt.Sprintf("%s %q, door %d, %s: %s %s", action, s, i, p.name, c.method, c.path)
					w.cell(what, p.person, c, action, p.role, s)
				}
			}
		}
	}
	for action := range probes {
		if len(rolesOf(action)) == 0 {
			t.Errorf("%s is tried and stands in no row", action)
		}
	}
}

func (w *world) cell(what string, who person, c call, action place.Action, role place.Role, s place.State) {
	w.t.Helper()
	if place.Allowed(role, action, s) {
		if a := w.do(who, c); toSignIn(a) || c.ends == 0 && a.status >= 400 || c.ends != 0 && a.status != c.ends {
			w.t.Errorf("%s: allowed by the table, answered %d: %.300s", what, a.status, a.body)
		}
		w.mend()
		return
	}
	var a answer
	w.writesNothing(what, func() { a = w.do(who, c) })
	switch {
	case a.status == 404 && strings.Contains(c.path, "/draft"): // that there is such a draft is nobody else's business
	case who.Person == "" && !refusedStranger(a), who.Person != "" && a.status != 403 && !(a.status == 409 && timely(role, action)):
		w.t.Errorf("%s: refused by the table, answered %d: %.300s", what, a.status, a.body)
	}
}

func refusedStranger(a answer) bool { return a.status == 401 || toSignIn(a) }

func toSignIn(a answer) bool {
	return a.status == 303 && strings.HasPrefix(a.header.Get("Location"), "/sign-in?")
}

// timely tells whether a role may do something in another state: then it hears
// that it is not the time.
func timely(role place.Role, action place.Action) bool {
	for _, r := range rolesOf(action) {
		if r == role {
			return true
		}
	}
	return false
}

func actions() (list []place.Action) {
	seen := map[place.Action]bool{}
	for _, r := range place.Table {
		if !seen[r.Action] {
			seen[r.Action] = true
			list = append(list, r.Action)
		}
	}
	return list
}

func rolesOf(a place.Action) (list []place.Role) {
	for _, r := range place.Table {
		if r.Action == a {
			list = append(list, r.Roles...)
		}
	}
	return list
}

func stateful(a place.Action) bool {
	for _, r := range place.Table {
		if r.Action == a && r.State != place.Any {
			return true
		}
	}
	return a == place.ReadProposal
}

// open are the calls of the API that need no role: who may make them is said
// by their secret or by nothing.
var open = map[string]string{
	"POST /api/v1/setup/{secret}":                        "the set-up link",
	"POST /api/v1/come-in/{secret}":                      "the invitation",
	"POST /api/v1/sessions":                              "the password",
	"POST /api/v1/recover":                               "a recovery code",
	"PUT /api/v1/account/password":                       "one's own account",
	"POST /api/v1/account/recovery-codes":                "one's own account",
	"GET /api/v1/account/data":                           "one's own account",
	"POST /api/v1/account/erase":                         "one's own account",
	"GET /api/v1/account/tokens":                         "one's own account",
	"POST /api/v1/account/tokens":                        "one's own account",
	"DELETE /api/v1/account/tokens/{token}":              "one's own account",
	"GET /api/v1/account/passkeys":                       "one's own account",
	"POST /api/v1/account/passkeys":                      "one's own account",
	"POST /api/v1/account/passkeys/begin":                "one's own account",
	"DELETE /api/v1/account/passkeys/{passkey}":          "one's own account",
	"POST /api/v1/sessions/passkey/begin":                "anybody may ask to sign in",
	"POST /api/v1/sessions/passkey":                      "the passkey",
	"GET /api/v1/account/notices":                        "one's own account",
	"DELETE /api/v1/account/notices/{notice}":            "one's own account",
	"GET /api/v1/account/mail":                           "one's own account",
	"PUT /api/v1/account/mail":                           "one's own account",
	"GET /api/v1/answers/{token}":                        "the link",
	"POST /api/v1/answers/{token}":                       "the link",
	"GET /api/v1/places":                                 "public",
	"GET /api/v1/places/{stream}/ways":                   "public",
	"POST /api/v1/places/{stream}/join":                  "the open door",
	"POST /api/v1/places/{stream}/requests":              "asking is open where the place takes it",
	"GET /api/v1/asked/{secret}":                         "the secret of a request",
	"GET /api/v1/clauses/{clause}/scale":                 "public",
	"GET /api/v1/guide":                                  "public",
	"GET /api/v1/places/{stream}/meetings":               "the public ones, unless one is a member",
	"GET /api/v1/search":                                 "public texts alone are found",
	"POST /api/v1/told":                                  "anybody may tell keepers something, seldom",
	"POST /api/v1/check/drafts":                          "a draft of one's own, by its link",
	"POST /api/v1/check":                                 "public texts alone are looked at, and nothing is kept",
	"GET /api/v1/blueprints":                             "public",
	"GET /api/v1/places/{stream}/bringings":              "public",
	"GET /api/v1/places/{stream}/authorities":            "public",
	"GET /api/v1/versions/suggestion":                    "public, where its sender allowed that",
	"GET /api/v1/places/{stream}/outcomes":               "public",
	"GET /api/v1/tonight/{secret}":                       "the code for tonight",
	"POST /api/v1/tonight/{secret}":                      "the code for tonight",
	"GET /api/v1/became":                                 "public",
	"GET /api/v1/clauses/{clause}/warnings":              "public",
	"GET /api/v1/places/{stream}/suggestions/candidates": "a comparison of public texts",
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// TestEveryCallHasAProbe holds the description of the API against the probes.
func TestEveryCallHasAProbe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	must(t, json.Unmarshal([]byte(w.do(person{}, get("/api/v1/openapi.json")).body), &doc))
	if len(doc.Paths) < 30 {
		t.Fatal("the description has", len(doc.Paths), "paths")
	}
	var made []string
	for _, doors := range probes {
		for _, d := range doors {
			c := d(w, decide.Consent)
			path, _, _ := strings.Cut(c.path, "?")
			made = append(made, c.method+" "+path)
		}
	}
	for path, methods := range doc.Paths {
		shape := regexp.MustCompile("^" + placeholder.ReplaceAllString(path, "[^/]+") + "$")
		for m := range methods {
			name := strings.ToUpper(m) + " " + path
			tried := open[name] != ""
			for _, x := range made {
				method, p, _ := strings.Cut(x, " ")
				tried = tried || method == strings.ToUpper(m) && shape.MatchString(p)
			}
			if !tried {
				t.Errorf("%s is tried by no probe and not open to everybody", name)
			}
		}
	}
}
