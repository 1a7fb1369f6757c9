package webhook

import (
	"context"
	"fmt"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/job"
)

// JobName is the name of the kind that sends messages.
const JobName = "webhook"

// Job is that kind. It waits for strangers, so it wants workers of its own.
func (ws *Webhooks) Job() job.Kind {
	return job.Kind{Name: JobName, Handle: ws.deliver, Timeout: time.Minute, First: 30 * time.Second, Longest: 12 * time.Hour}
}

// What answers mean.
const gone = 410

// deliver tries one message. Errors name no address: one can hold a secret.
func (ws *Webhooks) deliver(ctx context.Context, j job.Job) error {
	var id string
	if err := j.Decode(&id); err != nil {
		return err
	}
	d, err := waiting.One(ctx, ws.db, id)
	if fault.Is(err, fault.NotFound) {
		return nil // it or its address was removed
	}
	if err != nil {
		return err
	}
	if !d.Active {
		return ws.end(ctx, d, "given_up", 0)
	}
	status, err := ws.Send(ctx, d.URL, ws.header(d.Hook, d.ID, []byte(d.Body)), []byte(d.Body))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && status >= 200 && status < 300 {
		return ws.end(ctx, d, "done", status)
	}
	return ws.failed(ctx, d, status)
}

func (ws *Webhooks) end(ctx context.Context, d deliveryRow, state string, status int) error {
	return ws.db.Write(ctx, func(tx *db.Tx) error {
		tried := 0
		if state == "done" {
			tried = 1
			if _, err := wentWell.Run(ctx, tx, d.Hook); err != nil {
				return err
			}
		}
		if _, err := tell.Run(ctx, tx, d.ID, state, tried, status, act.Micros(ws.now())); err != nil {
			return err
		}
		_, err := trimLog.Run(ctx, tx, d.Hook, keptInLog)
		return err
	})
}

// failed notes a try that failed; the error asks for another one, later.
func (ws *Webhooks) failed(ctx context.Context, d deliveryRow, status int) error {
	now := act.Micros(ws.now())
	state := "waiting"
	if status == gone || d.Tries+1 >= maxTries {
		state = "given_up"
	}
	err := ws.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tell.Run(ctx, tx, d.ID, state, 1, status, now); err != nil {
			return err
		}
		if _, err := wentWrong.Run(ctx, tx, d.Hook, now); err != nil {
			return err
		}
		if status == gone {
			_, err := switchOff.Run(ctx, tx, d.Hook, "gone", 0, now)
			return err
		}
		_, err := switchOff.Run(ctx, tx, d.Hook, "failing", failedTries, now-failedFor.Microseconds())
		return err
	})
	if err != nil || state == "given_up" {
		return err
	}
	return fmt.Errorf("webhook: not taken, status %d", status)
}
