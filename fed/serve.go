package fed

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// actorDocument is a place as other programs read it. Keys come from the stream;
// those here are for tools that know nothing of streams.
type actorDocument struct {
	Context         []string        `json:"@context"`
	ID              string          `json:"id"`
	Type            string          `json:"type"`
	Stream          act.Fingerprint `json:"stream"`
	Origin          string          `json:"origin"`
	Audience        string          `json:"audience"`
	Acts            string          `json:"acts"` // URL of the stream's pages
	Site            string          `json:"site"`
	AssertionMethod []multikey      `json:"assertionMethod"`
}

func (n *Node) actor(w http.ResponseWriter, r *http.Request) error {
	s, err := n.served(r)
	if err != nil {
		return err
	}
	host, err := n.caller(w, r)
	if err != nil {
		return err
	}
	if err := n.mayPull(r.Context(), s, host); err != nil {
		return err
	}
	public, err := act.KeyAt(r.Context(), n.db, s.Fingerprint, s.Size)
	if err != nil {
		return err
	}
	address, err := act.AddressOf(r.Context(), n.db, s)
	if err != nil {
		return err
	}
	return writeJSON(w, actorDocument{Context: controllerContext, ID: s.Actor, Type: "Group", Stream: s.Fingerprint, Origin: s.Origin,
		Audience: s.Audience, Acts: address + path(s.Actor) + "/stream", Site: address + sitePath, AssertionMethod: []multikey{keyOf(s.Actor, public)}})
}

