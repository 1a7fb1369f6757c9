package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// A Server is one that takes mail from us (RFC 6409).
type Server struct {
	from   *mail.Address
	client *gomail.Client
}

// talkTime bounds each exchange with the server.
const talkTime = 30 * time.Second

// NewServer reads where mail is given: smtps://user:password@host (encrypted
// from the first byte, port 465) or smtp://user:password@host:587, which must turn
// to encryption by STARTTLS, unless the server is on this machine. from is the
// address that mails come from. base is the URL of this node: the host of it is
// how we greet. An error tells no password.
func NewServer(raw, from, base string) (*Server, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return nil, errors.New("the mail server must read smtps://user:password@host or smtp://user:password@host:587")
	}
	s := &Server{}
	if s.from, err = mail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("the address that mails come from is no mail address: %q", from)
	}
	options := []gomail.Option{gomail.WithTimeout(talkTime), gomail.WithoutNoop(), gomail.WithoutSMTPUTF8()}
	if b, err := url.Parse(base); err == nil && b.Hostname() != "" {
		options = append(options, gomail.WithHELO(b.Hostname()))
	}
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		options = append(options, gomail.WithSSL())
	case local(u.Hostname()):
		port = 25
		// Nobody stands between; the certificate of such a server is often its own.
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithTLSConfig(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("the port of the mail server is no number")
		}
	}
	options = append(options, gomail.WithPort(port))
	if password, ok := u.User.Password(); ok {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	s.client, err = gomail.NewClient(u.Hostname(), options...)
	return s, err
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A connection takes mails one after another.
type connection struct {
	server *Server
	smtp   *smtp.Client
	broken bool
}

func (s *Server) connect(ctx context.Context) (*connection, error) {
	c, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return &connection{server: s, smtp: c}, nil
}

func (c *connection) close() {
	if c.smtp == nil {
		return
	}
	if c.broken {
		c.smtp.Close()
		return
	}
	if err := c.server.client.CloseWithSMTPClient(c.smtp); err != nil {
		c.smtp.Close()
	}
}

// An outcome is what a server made of a mail.
type outcome struct {
	sent      bool
	doubtful  bool // it may have taken the mail
	permanent bool // it will never take it
	why       string
}

// send gives a mail to the server. Only what ends after the last byte and before
// the answer is in doubt; before that nothing was delivered (RFC 5321, 4.1.1.4).
func (c *connection) send(m *gomail.Msg) outcome {
	err := c.server.client.SendWithSMTPClient(c.smtp, m)
	if err == nil {
		return outcome{sent: true}
	}
	var e *gomail.SendError
	if !errors.As(err, &e) {
		c.broken = true
		return outcome{why: "the connection broke"}
	}
	code := e.ErrorCode()
	c.broken = code == 0 || code == 421 || m.IsDelivered()
	out := outcome{sent: m.IsDelivered(), why: fmt.Sprintf("%s (%d)", e.Reason, code)}
	out.doubtful = !out.sent && code == 0 && e.Reason == gomail.ErrSMTPDataClose
	// A server that does not like our sender says nothing of this mail.
	out.permanent = code >= 500 && e.Reason != gomail.ErrSMTPMailFrom
	return out
}
