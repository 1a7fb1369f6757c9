package moderate

import (
	"context"

	"translocal/db"
)

var (
	forgetNames = []db.Statement{
		db.Exec(`delete from report where kind = 'person' and thing = $1`),
		db.Exec(`delete from hidden where kind = 'person' and thing = $1`),
		db.Exec(`delete from person_block where person = $1`),
		db.Exec(`delete from newcomer_said where person = $1`),
		db.Exec(`update report set made_by = '' where made_by = $1`),
	}
	forgetSaid = []db.Statement{
		db.Exec(`delete from report where about = $1`),
		db.Exec(`delete from hidden where about = $1`),
	}
	forgetAbout = []db.Statement{
		db.Exec(`update report set about = '' where about = $1`),
		db.Exec(`update hidden set about = '' where about = $1`),
	}
)

// Forget takes a person out of what was reported and hidden: as who said it and
// as who reported it; with words, the copies of what they said go too. What is
// hidden and stays stays hidden.
func (m *Moderation) Forget(ctx context.Context, tx *db.Tx, person string, words bool) error {
	list := append([]db.Statement{}, forgetNames...)
	if words {
		list = append(list, forgetSaid...)
	}
	for _, forget := range append(list, forgetAbout...) {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}
