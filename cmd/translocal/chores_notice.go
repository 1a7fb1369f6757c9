package main

import (
	"context"
	"fmt"
	"time"

	"translocal/act"
	"translocal/i18n"
	"translocal/job"
	"translocal/notice"
)

// openNotices makes the capability that tells people, by mail if there is a server.
func openNotices(l *act.Log, words *i18n.Bundle, o nodeOptions, shown string) (*notice.Notices, error) {
	c := notice.Config{Log: l, Base: o.Base, Shown: shown, Words: words}
	if o.SMTP != "" {
		server, err := notice.NewServer(o.SMTP, o.MailFrom, shown)
		if err != nil {
			return nil, fmt.Errorf("--smtp and --mail-from: %w", err)
		}
		c.Server = server
	}
	return notice.New(c), nil
}

// noticeChores look for what people are to be told, and send what is due. That
// a mail server is away is said in the log at each try, and costs no mail a try.
func noticeChores(n *notice.Notices) []job.Kind {
	kinds := []job.Kind{{
		Name: "remind", Every: 10 * time.Minute, Timeout: 5 * time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error {
			if err := n.Remind(ctx); err != nil {
				return err
			}
			return n.Gather(ctx)
		},
	}}
	if n.Mails() {
		kinds = append(kinds, job.Kind{
			Name: "mail", Every: time.Minute, Timeout: 10 * time.Minute,
			Handle: func(ctx context.Context, _ job.Job) error { return n.Send(ctx) },
		})
	}
	return kinds
}
