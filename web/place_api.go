package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/place"
)

// MemberBody is one person in a place, as the API lists them to its members.
type MemberBody struct {
	Person string     `json:"person"`
	Name   string     `json:"name" doc:"The pseudonym"`
	Role   place.Role `json:"role" enum:"member,keeper"`
	Since  time.Time  `json:"since"`
}

// PersonPath is a place and one of its people in the path of an operation.
type PersonPath struct {
	StreamPath
	Person string `path:"person" doc:"Id of the person, from the list of members"`
}

// membersAPI is who belongs to a place. A personal token changes none of it.
func (s *Server) membersAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/members", "members", "Who belongs to a place, for its members",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []MemberBody }, error) {
			list, err := s.Places.Members(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []MemberBody }{Body: []MemberBody{}}
			for _, m := range list {
				out.Body = append(out.Body, MemberBody{m.Person, m.Name, m.Role, time.UnixMicro(m.Since).UTC()})
			}
			return out, nil
		})
	operate(api, "PUT", "/places/{stream}/members/{person}", "set-role", "Make a member a keeper, or a keeper a member; the last keeper stays",
		func(ctx context.Context, in *struct {
			PersonPath
			Body struct {
				Role string `json:"role" enum:"member,keeper"`
			}
		}) (*none, error) {
			return nil, s.Places.SetRole(ctx, viewerIn(ctx), in.stream(), in.Person, place.Role(in.Body.Role))
		})
	operate(api, "DELETE", "/places/{stream}/members/{person}", "remove-member", "End somebody's membership; the last keeper stays",
		func(ctx context.Context, in *PersonPath) (*none, error) {
			return nil, s.Places.Remove(ctx, viewerIn(ctx), in.stream(), in.Person)
		})
	operate(api, "POST", "/places/{stream}/leave", "leave", "End one's own membership; the last keeper stays",
		func(ctx context.Context, in *StreamPath) (*none, error) {
			return nil, s.leavePlace(ctx, viewerIn(ctx), in.stream())
		})
	operate(api, "GET", "/places/{stream}/invitations", "invitations", "Invitations that were made and not used, without their links, for keepers",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []InvitationBody }, error) {
			list, err := s.Places.Invitations(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []InvitationBody }{Body: []InvitationBody{}}
			for _, i := range list {
				out.Body = append(out.Body, InvitationBody{i.ID, i.Role, time.UnixMicro(i.Created).UTC(), time.UnixMicro(i.Expires).UTC()})
			}
			return out, nil
		})
	operate(api, "DELETE", "/places/{stream}/invitations/{invitation}", "end-invitation", "Take an unused invitation back",
		func(ctx context.Context, in *struct {
			StreamPath
			Invitation string `path:"invitation" doc:"Its id, from the list"`
		}) (*none, error) {
			return nil, s.Places.EndInvitation(ctx, viewerIn(ctx), in.stream(), in.Invitation)
		})
}

// InvitationBody is an invitation that nobody used yet; its link is not kept.
type InvitationBody struct {
	ID      string     `json:"id"`
	Role    place.Role `json:"role"`
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
}
