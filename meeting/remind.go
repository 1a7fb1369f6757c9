package meeting

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
)

// Coming is a meeting that comes soon and who has taken a role in it.
type Coming struct {
	Stream act.Fingerprint
	Place  string // URL
	ID     string
	Day    string   // YYYY-MM-DD
	People []string // in the order of their ids, each once
}

type comingRow struct {
	Stream act.Fingerprint
	Place  string
	ID     string
	Day    string
	Person string
}

var comingRows = db.Rows[comingRow](`select distinct m.stream, p.id, m.id, m.day, r.person from place_meeting m
	join place p on p.stream = m.stream join place_meeting_role r on r.meeting = m.id
	join belongs b on b.stream = m.stream and b.person = r.person and b.since = r.since
	where m.at >= $1 and m.at < $2 and not m.called_off order by m.day, m.id, r.person`)

// Coming lists the meetings of the days to come for which somebody has taken a
// role, for the node itself: nobody is asked who may.
func (ms *Meetings) Coming(ctx context.Context, days int) (list []Coming, err error) {
	now := ms.now()
	for r, err := range comingRows.Each(ctx, ms.db, act.Micros(now), act.Micros(now.Add(time.Duration(days)*24*time.Hour))) {
		if err != nil {
			return nil, err
		}
		if k := len(list); k == 0 || list[k-1].ID != r.ID {
			list = append(list, Coming{Stream: r.Stream, Place: r.Place, ID: r.ID, Day: r.Day})
		}
		c := &list[len(list)-1]
		c.People = append(c.People, r.Person)
	}
	return list, nil
}
