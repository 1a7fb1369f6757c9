package notice

import (
	"context"
	"net/url"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"translocal/act"
)

// write makes a mail out of what it is about, now: a mail that waits holds no
// words and no links. It is plain text, in the language of its reader.
func (n *Notices) write(ctx context.Context, m mailRow) (*gomail.Msg, error) {
	a, err := addressOf.One(ctx, n.db, m.Person)
	if err != nil {
		return nil, err
	}
	p := n.words.Printer(a.Lang)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(n.server.from)
	if err := msg.To(m.Address); err != nil {
		return nil, err
	}
	var body strings.Builder
	lines := func(texts ...string) {
		for _, t := range texts {
			body.WriteString(t + "\n")
		}
	}
	switch m.Kind {
	case "confirm":
		msg.Subject(p.T("mail.confirm.subject"))
		lines(p.T("mail.confirm.text"), "", n.shown+"/confirm-address/"+n.sign(forConfirming, a.ID), "", p.T("mail.confirm.not_you"))
	default:
		list, err := carried.All(ctx, n.db, m.ID)
		if err != nil {
			return nil, err
		}
		msg.Subject(p.N("mail.notices.subject", len(list)))
		lines(p.N("mail.notices.text", len(list)), "")
		for _, x := range list {
			lines("* "+x.Words(p), "  "+n.link(x.Link), "")
		}
		stop := n.shown + "/unsubscribe/" + n.sign(forUnsubscribing, a.ID)
		lines("-- ", p.T("mail.notices.settings"), n.shown+"/account/notices", p.T("mail.notices.stop"), stop)
		if strings.HasPrefix(stop, "https://") {
			err = msg.SetListUnsubscribeOneClick(stop)
		} else {
			msg.SetListUnsubscribe(stop)
		}
		if err != nil {
			return nil, err
		}
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetGenHeader("Content-Language", p.Lang())
	msg.SetDateWithValue(act.FromMicros(m.Made))
	msg.SetMessageIDWithValue(m.ID + "@" + n.host()) // the same at each try
	msg.SetBodyString(gomail.TypeTextPlain, body.String())
	return msg, nil
}

// link is a link as it stands in a mail: one of this node, or its first page.
func (n *Notices) link(s string) string {
	if u, err := url.Parse(s); err == nil && strings.HasPrefix(s, n.base+"/") && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return n.shown + strings.TrimPrefix(u.String(), n.base)
	}
	return n.shown + "/notices"
}

func (n *Notices) host() string {
	if u, err := url.Parse(n.base); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}