// Negotiate answers for a place, at /p/{place}, those who ask for JSON and not for
// a page, and everybody at /p/{place}.json; the rest goes to next.
func (n *Node) Negotiate(next http.Handler) http.Handler {
	actor := handle(n.actor)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/p/")
		token, asFile := strings.CutSuffix(name, ".json")
		accept := r.Header.Get("Accept")
		program := asFile || strings.Contains(accept, "json") && !strings.Contains(accept, "html")
		if ok && program && act.IsToken(token) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			r.SetPathValue("place", token)
			actor.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// caller authenticates a request without a body, if it is signed, and holds it
// to the limit of pulls.
func (n *Node) caller(w http.ResponseWriter, r *http.Request) (host string, err error) {
	host, _, err = n.authenticate(w, r, 1<<10)
	if err != nil {
		return "", err
	}
	who := host
	if who == "" {
		who, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	return host, n.allow(r.Context(), host, "pulls", n.limits.of(who).pulls)
}

// mayPull says whether a host, "" for one unknown, may read a stream: the one
// place where audiences are looked at.
func (n *Node) mayPull(ctx context.Context, s act.Stream, host string) error {
	if s.Audience != "public" {
		return db.ErrNoRow
	}
	if host == "" {
		return nil
	}
	return n.notBlocked(ctx, n.db, "", host, "")
}

// stream gives a page of acts, GET /p/{place}/stream?from=N&limit=M.
func (n *Node) stream(w http.ResponseWriter, r *http.Request) error {
	s, err := n.served(r)
	if err != nil {
		return err
	}
	host, err := n.caller(w, r)
	if err != nil {
		return err
	}
	if err := n.mayPull(r.Context(), s, host); err != nil {
		return err
	}
	from, err := number(r, "from", 0, 0, 1<<40)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", maxActs, 1, maxActs)
	if err != nil {
		return err
	}
	if s.Held { // a head that we gave out before may be longer than what we hold
		return fault.New(fault.Unavailable, "fault.restored")
	}
	head, err := n.headOf(r.Context(), s, from+1)
	if err != nil {
		return err
	}
	p, err := n.pageOf(r.Context(), s, from, int(limit), head.Size)
	if err != nil {
		return err
	}
	if err := n.seal(r.Context(), &p, head); err != nil {
		return err
	}
	return writeJSON(w, p)
}

func number(r *http.Request, name string, otherwise, low, high int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, fault.At(name, "fault.number")
	}
	return n, nil
}

// sender authenticates a request that must be signed, and reads its body into v.
func (n *Node) sender(w http.ResponseWriter, r *http.Request, v any) (host string, err error) {
	host, body, err := n.authenticate(w, r, 8<<10)
	switch {
	case err != nil:
		return "", err
	case host == "":
		return "", fault.New(fault.SignIn, "fault.signature")
	}
	if err := n.allow(r.Context(), host, "hints", n.limits.of(host).hints); err != nil {
		return "", err
	}
	if err := n.notBlocked(r.Context(), n.db, "", host, ""); err != nil {
		return "", err
	}
	return host, act.Strict(body, v)
}

// hintDocument says that a stream has grown; it proves nothing and needs not.
type hintDocument struct {
	Stream act.Fingerprint `json:"stream"`
	Size   int64           `json:"size"`
	Moved  int64           `json:"moved,omitempty"` // index of the act that moved it to who sends this
}

var (
	hintedRemote = db.Rows[remote](`select ` + remoteColumns + ` from remote where stream = $1`)
	pullNow      = db.Exec(`update remote set next_pull = $2 where stream = $1 and state = 'followed'`)
)

// hint takes note that a stream that we follow has grown: POST /fed/hint.
func (n *Node) hint(w http.ResponseWriter, r *http.Request) error {
	var h hintDocument
	host, err := n.sender(w, r, &h)
	if err != nil {
		return err
	}
	known, err := hintedRemote.One(r.Context(), n.db, h.Stream)
	if h.Moved > 0 && (fault.Is(err, fault.NotFound) || err == nil && known.Host != host) {
		if err := n.heardOfMove(r.Context(), host, h); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err != nil {
		return err
	}
	if known.Host != host || known.State == remoteLeft {
		return db.ErrNoRow // and the other takes us off its list
	}
	s, err := n.log.StreamOf(r.Context(), h.Stream)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if s.Size < h.Size {
		err = n.db.Write(r.Context(), func(tx *db.Tx) error {
			_, err := pullNow.Run(r.Context(), tx, h.Stream, act.Micros(n.now()))
			tx.AfterCommit(n.Wake)
			return err
		})
		if err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// subscribeDocument asks for hints about a stream of ours.
type subscribeDocument struct {
	Stream act.Fingerprint `json:"stream"`
	Held   int64           `json:"held"` // how many acts the other has
}

const maxSubscribers = 5000 // of one stream

var (
	subscribe   = db.Exec(`insert into subscriber (stream, host, told, since) values ($1, $2, $3, $4) on conflict (stream, host) do update set since = excluded.since`)
	subscribers = db.Rows[int64](`select count(*) from subscriber where stream = $1`)
)

// subscribe puts a node on the list of those who get hints: POST /fed/subscribe.
func (n *Node) subscribe(w http.ResponseWriter, r *http.Request) error {
	var d subscribeDocument
	host, err := n.sender(w, r, &d)
	if err != nil {
		return err
	}
	s, err := n.log.StreamOf(r.Context(), d.Stream)
	if err == nil && !s.Own {
		err = db.ErrNoRow
	}
	if err == nil {
		err = n.mayPull(r.Context(), s, host)
	}
	if err != nil {
		return err
	}
	err = n.db.Write(r.Context(), func(tx *db.Tx) error {
		many, err := subscribers.One(r.Context(), tx, d.Stream)
		if err != nil {
			return err
		}
		if many >= maxSubscribers {
			return fault.New(fault.TooMany, "fault.too_many_requests")
		}
		_, err = subscribe.Run(r.Context(), tx, d.Stream, host, min(max(d.Held, 0), s.Size), act.Micros(n.now()))
		tx.AfterCommit(n.Wake)
		return err
	})
	if err == nil {
		w.WriteHeader(http.StatusAccepted)
	}
	return err
}

// maxSubmit is the most bytes of a delivery.
const maxSubmit = 1 << 20

// addressed is what must be known of a delivery before it is looked at closely.
type addressed struct {
	Submission struct {
		Stream   act.Fingerprint `json:"stream"`
		ToStream act.Fingerprint `json:"toStream"`
	} `json:"submission"`
}

// submit takes a submission and answers with a receipt: POST /fed/submit.
func (n *Node) submit(w http.ResponseWriter, r *http.Request) error {
	host, body, err := n.authenticate(w, r, maxSubmit)
	switch {
	case err != nil:
		return err
	case host == "":
		return fault.New(fault.SignIn, "fault.signature")
	}
	if err := n.allowSubmission(r.Context(), host); err != nil {
		return err
	}
	var to addressed
	if err := json.Unmarshal(body, &to); err != nil {
		return fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	if err := n.notBlocked(r.Context(), n.db, to.Submission.ToStream, host, to.Submission.Stream); err != nil {
		return err
	}
	reply, err := n.log.ReceiveSubmission(r.Context(), body, host)
	if fault.Is(err, fault.TooMany) {
		nerr := n.notify(r.Context(), to.Submission.ToStream, "fed.notice.flood_submissions", map[string]string{"host": host})
		if nerr != nil {
			return nerr
		}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(reply)
	return err
}

// send carries a delivery to another node: an act.Send.
func (n *Node) send(ctx context.Context, host string, body []byte) ([]byte, error) {
	return n.call(ctx, http.MethodPost, host+"/fed/submit", body)
}

// hintedOf says of which streams s we tell others that they grew: ours, and those
// that were ours and moved, as long as somebody looks for them here.
const hintedOf = `(s.own and not s.held or not s.own and exists (select 1 from stream_address d where d.stream = s.fp))`

type dueHint struct {
	Stream act.Fingerprint
	Size   int64
}

var (
	dueHints = db.Rows[dueHint](`select u.stream, s.size from subscriber u join stream s on s.fp = u.stream
		where u.host = $1 and ` + hintedOf + ` and s.size > u.told order by u.stream`)
	told       = db.Exec(`update subscriber set told = $3 where stream = $1 and host = $2`)
	unlist     = db.Exec(`delete from subscriber where stream = $1 and host = $2`)
	unlistHost = db.Exec(`delete from subscriber where host = $1`)
)

// hintOf is what to say of a stream: its signed size, and if it moved here, since when.
func (n *Node) hintOf(ctx context.Context, h dueHint) (hintDocument, error) {
	s, err := n.log.StreamOf(ctx, h.Stream)
	if err != nil {
		return hintDocument{}, err
	}
	head, err := n.headOf(ctx, s, h.Size)
	if err != nil {
		return hintDocument{}, err
	}
	hint := hintDocument{Stream: h.Stream, Size: head.Size}
	if s.Own {
		moved, err := act.MovedAt(ctx, n.db, h.Stream)
		hint.Moved = max(moved, 0)
		return hint, err
	}
	return hint, nil
}

// sendHints tells a host which of our streams grew since it last heard.
func (n *Node) sendHints(ctx context.Context, host string) error {
	list, err := dueHints.All(ctx, n.db, host)
	if err != nil {
		return err
	}
	var failed error
	for _, h := range list {
		hint, err := n.hintOf(ctx, h)
		if err != nil {
			return err
		}
		body, err := json.Marshal(hint)
		if err != nil {
			return err
		}
		_, err = n.call(ctx, http.MethodPost, host+"/fed/hint", body)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
			if hint.Moved == 0 {
				return err
			}
			failed = err // of this stream alone: it can't take the move in yet
			continue
		}
		gone := err != nil
		err = n.db.Write(ctx, func(tx *db.Tx) error {
			if gone { // it follows no more
				_, err := unlist.Run(ctx, tx, h.Stream, host)
				return err
			}
			_, err := told.Run(ctx, tx, h.Stream, host, hint.Size)
			return err
		})
		if err != nil {
			return err
		}
	}
	return failed
}
