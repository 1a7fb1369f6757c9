package notice

import (
	"context"

	"translocal/db"
	"translocal/place"
)

// OwnTold is what is kept about how somebody is told and of what they were told.
type OwnTold struct {
	Settings
	Language string      `json:"language,omitempty"`
	Notices  []OwnNotice `json:"notices"`
	Mails    []OwnMail   `json:"mails"`
}

// OwnNotice is one thing that somebody was told.
type OwnNotice struct {
	Notice
	Seen   int64 `json:"seen"`   // microseconds, 0 until put away
	Handed int64 `json:"handed"` // 0 or when a keeper passed it on
}

// OwnMail is a mail to somebody: that it was made, and what became of it.
type OwnMail struct {
	Kind    string `json:"kind"`
	Address string `json:"address"`
	Made    int64  `json:"made"` // microseconds
	State   string `json:"state"`
}

var (
	ownNotices = db.Rows[OwnNotice](`select n.id, n.stream, coalesce(p.name, ''), n.kind, n.day, n.link, n.made, case when n.seen < 0 then 0 else n.seen end, n.handed
		from notice n left join place p on p.stream = n.stream where n.person = $1 order by n.made, n.id`)
	ownMails    = db.Rows[OwnMail](`select kind, address, made, state from mail where person = $1 order by made, id`)
	ownLanguage = db.Rows[string](`select lang from mail_address where person = $1`)
	forgetAsker = db.Exec(`update light_ask set made_by = '' where made_by = $1`)
)

// OwnData is all that is kept here about the viewer.
func (n *Notices) OwnData(ctx context.Context, v place.Viewer) (*OwnTold, error) {
	d := &OwnTold{}
	var err error
	if d.Settings, err = n.Settings(ctx, v); err != nil {
		return nil, err
	}
	list, err := ownLanguage.All(ctx, n.db, v.Person)
	if err != nil {
		return nil, err
	}
	for _, lang := range list {
		d.Language = lang
	}
	if d.Notices, err = ownNotices.All(ctx, n.db, v.Person); err != nil {
		return nil, err
	}
	d.Mails, err = ownMails.All(ctx, n.db, v.Person)
	return d, err
}
