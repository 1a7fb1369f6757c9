package place

import (
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A Role is what somebody is to a place at the moment of asking.
type Role string

// The roles. A scribe and a steward are members with a mandate that runs (see
// [Mandate]): a scribe for the whole place, a steward for one text of it and for
// nothing else. A host is a member who opened a room for tonight, in that room
// while it is open. A site keeper runs the node and is, to a place, no more than
// any other unless also its member or keeper.
const (
	Stranger   Role = "stranger"
	Member     Role = "member"
	Scribe     Role = "scribe"
	Steward    Role = "steward"
	Host       Role = "host"
	Keeper     Role = "keeper"
	SiteKeeper Role = "site_keeper"
)

// Roles lists them all, for the page and the test of the table.
var Roles = []Role{Stranger, Member, Scribe, Steward, Host, Keeper, SiteKeeper}

// An Action is something that somebody can do or read.
type Action string

// A State is that of the object acted on; Any stands for all.
type State string

// Any is the state of things that have no states, or where it does not matter.
const Any State = ""

// The actions of places and of the site.
const (
	FoundPlace     Action = "place.found"
	ReadPlace      Action = "place.read"
	DescribePlace  Action = "place.describe"
	Invite         Action = "place.invite"
	ReadMembers    Action = "place.read_members"
	SetRole        Action = "place.set_role"
	RemoveMember   Action = "place.remove_member"
	Leave          Action = "place.leave"
	SetWays        Action = "place.set_ways"
	AnswerRequest  Action = "place.answer_request"
	Vouch          Action = "place.vouch"
	FollowPlace    Action = "place.follow"
	BlockHost      Action = "place.block"
	ReadNotices    Action = "place.read_notices"
	KeepSite       Action = "site.keep"
	SetSiteKeepers Action = "site.set_keepers"
	ExportPlace    Action = "place.export"
	ErasePart      Action = "place.erase"
	RotateKey      Action = "place.rotate_key"
	SetRootKeys    Action = "place.set_roots"
	Report         Action = "place.report"
	Moderate       Action = "place.moderate"
	BlockPerson    Action = "place.block_person"
	ReadLog        Action = "place.read_log"
	ReadRoles      Action = "place.read_roles"
	GiveMandate    Action = "place.give_mandate"
	LayDown        Action = "place.lay_down"
	HandOver       Action = "place.hand_over"
)

// The actions of blueprints. Drafts that belong to no place have no row: who
// has the link works on them.
const (
	ReadBlueprint    Action = "blueprint.read"
	DraftBlueprint   Action = "blueprint.draft"
	CheckTranslation Action = "blueprint.check_translation"
	PublishBlueprint Action = "blueprint.publish"
	WarnBlueprint    Action = "blueprint.warn"
	ReadSuggestions  Action = "blueprint.read_suggestions"
	SuggestChange    Action = "blueprint.suggest"
	AnswerSuggestion Action = "blueprint.answer_suggestion"
	HearTold         Action = "blueprint.hear_told"
)

// The actions on proposals: their states are the rounds.
const (
	Propose      Action = "decide.propose"
	ReadProposal Action = "decide.read"
	Speak        Action = "decide.speak"
	Integrate    Action = "decide.integrate"
	EnterRoom    Action = "decide.enter_room"
	OpenRoom     Action = "decide.open_room"
	NextRound    Action = "decide.next_round"
	Withdraw     Action = "decide.withdraw"
	Close        Action = "decide.close"
)

// The actions on what is brought to an authority.
const (
	NameAuthority  Action = "advance.name_authority"
	BringText      Action = "advance.bring"
	RecordDeed     Action = "advance.record_deed"
	RecordStatus   Action = "advance.record_status"
	AttachDocument Action = "advance.attach_document"
	PlanTasks      Action = "advance.plan"
)

// The actions on the calendar of a place's meetings. What a keeper made public
// everybody reads, and then keepers alone change it.
const (
	ReadMeetings Action = "meeting.read"
	PlanMeeting  Action = "meeting.plan"
	TakeRole     Action = "meeting.take_role"
	ShowMeeting  Action = "meeting.show"
	WriteNote    Action = "meeting.note"
)

// KeepWebhooks is to say which programs are told of what a place publishes.
const KeepWebhooks Action = "webhook.keep"

// The actions of telling people what concerns them.
const (
	PassOn     Action = "notice.pass_on"
	AskLightly Action = "notice.ask"
)

// A Rule is one row of the table: who may do what in which state.
type Rule struct {
	Action Action
	State  State
	Roles  []Role
}

var (
	everybody = Roles
	members   = []Role{Member, Scribe, Steward, Host, Keeper}
	stewards  = []Role{Steward, Keeper}
	scribes   = []Role{Scribe, Keeper}
	hosts     = []Role{Scribe, Host, Keeper}
	keepers   = []Role{Keeper}
	siteOnly  = []Role{SiteKeeper}
)

// Table says who may do what: the one place where it is said. What stands in
// no row nobody may do. A page shows it; a test walks it cell by cell through
// form, API and node.
var Table = []Rule{
	{FoundPlace, Any, siteOnly},
	{ReadPlace, Any, everybody},
	{DescribePlace, Any, keepers},
	{Invite, Any, keepers},
	{ReadMembers, Any, members},
	{SetRole, Any, keepers},
	{RemoveMember, Any, keepers},
	{Leave, Any, members},
	{SetWays, Any, keepers},
	{AnswerRequest, Any, keepers},
	{Vouch, Any, members},
	{FollowPlace, Any, keepers},
	{BlockHost, Any, keepers},
	{ReadNotices, Any, keepers},
	{ExportPlace, Any, keepers},
	{ErasePart, Any, keepers},
	{RotateKey, Any, keepers},
	{SetRootKeys, Any, keepers}, // also to read with whom they lie, and to get a new signing key by them
	{Report, Any, everybody},    // on what one can read: asked anew for each thing
	{Moderate, Any, keepers},
	{BlockPerson, Any, keepers},
	{ReadLog, Any, members},
	{ReadRoles, Any, members},
	{GiveMandate, Any, keepers},
	{LayDown, Any, members}, // one's own
	{HandOver, Any, keepers},
	{KeepSite, Any, siteOnly},
	{SetSiteKeepers, Any, siteOnly}, // also to read who they are, and to step down

	{Propose, Any, members},
	{ReadProposal, Any, members},
	{Speak, "clarify", members},
	{Speak, "react", members},
	{Speak, "consent", members},
	{Integrate, "consent", members},
	{EnterRoom, "consent", hosts},
	{OpenRoom, "clarify", hosts},
	{OpenRoom, "react", hosts},
	{OpenRoom, "consent", hosts},
	{NextRound, "clarify", members},
	{NextRound, "react", members},
	{Withdraw, "clarify", keepers},
	{Withdraw, "react", keepers},
	{Withdraw, "consent", keepers},
	{Close, "consent", keepers},

	{NameAuthority, Any, keepers},
	{BringText, Any, keepers},
	{RecordDeed, Any, keepers},
	{AttachDocument, Any, keepers},
	{RecordStatus, Any, keepers},
	{PlanTasks, Any, members},

	{ReadMeetings, Any, members},
	{PlanMeeting, Any, members},
	{TakeRole, Any, members},
	{ShowMeeting, Any, keepers},
	{WriteNote, Any, scribes}, // also who took the part of scribe in that meeting
	{KeepWebhooks, Any, keepers},

	{PassOn, Any, keepers},
	{AskLightly, Any, keepers},

	{ReadBlueprint, Any, everybody},
	{DraftBlueprint, Any, members},
	{CheckTranslation, Any, members},  // a person's translation by another person
	{PublishBlueprint, Any, stewards}, // of that text; a first version is for keepers
	{WarnBlueprint, Any, stewards},    // at clauses of that text
	{ReadSuggestions, Any, members},
	{SuggestChange, Any, keepers},
	{AnswerSuggestion, Any, stewards},
	{HearTold, Any, keepers},
}

// Allowed reads the table.
func Allowed(role Role, action Action, state State) bool {
	for _, r := range Table {
		if r.Action == action && (r.State == Any || r.State == state) && slices.Contains(r.Roles, role) {
			return true
		}
	}
	return false
}

// A Viewer is who asks. The zero value is somebody not signed in.
type Viewer struct {
	Person  string // id of the account, "" for nobody
	Name    string // the pseudonym
	Session string // id of the session, "" when not through one
	Site    bool   // keeper of the site

	// Of a program that acts for the person:
	Token  string          // id of its token, "" when it is the person
	Writes bool            // it may change things
	Only   act.Fingerprint // the one place that it is for, "" for all

	// By what somebody is signing in, until OpenSession has seen that it still opens:
	password string // hash of what is stored of the password
	passkey  string // id of a passkey
}

var roleIn = db.Rows[Role](`select role from belongs where stream = $1 and person = $2`)

// RoleIn is the role of a viewer in a place, read anew: a role taken away a
// moment ago counts no more.
func RoleIn(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint) (Role, error) {
	if v.Person == "" {
		return Stranger, nil
	}
	if v.Only != "" && v.Only != stream {
		return Stranger, nil
	}
	if stream != "" {
		role, err := roleIn.One(ctx, on, stream, v.Person)
		if !fault.Is(err, fault.NotFound) {
			return role, err
		}
	}
	if v.Site {
		return SiteKeeper, nil
	}
	return Stranger, nil
}

// An Object says more of what is acted on than its state: which text of the
// place it belongs to, and what the viewer is to it beside.
type Object struct {
	Blueprint string // id of the text, "" where it is none
	As        []Role // what a member is to this object alone: its Host, or its Scribe
}

// May is nil when the viewer may do this to an object of the place in that
// state; otherwise a fault of kind SignIn (nobody is signed in, and signing in
// could help) or Forbidden. stream is "" for what concerns the site.
func May(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint, action Action, state State) error {
	return MayOn(ctx, on, v, stream, Object{}, action, state)
}

// MayOn is May for an object of which more is known: a steward may what the table
// says for the text that the mandate names, and for no other.
func MayOn(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint, o Object, action Action, state State) error {
	if v.Token != "" && !tokenMay(action) {
		return fault.New(fault.Forbidden, "people.token.not_this")
	}
	role, err := RoleIn(ctx, on, v, stream)
	if err != nil {
		return err
	}
	if Allowed(role, action, state) || v.Site && Allowed(SiteKeeper, action, state) {
		return nil
	}
	if v.Person == "" {
		return fault.New(fault.SignIn, "fault.sign_in")
	}
	if role == Member {
		if ok, err := o.allows(ctx, on, v, stream, action, state); err != nil || ok {
			return err
		}
	}
	return fault.New(fault.Forbidden, refusal(action))
}

// allows tells whether a member may by what they are to the object, or by a
// mandate that runs now. It looks for one only where that could help.
func (o Object) allows(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint, action Action, state State) (bool, error) {
	may := func(r Role) bool { return Allowed(r, action, state) }
	if slices.ContainsFunc(o.As, may) {
		return true, nil
	}
	if !may(Scribe) && (!may(Steward) || o.Blueprint == "") {
		return false, nil
	}
	held, err := heldRoles.All(ctx, on, stream, v.Person, o.Blueprint, act.Micros(time.Now()))
	return slices.ContainsFunc(held, may), err
}

// heldRoles are those that somebody has by a mandate, of a text where one is given.
var heldRoles = db.Rows[Role](`select role from mandate where stream = $1 and person = $2 and ended = 0 and until > $4
	and (role = 'scribe' or role = 'steward' and scope <> '' and scope = $3)`)

// refusal says what somebody lacks, where there is something to do about it.
func refusal(action Action) string {
	switch action {
	case EnterRoom, OpenRoom:
		return "roles.lacks.scribe"
	case WriteNote:
		return "roles.lacks.note"
	case PublishBlueprint, WarnBlueprint, AnswerSuggestion:
		return "roles.lacks.steward"
	}
	return "fault.forbidden"
}
