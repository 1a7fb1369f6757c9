package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/moderate"
	"translocal/place"
)

// Decision is what a keeper does with a thing.
type Decision struct {
	Kind   string `json:"kind" enum:"voice,talk,person,text"`
	Thing  string `json:"thing" doc:"Its id: of a voice, of a message, of a person, or the URL of a version"`
	Do     string `json:"do" enum:"hide,leave,show"`
	Reason string `json:"reason,omitempty" doc:"Needed to hide; its author sees it"`
}

func (s *Server) moderateAPI(api huma.API) {
	operate(api, "POST", "/reports", "report", "Tell the keepers that something is wrong with what one can read",
		func(ctx context.Context, in *struct {
			Body struct {
				Kind     string `json:"kind" enum:"voice,talk,person,text"`
				Stream   string `json:"stream,omitempty" doc:"Fingerprint of the place where it was read; none for a text"`
				Thing    string `json:"thing"`
				Category string `json:"category" enum:"spam,insult,threat,exposes,false,other"`
				Words    string `json:"words,omitempty"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.moderation.Report(ctx, viewerIn(ctx), moderate.Report{Kind: moderate.Kind(b.Kind), Stream: act.Fingerprint(b.Stream),
				Thing: b.Thing, Category: b.Category, Words: b.Words})
		})
	operate(api, "GET", "/places/{stream}/moderation", "moderation", "What waits for the keepers, and what they have hidden",
		func(ctx context.Context, in *StreamPath) (*struct{ Body *moderate.Queue }, error) {
			q, err := s.moderation.Queue(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body *moderate.Queue }{q}, err
		})
	operate(api, "POST", "/places/{stream}/moderation", "moderate", "Hide a thing, leave it standing, or show it again",
		func(ctx context.Context, in *struct {
			StreamPath
			Body Decision
		}) (*none, error) {
			b := in.Body
			return nil, s.decideOn(ctx, viewerIn(ctx), in.stream(), b.Do, moderate.Kind(b.Kind), b.Thing, b.Reason)
		})
	operate(api, "GET", "/site/moderation", "site-moderation", "What was reported of other nodes' texts",
		func(ctx context.Context, _ *struct{}) (*struct{ Body *moderate.Queue }, error) {
			q, err := s.moderation.Queue(ctx, viewerIn(ctx), "")
			return &struct{ Body *moderate.Queue }{q}, err
		})
	operate(api, "POST", "/site/moderation", "site-moderate", "Hide another node's text on this node, leave it standing, or show it again",
		func(ctx context.Context, in *struct{ Body Decision }) (*none, error) {
			b := in.Body
			return nil, s.decideOn(ctx, viewerIn(ctx), "", b.Do, moderate.Kind(b.Kind), b.Thing, b.Reason)
		})
	s.blockAPI(api)
}

func (s *Server) blockAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/newcomers", "newcomer-limits", "What newcomers may do, for members",
		func(ctx context.Context, in *StreamPath) (*struct{ Body moderate.Limits }, error) {
			l, err := s.moderation.Limits(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body moderate.Limits }{l}, err
		})
	operate(api, "PUT", "/places/{stream}/newcomers", "limit-newcomers", "Set what newcomers may do",
		func(ctx context.Context, in *struct {
			StreamPath
			Body moderate.Limits
		}) (*none, error) {
			return nil, s.moderation.SetLimits(ctx, viewerIn(ctx), in.stream(), in.Body)
		})
	operate(api, "GET", "/places/{stream}/blocked-people", "blocked-people", "Who is as a stranger to the place",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []place.BlockedPerson }, error) {
			list, err := s.Places.BlockedPeople(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []place.BlockedPerson }{list}, err
		})
	operate(api, "POST", "/places/{stream}/blocked-people", "block-person", "Make a member as a stranger to the place",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Person string `json:"person"`
				Reason string `json:"reason"`
			}
		}) (*none, error) {
			return nil, s.Places.BlockPerson(ctx, viewerIn(ctx), in.stream(), in.Body.Person, in.Body.Reason)
		})
	operate(api, "DELETE", "/places/{stream}/blocked-people/{person}", "unblock-person", "Give somebody back the role that they had",
		func(ctx context.Context, in *struct {
			StreamPath
			Person string `path:"person"`
		}) (*none, error) {
			return nil, s.Places.UnblockPerson(ctx, viewerIn(ctx), in.stream(), in.Person)
		})
	operate(api, "GET", "/places/{stream}/keepers-log", "keepers-log", "What keepers did to others, for members",
		func(ctx context.Context, in *struct {
			StreamPath
			Before int64 `query:"before" doc:"Microseconds; entries before that time alone"`
		}) (*struct{ Body []place.Entry }, error) {
			list, err := s.Places.Deeds(ctx, viewerIn(ctx), in.stream(), in.Before)
			return &struct{ Body []place.Entry }{list}, err
		})
}
