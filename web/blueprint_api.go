package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/place"
)

// HeadBody is a version in a list.
type HeadBody struct {
	ID          string `json:"id" doc:"URL of the version"`
	Stream      string `json:"stream" doc:"Fingerprint of the place's stream"`
	Act         string `json:"act" doc:"Hash of the act that published it"`
	Blueprint   string `json:"blueprint" doc:"URL of the blueprint"`
	Number      int64  `json:"number" doc:"1, 2, 3 in its blueprint"`
	Language    string `json:"language"`
	Published   string `json:"published" format:"date-time"`
	Family      string `json:"family,omitempty"`
	Institution string `json:"institution"`
	Place       string `json:"place" doc:"URL of the place"`
	PlaceName   string `json:"placeName,omitempty"`
	Title       string `json:"title,omitempty"`
	Message     string `json:"message,omitempty"`
}

func toHeadBody(h blueprint.Head) HeadBody {
	return HeadBody{ID: h.ID, Stream: string(h.Stream), Act: h.Leaf, Blueprint: h.Blueprint, Number: h.N, Language: h.Language,
		Published: rfc3339(h.At), Family: h.Family, Institution: string(h.Institution), Place: h.PlaceURL, PlaceName: h.PlaceName}
}

func toHeadBodies(list []blueprint.Title) []HeadBody {
	out := make([]HeadBody, len(list))
	for i, t := range list {
		out[i] = toHeadBody(t.Head)
		out[i].Title, out[i].Message = t.Title, t.Message
	}
	return out
}

