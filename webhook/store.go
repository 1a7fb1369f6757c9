package webhook

import "translocal/db"

type hookRow struct {
	ID           string
	URL          string
	Events       string
	Active       bool
	Why          string
	Failures     int
	FailingSince int64
	Missed       int
	First        int64
	Created      int64
}

type deliveryRow struct {
	ID     string
	Hook   string
	Body   string
	Tries  int
	URL    string
	Active bool
}

const hookColumns = `select id, url, events, active, why, failures, failing_since, missed, first, created from webhook `

var (
	countHooks = db.Rows[int64](`select count(*) from webhook where stream = $1`)
	insertHook = db.Exec(`insert into webhook (id, stream, url, events, active, why, failures, failing_since, missed, first, created)
		select $1, fp, $3, $4, true, '', 0, 0, 0, size, $5 from stream where fp = $2 and own`)
	hooksOf    = db.Rows[hookRow](hookColumns + `where stream = $1 order by created, id`)
	hookByID   = db.Rows[hookRow](hookColumns + `where stream = $1 and id = $2`)
	switchHook = db.Exec(`update webhook set active = $3, why = '', failures = 0, failing_since = 0, missed = 0 where id = $1 and stream = $2`)
	deleteHook = db.Exec(`delete from webhook where id = $1 and stream = $2`)
	missed     = db.Exec(`update webhook set missed = missed + 1 where id = $1`)
	wentWell   = db.Exec(`update webhook set failures = 0, failing_since = 0 where id = $1`)
	wentWrong  = db.Exec(`update webhook set failures = failures + 1, failing_since = case when failing_since = 0 then $2 else failing_since end where id = $1`)
	switchOff  = db.Exec(`update webhook set active = false, why = $2 where id = $1 and active and failures >= $3 and failing_since <= $4`)

	insertDelivery = db.Exec(`insert into webhook_delivery (id, webhook, event, body, state, tries, status, created, tried)
		values ($1, $2, $3, $4, 'waiting', 0, 0, $5, 0)`)
	countWaiting = db.Rows[int64](`select count(*) from webhook_delivery where webhook = $1 and state = 'waiting'`)
	testsWaiting = db.Rows[int64](`select count(*) from webhook_delivery where webhook = $1 and event = 'test' and state = 'waiting' and tries = 0`)
	waiting      = db.Rows[deliveryRow](`select d.id, d.webhook, d.body, d.tries, h.url, h.active from webhook_delivery d join webhook h on h.id = d.webhook
		where d.id = $1 and d.state = 'waiting'`)
	tell             = db.Exec(`update webhook_delivery set state = $2, tries = tries + $3, status = $4, tried = $5 where id = $1`)
	deliveriesOf     = db.Rows[Delivery](`select id, event, state, tries, status, created, tried from webhook_delivery where webhook = $1 order by created desc, id limit $2`)
	deleteDeliveries = db.Exec(`delete from webhook_delivery where webhook = $1`)
	trimLog          = db.Exec(`delete from webhook_delivery where webhook = $1 and state <> 'waiting' and id not in (
		select id from webhook_delivery where webhook = $1 and state <> 'waiting' order by created desc, id limit $2)`)
)

var (
	insertTest    = db.Exec(`insert into webhook_test (id, stream, person, created) values ($1, $2, $3, $4)`)
	forgetTests   = db.Exec(`delete from webhook_test where created <= $1`)
	testsOfPlace  = db.Rows[int64](`select count(*) from webhook_test where stream = $1`)
	testsOfPerson = db.Rows[int64](`select count(*) from webhook_test where person = $1`)
)