type warningBody struct {
	ID        string `json:"id"`
	Stream    string `json:"stream"`
	Clause    string `json:"clause"`
	Kind      string `json:"kind"`
	Text      string `json:"text"`
	Where     string `json:"where,omitempty"`
	Happened  string `json:"happened,omitempty"`
	Source    string `json:"source,omitempty"`
	Cited     string `json:"cited,omitempty"`
	PlaceName string `json:"placeName,omitempty"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
	Reason    string `json:"reason,omitempty" doc:"Why it was withdrawn"`
}

func toWarningBodies(list []blueprint.Warning) []warningBody {
	out := make([]warningBody, len(list))
	for i, w := range list {
		out[i] = warningBody{w.ID, string(w.Stream), w.Clause, string(w.Kind), w.Text, w.Where, w.Happened, w.Source, w.Cited, w.Place.Name, w.Withdrawn, w.Reason}
	}
	return out
}

func warningMap(m map[string][]blueprint.Warning) map[string][]warningBody {
	out := make(map[string][]warningBody, len(m))
	for id, list := range m {
		out[id] = toWarningBodies(list)
	}
	return out
}

type creditBody struct {
	blueprint.Credit
	Name string `json:"name,omitempty"`
}

type versionBody struct {
	HeadBody
	Text     blueprint.Text           `json:"text"`
	Parents  []blueprint.Parent       `json:"parents"`
	Credits  []creditBody             `json:"credits"`
	Warnings map[string][]warningBody `json:"warnings" doc:"In force, by clause"`
	Stale    []string                 `json:"stale,omitempty" doc:"Clauses of a translation whose original has changed"`
	Current  bool                     `json:"current" doc:"No newer version in its language"`
	Newest   []HeadBody               `json:"newest" doc:"The newest version in each language"`
}

func (s *Server) versionBody(ctx context.Context, v *blueprint.Version) (*versionBody, error) {
	b := &versionBody{HeadBody: toHeadBody(v.Head), Text: v.Text, Parents: v.Parents, Warnings: warningMap(v.Warnings), Current: v.Current(),
		Credits: []creditBody{}, Newest: []HeadBody{}}
	b.Title, b.Message = v.Title, v.Message
	for _, c := range v.Credits {
		b.Credits = append(b.Credits, creditBody{c.Credit, c.Name})
	}
	for _, h := range v.Newest {
		b.Newest = append(b.Newest, toHeadBody(h))
	}
	var err error
	b.Stale, err = s.Blueprints.StaleClauses(ctx, viewerIn(ctx), v.VersionKey)
	return b, err
}

type draftBody struct {
	Link       string                   `json:"link" doc:"What opens the draft: its id, and for one that belongs to no place a secret"`
	Stream     string                   `json:"stream,omitempty" doc:"The place that it belongs to"`
	Rev        int64                    `json:"rev" doc:"Send it along with a change"`
	Text       blueprint.Text           `json:"text"`
	Blueprint  string                   `json:"blueprint,omitempty"`
	Base       string                   `json:"base,omitempty"`
	From       []blueprint.Parent       `json:"from,omitempty"`
	Collisions []blueprint.Collision    `json:"collisions,omitempty"`
	Dropped    []blueprint.Clause       `json:"dropped,omitempty"`
	Stale      []string                 `json:"stale,omitempty"`
	ToCheck    []string                 `json:"toCheck,omitempty" doc:"Clauses whose translation you can say is right"`
	CheckedBy  []string                 `json:"checkedBy,omitempty" doc:"Those who checked clauses and want to be named; the message of the version can do so"`
	Warnings   map[string][]warningBody `json:"warnings,omitempty"`
}

func (s *Server) draftBody(ctx context.Context, l blueprint.Link, d *blueprint.Draft) (*struct{ Body draftBody }, error) {
	w, err := s.Blueprints.DraftWarnings(ctx, d)
	if err != nil {
		return nil, err
	}
	return &struct{ Body draftBody }{draftBody{string(l), string(d.Stream), d.Rev, d.Text, d.Blueprint, d.Base, d.From, d.Collisions, d.Dropped, d.Stale, d.ToCheck(viewerIn(ctx).Person), d.CheckedBy(), warningMap(w)}}, nil
}

type changeBody struct {
	Clause string             `json:"clause"`
	State  string             `json:"state" enum:"kept,changed,moved,dropped,added"`
	Moved  bool               `json:"moved,omitempty"`
	Before *blueprint.Wording `json:"before,omitempty"`
	After  *blueprint.Wording `json:"after,omitempty"`
	Fields []string           `json:"fields,omitempty" doc:"That differ"`
}

func toChangeBodies(list []clause.Change) []changeBody {
	out := make([]changeBody, len(list))
	for i, c := range list {
		out[i] = changeBody{Clause: c.ID, State: string(c.State), Moved: c.Moved}
		if c.From >= 0 {
			out[i].Before = (*blueprint.Wording)(&c.Before)
		}
		if c.To >= 0 {
			out[i].After = (*blueprint.Wording)(&c.After)
		}
		for _, f := range c.Fields {
			out[i].Fields = append(out[i].Fields, string(f.Field))
		}
	}
	return out
}

type suggestedBody struct {
	Kind     string            `json:"kind" enum:"change,add,drop"`
	Clause   string            `json:"clause"`
	After    string            `json:"after,omitempty" doc:"Of one to add: the clause that it follows"`
	Wording  blueprint.Wording `json:"wording,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Status   string            `json:"status,omitempty" enum:"human,checked,machine" doc:"How the wording was translated; needed where your version is in another language"`
	From     string            `json:"from,omitempty" doc:"Language that it was translated from"`
	Original string            `json:"original,omitempty" doc:"What it translates"`
}

func toSuggestedBodies(list []blueprint.SuggestedChange) []suggestedBody {
	out := make([]suggestedBody, len(list))
	for i, c := range list {
		out[i] = suggestedBody{string(c.Kind), c.Clause, c.After, c.Wording, c.Reason, string(c.Status), c.From, c.Original}
	}
	return out
}

func fromSuggestedBodies(list []suggestedBody) []blueprint.SuggestedChange {
	out := make([]blueprint.SuggestedChange, len(list))
	for i, c := range list {
		out[i] = blueprint.SuggestedChange{Kind: blueprint.ChangeKind(c.Kind), Clause: c.Clause, After: c.After, Wording: c.Wording, Reason: c.Reason,
			Status: blueprint.Status(c.Status), From: c.From, Original: c.Original}
	}
	return out
}

type suggestionBody struct {
	ID        string          `json:"id"`
	Sent      bool            `json:"sent" doc:"By this place; else to it"`
	Place     string          `json:"place" doc:"The other place"`
	PlaceName string          `json:"placeName,omitempty"`
	Blueprint string          `json:"blueprint"`
	Version   string          `json:"version" doc:"For which it was made"`
	State     string          `json:"state" enum:"sent,refused,acknowledged,discussing,used,used-in-part,declined,withdrawn"`
	Created   string          `json:"created" format:"date-time"`
	Changes   []suggestedBody `json:"changes"`
	Note      string          `json:"note,omitempty"`
	Answer    *answerBody     `json:"answer,omitempty"`
	Talk      []talkBody      `json:"talk,omitempty"`
}

// EmbeddedBody is a suggestion that everybody may read.
type EmbeddedBody struct {
	ID        string          `json:"id"`
	Place     string          `json:"place" doc:"Which suggested it"`
	PlaceName string          `json:"placeName,omitempty"`
	Stream    string          `json:"stream" doc:"Fingerprint of that place's stream"`
	Version   string          `json:"version" doc:"For which it was made"`
	Made      string          `json:"made" format:"date-time"`
	Changes   []suggestedBody `json:"changes"`
	Note      string          `json:"note,omitempty"`
	Used      []string        `json:"used" doc:"Clauses of it that the version credits to that place"`
}

type answerBody struct {
	Clauses []string `json:"clauses,omitempty"`
	Version string   `json:"version,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

type talkBody struct {
	Ours bool   `json:"ours"`
	At   string `json:"at" format:"date-time"`
	Text string `json:"text"`
	Way  string `json:"way,omitempty" enum:"queued,delivered,given-up,refused" doc:"How far one of ours got. Given up: it could not be brought to the other place for a month"`
}

func toSuggestionBody(x blueprint.Suggestion, talk []blueprint.Talk) suggestionBody {
	b := suggestionBody{ID: x.ID, Sent: x.Sent, Place: x.Other.URL, PlaceName: x.Other.Name, Blueprint: x.Blueprint.ID, Version: x.Version.ID,
		State: string(x.State), Created: rfc3339(x.Created), Changes: toSuggestedBodies(x.Changes), Note: x.Note}
	if x.Answer != nil {
		b.Answer = &answerBody{x.Answer.Clauses, x.Answer.Version.URL, x.Answer.Reason}
	}
	for _, t := range talk {
		b.Talk = append(b.Talk, talkBody{t.Ours, rfc3339(t.At), t.Text, t.Way})
	}
	return b
}

func rfc3339(micros int64) string { return act.FromMicros(micros).Format("2006-01-02T15:04:05Z") }

type headsBody struct{ Body []HeadBody }

// IDQuery names an object by its URL.
type IDQuery struct {
	ID string `query:"id" required:"true" doc:"URL"`
}

// OfPlace is an object of a place in a call: the place in the path, the object's URL in the query.
type OfPlace struct {
	StreamPath
	IDQuery
}

func (o OfPlace) key() blueprint.Key { return blueprint.Key{Stream: o.stream(), ID: o.ID} }

func (o OfPlace) version() blueprint.VersionKey {
	return blueprint.VersionKey{Stream: o.stream(), ID: o.ID}
}

func idOf(id string, err error) (*idBody, error) {
	if err != nil {
		return nil, err
	}
	return newID(id), nil
}

// LinkPath is the link of a draft in the path of an operation.
type LinkPath struct {
	Link string `path:"link" doc:"What opens the draft"`
}

func (l LinkPath) link() blueprint.Link { return blueprint.Link(l.Link) }

// DraftLine is a draft of a place in a list.
type DraftLine struct {
	ID      string `json:"id" doc:"What opens it"`
	Title   string `json:"title"`
	Updated string `json:"updated" format:"date-time"`
}

// RevBody is the revision of a draft that a change was made on.
type RevBody struct {
	Rev int64 `json:"rev" doc:"Revision that the change was made on"`
}

func (s *Server) blueprintAPI(api huma.API) {
	s.readingAPI(api)
	s.draftAPI(api)
	s.fileAPI(api)
	s.suggestionAPI(api)
	s.suggestionFileAPI(api)
}

func (s *Server) readingAPI(api huma.API) {
	operate(api, "GET", "/blueprints", "blueprints", "Blueprints known here, newest first, fifty at a time",
		func(ctx context.Context, in *struct {
			Before int64  `query:"before" doc:"Microseconds since 1970; only what was published earlier"`
			Family string `query:"family" doc:"Only those of one model"`
		}) (*headsBody, error) {
			if in.Family != "" {
				list, err := s.Blueprints.InFamily(ctx, viewerIn(ctx), in.Family)
				return &headsBody{toHeadBodies(list)}, err
			}
			list, err := s.Blueprints.Known(ctx, viewerIn(ctx), in.Before)
			return &headsBody{toHeadBodies(list)}, err
		})
	operate(api, "GET", "/places/{stream}/blueprints", "place-blueprints", "Blueprints of a place",
		func(ctx context.Context, in *StreamPath) (*headsBody, error) {
			list, err := s.Blueprints.Of(ctx, viewerIn(ctx), in.stream())
			return &headsBody{toHeadBodies(list)}, err
		})
	operate(api, "GET", "/places/{stream}/blueprints/versions", "blueprint-versions", "Versions of a blueprint, newest first",
		func(ctx context.Context, in *OfPlace) (*headsBody, error) {
			list, err := s.Blueprints.Versions(ctx, viewerIn(ctx), in.key())
			return &headsBody{toHeadBodies(list)}, err
		})
	operate(api, "GET", "/versions", "version", "One version by its URL, of any place known here",
		func(ctx context.Context, in *IDQuery) (*struct{ Body versionBody }, error) {
			v, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			b, err := s.versionBody(ctx, v)
			if err != nil {
				return nil, err
			}
			return &struct{ Body versionBody }{*b}, nil
		})
	operate(api, "GET", "/versions/suggestion", "embedded-suggestion", "The suggestion that a version uses, as its sender signed it and allowed to be published; its proof was checked",
		func(ctx context.Context, in *IDQuery) (*struct{ Body EmbeddedBody }, error) {
			v, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			x, err := s.Blueprints.Embedded(ctx, viewerIn(ctx), v.VersionKey)
			if err != nil {
				return nil, err
			}
			return &struct{ Body EmbeddedBody }{EmbeddedBody{ID: x.ID, Place: x.Other.URL, PlaceName: x.Other.Name, Stream: string(x.Other.Stream), Version: x.Version.ID,
				Made: rfc3339(x.Created), Changes: toSuggestedBodies(x.Changes), Note: x.Note, Used: x.Answer.Clauses}}, nil
		})
	operate(api, "POST", "/places/{stream}/versions", "publish", "Publish a version of a blueprint of this place",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Blueprint string         `json:"blueprint,omitempty" doc:"URL; none begins a new one"`
				Base      string         `json:"base,omitempty" doc:"URL of the version of it, in the same language, that was worked on"`
				Text      blueprint.Text `json:"text"`
				Message   string         `json:"message,omitempty"`
			}
		}) (*idBody, error) {
			k, err := s.Blueprints.Publish(ctx, viewerIn(ctx), blueprint.Publication{Place: in.stream(), Blueprint: in.Body.Blueprint, Base: in.Body.Base,
				Text: in.Body.Text, Message: in.Body.Message})
			return idOf(k.ID, err)
		})
	operate(api, "GET", "/compare", "compare", "Compare two versions by clause",
		func(ctx context.Context, in *struct {
			Older string `query:"older" required:"true" doc:"URL of a version"`
			Newer string `query:"newer" required:"true" doc:"URL of a version"`
		}) (*struct{ Body []changeBody }, error) {
			older, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.Older)
			if err != nil {
				return nil, err
			}
			newer, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.Newer)
			if err != nil {
				return nil, err
			}
			c, err := s.Blueprints.Compare(ctx, viewerIn(ctx), older.VersionKey, newer.VersionKey)
			if err != nil {
				return nil, err
			}
			return &struct{ Body []changeBody }{toChangeBodies(c.Changes)}, nil
		})
	type lineageNode struct {
		ID        string   `json:"id,omitempty" doc:"URL of the blueprint; none for a text of the library"`
		Stream    string   `json:"stream,omitempty"`
		Model     string   `json:"model,omitempty"`
		Parent    int      `json:"parent" doc:"Index in this list, -1 for the first"`
		Kind      string   `json:"kind,omitempty"`
		Also      []int    `json:"also,omitempty" doc:"Indexes of others that it took something from"`
		Known     bool     `json:"known"`
		Title     string   `json:"title,omitempty"`
		Newest    string   `json:"newest,omitempty"`
		PlaceName string   `json:"placeName,omitempty"`
		Languages []string `json:"languages,omitempty"`
	}
	operate(api, "GET", "/places/{stream}/blueprints/lineage", "lineage", "Where a blueprint came from and what came from it",
		func(ctx context.Context, in *OfPlace) (*struct{ Body []lineageNode }, error) {
			l, err := s.Blueprints.Lineage(ctx, viewerIn(ctx), in.key())
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []lineageNode }{Body: []lineageNode{}}
			for _, n := range l.Nodes {
				out.Body = append(out.Body, lineageNode{n.ID, string(n.Stream), n.Model, n.Parent, n.Kind, n.Also, n.Known, n.Title, n.Newest.ID, n.Place.Name, n.Languages})
			}
			return out, nil
		})
	operate(api, "GET", "/places/{stream}/versions/moves", "moves", "What could be brought into a version of this place",
		func(ctx context.Context, in *OfPlace) (*headsBody, error) {
			list, err := s.Blueprints.Moves(ctx, viewerIn(ctx), in.version())
			out := make([]blueprint.Title, len(list))
			for i, m := range list {
				out[i] = m.Title
			}
			return &headsBody{toHeadBodies(out)}, err
		})
	operate(api, "GET", "/clauses/{clause}/warnings", "warnings", "Warnings known on a clause",
		func(ctx context.Context, in *struct {
			Clause string `path:"clause"`
		}) (*struct{ Body []warningBody }, error) {
			list, err := s.Blueprints.WarningsOn(ctx, viewerIn(ctx), in.Clause)
			return &struct{ Body []warningBody }{toWarningBodies(list)}, err
		})
	operate(api, "POST", "/places/{stream}/warnings", "warn-of-clause", "Attach a warning to a clause of any version known here",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Version  string `json:"version" doc:"URL of the version in which the clause stands"`
				Clause   string `json:"clause"`
				Kind     string `json:"kind" doc:"struck-down, unfunded, ignored or other"`
				Text     string `json:"text"`
				Where    string `json:"where,omitempty"`
				Happened string `json:"happened,omitempty" doc:"2020, 2020-02 or 2020-02-27"`
				Source   string `json:"source,omitempty" doc:"URL"`
				Cited    string `json:"cited,omitempty" doc:"A source that has no URL"`
			}
		}) (*idBody, error) {
			v, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.Body.Version)
			if err != nil {
				return nil, err
			}
			b := in.Body
			return idOf(s.Blueprints.Warn(ctx, viewerIn(ctx), blueprint.NewWarning{Place: in.stream(), Version: v.VersionKey, Clause: b.Clause,
				Kind: blueprint.WarningKind(b.Kind), Text: b.Text, Where: b.Where, Happened: b.Happened, Source: b.Source, Cited: b.Cited}))
		})
	operate(api, "POST", "/places/{stream}/warnings/withdraw", "withdraw-warning", "Withdraw a warning, with a reason",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID     string `json:"id"`
				Reason string `json:"reason"`
			}
		}) (*none, error) {
			return nil, s.Blueprints.Withdraw(ctx, viewerIn(ctx), in.stream(), in.Body.ID, in.Body.Reason)
		})
	type noticeBody struct {
		Blueprint string `json:"blueprint"`
		URL       string `json:"url"`
		Kind      string `json:"kind"`
		PlaceName string `json:"placeName,omitempty"`
		At        string `json:"at" format:"date-time"`
	}
	operate(api, "GET", "/places/{stream}/blueprints/notices", "blueprint-notices", "What moved elsewhere and concerns blueprints of this place",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []noticeBody }, error) {
			list, err := s.Blueprints.NoticesOf(ctx, viewerIn(ctx), in.stream())
			out := &struct{ Body []noticeBody }{Body: []noticeBody{}}
			for _, n := range list {
				out.Body = append(out.Body, noticeBody{n.Blueprint, n.URL, string(n.Kind), n.Name, rfc3339(n.At)})
			}
			return out, err
		})
}

func (s *Server) draftAPI(api huma.API) {
	operate(api, "POST", "/drafts", "draft", "Begin a draft: new, or by adapting, continuing, translating or bringing something in",
		func(ctx context.Context, in *struct{ Body draftOrder }) (*struct{ Body draftBody }, error) {
			l, err := s.beginDraft(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			d, err := s.Blueprints.ReadDraft(ctx, viewerIn(ctx), l)
			if err != nil {
				return nil, err
			}
			return s.draftBody(ctx, l, d)
		})
	type changed = struct{ Body draftBody }
	change := func(ctx context.Context, l LinkPath, edit func(place.Viewer, blueprint.Link) (*blueprint.Draft, error)) (*changed, error) {
		d, err := edit(viewerIn(ctx), l.link())
		if err != nil {
			return nil, err
		}
		return s.draftBody(ctx, l.link(), d)
	}
	b := s.Blueprints
	operate(api, "GET", "/places/{stream}/drafts", "place-drafts", "Drafts of a place, last changed first: also where one is whose making got no answer",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []DraftLine }, error) {
			list, err := b.Drafts(ctx, viewerIn(ctx), in.stream())
			out := &struct{ Body []DraftLine }{Body: []DraftLine{}}
			for _, d := range list {
				out.Body = append(out.Body, DraftLine{d.ID, d.Title, rfc3339(d.Updated)})
			}
			return out, err
		})
	operate(api, "GET", "/drafts/{link}", "read-draft", "Read a draft", func(ctx context.Context, in *LinkPath) (*changed, error) {
		return change(ctx, *in, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) { return b.ReadDraft(ctx, v, l) })
	})
	operate(api, "PUT", "/drafts/{link}/head", "set-draft-head", "Change what a draft says of itself",
		func(ctx context.Context, in *struct {
			LinkPath
			Body struct {
				RevBody
				Title       string           `json:"title"`
				Summary     string           `json:"summary,omitempty"`
				Family      string           `json:"family,omitempty"`
				Institution string           `json:"institution"`
				Rests       []blueprint.Rest `json:"rests,omitempty"`
			}
		}) (*changed, error) {
			x := in.Body
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				return b.SetHead(ctx, v, l, x.Rev, blueprint.DraftHead{Title: x.Title, Summary: x.Summary, Family: x.Family, Institution: blueprint.Institution(x.Institution), Rests: x.Rests})
			})
		})
	operate(api, "PUT", "/drafts/{link}/variables", "set-draft-variables", "Fill the blanks of a draft",
		func(ctx context.Context, in *struct {
			LinkPath
			Body struct {
				RevBody
				Variables []blueprint.Variable `json:"variables"`
			}
		}) (*changed, error) {
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				return b.SetVariables(ctx, v, l, in.Body.Rev, in.Body.Variables)
			})
		})
	operate(api, "PUT", "/drafts/{link}/clauses/{clause}", "set-draft-clause", "Change a clause of a draft",
		func(ctx context.Context, in *struct {
			LinkPath
			Clause string `path:"clause"`
			Body   struct {
				RevBody
				Wording blueprint.Wording `json:"wording"`
			}
		}) (*changed, error) {
			w := in.Body.Wording
			w.ID = in.Clause
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				return b.SetClause(ctx, v, l, in.Body.Rev, w)
			})
		})
	operate(api, "POST", "/drafts/{link}/clauses", "add-draft-clause", "Add a clause to a draft, or put a dropped one back",
		func(ctx context.Context, in *struct {
			LinkPath
			Body struct {
				After   string             `json:"after,omitempty" doc:"The clause that it follows; none: first"`
				Wording *blueprint.Wording `json:"wording,omitempty" doc:"Of a new clause"`
				Restore string             `json:"restore,omitempty" doc:"Id of a dropped clause"`
			}
		}) (*changed, error) {
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				if in.Body.Wording == nil {
					return b.RestoreClause(ctx, v, l, in.Body.Restore, in.Body.After)
				}
				d, _, err := b.AddClause(ctx, v, l, in.Body.After, *in.Body.Wording)
				return d, err
			})
		})
	operate(api, "POST", "/drafts/{link}/clauses/{clause}/{what}", "change-draft-clause", "Move, drop, settle, check or confirm a clause of a draft",
		func(ctx context.Context, in *struct {
			LinkPath
			Clause string `path:"clause"`
			What   string `path:"what" enum:"move,drop,settle,check,confirm"`
			Body   struct {
				Rev   int64  `json:"rev,omitempty"`
				After string `json:"after,omitempty" doc:"move: the clause that it follows; none: first"`
				Side  string `json:"side,omitempty" doc:"settle: ours or theirs"`
				Name  string `json:"name,omitempty" doc:"check: how you want to be named in the version as the one who checked it; none: not at all"`
			}
		}) (*changed, error) {
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				switch in.What {
				case "move":
					return b.MoveClause(ctx, v, l, in.Clause, in.Body.After)
				case "drop":
					return b.DropClause(ctx, v, l, in.Body.Rev, in.Clause)
				case "settle":
					return b.Settle(ctx, v, l, in.Clause, clause.Side(in.Body.Side))
				case "check":
					return b.Checked(ctx, v, l, in.Body.Rev, in.Clause, in.Body.Name)
				}
				return b.Confirm(ctx, v, l, in.Body.Rev, in.Clause)
			})
		})
	operate(api, "POST", "/drafts/{link}/give", "give-draft", "Give a draft that belongs to nobody to a place",
		func(ctx context.Context, in *struct {
			LinkPath
			Body struct {
				Stream string `json:"stream"`
			}
		}) (*changed, error) {
			return change(ctx, in.LinkPath, func(v place.Viewer, l blueprint.Link) (*blueprint.Draft, error) {
				return b.GiveDraft(ctx, v, l, act.Fingerprint(in.Body.Stream))
			})
		})
	operate(api, "POST", "/drafts/{link}/publish", "publish-draft", "Publish a draft of a place",
		func(ctx context.Context, in *struct {
			LinkPath
			Body struct {
				RevBody
				Message string   `json:"message,omitempty"`
				Seen    []string `json:"seen,omitempty" doc:"Ids of the warnings on its clauses that were read: all in force must be"`
			}
		}) (*idBody, error) {
			k, err := b.PublishDraft(ctx, viewerIn(ctx), in.link(), blueprint.Publishing{Rev: in.Body.Rev, Message: in.Body.Message, Seen: in.Body.Seen})
			return idOf(k.ID, err)
		})
	operate(api, "DELETE", "/drafts/{link}", "discard-draft", "Throw a draft away", func(ctx context.Context, in *LinkPath) (*none, error) {
		return nil, b.Discard(ctx, viewerIn(ctx), in.link())
	})
}

func (s *Server) suggestionAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/suggestions/candidates", "candidates", "What a version of this place could suggest to another version",
		func(ctx context.Context, in *struct {
			StreamPath
			From string `query:"from" required:"true" doc:"URL of a version of this place"`
			To   string `query:"to" required:"true" doc:"URL of a version of another place"`
		}) (*struct{ Body []suggestedBody }, error) {
			to, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.To)
			if err != nil {
				return nil, err
			}
			list, err := s.Blueprints.Candidates(ctx, viewerIn(ctx), blueprint.VersionKey{Stream: in.stream(), ID: in.From}, to.VersionKey)
			return &struct{ Body []suggestedBody }{toSuggestedBodies(list)}, err
		})
	operate(api, "POST", "/places/{stream}/suggestions", "suggest", "Suggest changes to the place of a version",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				To      string          `json:"to" doc:"URL of a version of another place"`
				From    string          `json:"from,omitempty" doc:"URL of a version of this place"`
				Changes []suggestedBody `json:"changes"`
				Note    string          `json:"note,omitempty"`
				Public  bool            `json:"public,omitempty" doc:"They may publish it, unchanged, with the version that uses it"`
			}
		}) (*idBody, error) {
			to, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.Body.To)
			if err != nil {
				return nil, err
			}
			n := blueprint.NewSuggestion{Place: in.stream(), To: to.VersionKey, Changes: fromSuggestedBodies(in.Body.Changes), Note: in.Body.Note, Public: in.Body.Public}
			if in.Body.From != "" {
				n.From = &blueprint.VersionKey{Stream: in.stream(), ID: in.Body.From}
			}
			return idOf(s.Blueprints.Suggest(ctx, viewerIn(ctx), n))
		})
	operate(api, "GET", "/places/{stream}/suggestions", "suggestions", "Suggestions that a place received, or sent",
		func(ctx context.Context, in *struct {
			StreamPath
			Sent bool `query:"sent"`
		}) (*struct{ Body []suggestionBody }, error) {
			list, err := s.Blueprints.Suggestions(ctx, viewerIn(ctx), in.stream(), in.Sent)
			out := &struct{ Body []suggestionBody }{Body: []suggestionBody{}}
			for _, x := range list {
				out.Body = append(out.Body, toSuggestionBody(x, nil))
			}
			return out, err
		})
	operate(api, "GET", "/places/{stream}/suggestion", "suggestion", "One suggestion with what the two places said",
		func(ctx context.Context, in *OfPlace) (*struct{ Body suggestionBody }, error) {
			x, talk, err := s.Blueprints.ReadSuggestion(ctx, viewerIn(ctx), in.stream(), in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body suggestionBody }{toSuggestionBody(x, talk)}, nil
		})
	operate(api, "POST", "/places/{stream}/suggestion/use", "use-suggestion", "Use a suggestion, or a part of it, in a new version",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID      string   `json:"id"`
				Clauses []string `json:"clauses,omitempty" doc:"None: all"`
				Message string   `json:"message,omitempty"`
				Note    string   `json:"note,omitempty" doc:"To the place that suggested it"`
			}
		}) (*idBody, error) {
			k, err := s.Blueprints.Use(ctx, viewerIn(ctx), in.stream(), in.Body.ID, blueprint.Using{Clauses: in.Body.Clauses, Message: in.Body.Message, Note: in.Body.Note})
			return idOf(k.ID, err)
		})
	type said struct {
		StreamPath
		Body struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		}
	}
	operate(api, "POST", "/places/{stream}/suggestion/decline", "decline-suggestion", "Decline a suggestion, with a reason",
		func(ctx context.Context, in *said) (*none, error) {
			return nil, s.Blueprints.Decline(ctx, viewerIn(ctx), in.stream(), in.Body.ID, in.Body.Text)
		})
	operate(api, "POST", "/places/{stream}/suggestion/say", "talk-about-suggestion", "Say something about a suggestion to the other place",
		func(ctx context.Context, in *said) (*none, error) {
			return nil, s.Blueprints.Say(ctx, viewerIn(ctx), in.stream(), in.Body.ID, in.Body.Text)
		})
	operate(api, "POST", "/places/{stream}/suggestion/take-back", "take-back-suggestion", "Take a suggestion back that was not answered",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID string `json:"id"`
			}
		}) (*none, error) {
			return nil, s.Blueprints.TakeBack(ctx, viewerIn(ctx), in.stream(), in.Body.ID)
		})
}

// draftOrder says how a draft begins; a form and a call send the same.
type draftOrder struct {
	How      string `json:"how" enum:"new,adapt,continue,translate,bring-in"`
	Stream   string `json:"stream,omitempty" doc:"The place that it is for; none: for whoever has the link"`
	Version  string `json:"version,omitempty" doc:"URL of the version to adapt, continue, translate or bring in"`
	Model    string `json:"model,omitempty" doc:"Id of a model of the library, instead of a version"`
	ModelIn  string `json:"modelLanguage,omitempty"`
	Language string `json:"language,omitempty" doc:"Of a new text or of a translation"`
	Into     string `json:"into,omitempty" doc:"bring-in: URL of the place's own version"`
}

func (s *Server) beginDraft(ctx context.Context, o draftOrder) (blueprint.Link, error) {
	v, stream := viewerIn(ctx), act.Fingerprint(o.Stream)
	if o.How == "new" {
		return s.Blueprints.Begin(ctx, v, stream, o.Language)
	}
	source := blueprint.Source{Model: o.Model, Lang: o.ModelIn}
	if o.Model == "" {
		version, err := s.Blueprints.Find(ctx, v, o.Version)
		if err != nil {
			return "", err
		}
		source = blueprint.Source{Version: version.VersionKey}
	}
	switch o.How {
	case "continue":
		return s.Blueprints.Continue(ctx, v, source.Version)
	case "translate":
		return s.Blueprints.Translate(ctx, v, source, stream, o.Language)
	case "bring-in":
		return s.Blueprints.BringIn(ctx, v, blueprint.VersionKey{Stream: stream, ID: o.Into}, source.Version)
	}
	return s.Blueprints.Adapt(ctx, v, source, stream)
}
