package place

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// RecoveryCodes is how many codes are printed at a time.
const RecoveryCodes = 10

// codeBytes of chance in a code: 80 bits, so that its plain hash can be kept.
const codeBytes = 10

var (
	personByID      = db.Rows[personRow](`select id, login, name, password, site_keeper from person where id = $1`)
	lockPerson      = db.Exec(`update person set login = login where id = $1`)
	updatePassword  = db.Exec(`update person set password = $2 where id = $1`)
	endOthers       = db.Exec(`delete from session where person = $1 and id <> $2`)
	endTokens       = db.Exec(`delete from personal_token where person = $1`)
	insertCode      = db.Exec(`insert into recovery_code (id, person, code, made, used) values ($1, $2, $3, $4, 0)`)
	useCode         = db.Exec(`update recovery_code set used = $3 where person = $1 and code = $2 and used = 0`)
	dropCodes       = db.Exec(`delete from recovery_code where person = $1`)
	unusedCodes     = db.Rows[int64](`select count(*) from recovery_code where person = $1 and used = 0`)
	codeAlphabet    = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz023456789").WithPadding(base32.NoPadding) // no i, l, o, 1
	withoutDividers = strings.NewReplacer("-", "", " ", "", "\t", "", "\n", "", "\r", "")
)

// InPerson refuses who is not signed in, and programs that hold a token: the
// account itself, and what outlives a token, is for its person alone.
func InPerson(v Viewer) error {
	if v.Person == "" {
		return fault.New(fault.SignIn, "fault.sign_in")
	}
	if v.Token != "" {
		return fault.New(fault.Forbidden, "people.token.not_this")
	}
	return nil
}

// checkPassword is nil when the password is the viewer's; a fault at field else.
func (p *Places) checkPassword(ctx context.Context, v Viewer, field, password string) (personRow, error) {
	row, err := personByID.One(ctx, p.db, v.Person)
	if err != nil {
		return row, err
	}
	fits := false
	if len(password) <= 4*MaxPassword {
		if fits, err = p.fits(ctx, v.Person, password, row.Password); err != nil {
			return row, err
		}
	}
	if !fits {
		return row, fault.At(field, "people.password.wrong")
	}
	return row, nil
}

// stillPassword locks the account and refuses when its password changed since it
// was checked.
func stillPassword(ctx context.Context, tx *db.Tx, field string, checked personRow) error {
	if err := one(lockPerson.Run(ctx, tx, checked.ID)); err != nil {
		return err
	}
	now, err := personByID.One(ctx, tx, checked.ID)
	if err == nil && now.Password != checked.Password {
		err = fault.At(field, "people.password.wrong")
	}
	return err
}

// ChangePassword sets a new password by the old one. All other sessions, all
// tokens, passkeys and recovery codes end: whoever knew the old one is out, and
// has made no codes and no key to come back with.
func (p *Places) ChangePassword(ctx context.Context, v Viewer, old, password string) error {
	if err := InPerson(v); err != nil {
		return err
	}
	if err := (&Newcomer{Name: v.Name, Password: password}).clean(); err != nil {
		return err
	}
	row, err := p.checkPassword(ctx, v, "old", old)
	if err != nil {
		return err
	}
	hash, err := p.hash(ctx, v.Person, password)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := stillPassword(ctx, tx, "old", row); err != nil {
			return err
		}
		if _, err := dropCodes.Run(ctx, tx, v.Person); err != nil {
			return err
		}
		return setPassword(ctx, tx, v.Person, hash, v.Session)
	})
}

// setPassword ends every session but the one kept, every token and every passkey.
func setPassword(ctx context.Context, tx *db.Tx, person, hash, kept string) error {
	if err := one(updatePassword.Run(ctx, tx, person, hash)); err != nil {
		return err
	}
	if _, err := endOthers.Run(ctx, tx, person, kept); err != nil {
		return err
	}
	if _, err := endPasskeys.Run(ctx, tx, person); err != nil {
		return err
	}
	if _, err := dropChallenges.Run(ctx, tx, person); err != nil { // begun with the old password
		return err
	}
	_, err := endTokens.Run(ctx, tx, person)
	return err
}

// NewRecoveryCodes makes codes with which the viewer can set a new password, by
// the present one, and ends earlier codes. They are shown once.
func (p *Places) NewRecoveryCodes(ctx context.Context, v Viewer, password string) ([]string, error) {
	if err := InPerson(v); err != nil {
		return nil, err
	}
	row, err := p.checkPassword(ctx, v, "codes_password", password)
	if err != nil {
		return nil, err
	}
	return p.makeCodes(ctx, row)
}

// makeCodes makes codes for an account whose password was checked.
func (p *Places) makeCodes(ctx context.Context, checked personRow) (codes []string, err error) {
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		codes = nil
		if err := stillPassword(ctx, tx, "codes_password", checked); err != nil {
			return err
		}
		if _, err := dropCodes.Run(ctx, tx, checked.ID); err != nil {
			return err
		}
		for range RecoveryCodes {
			code := newCode()
			if _, err := insertCode.Run(ctx, tx, act.NewToken(), checked.ID, hashCode(code), act.Micros(p.now())); err != nil {
				return err
			}
			codes = append(codes, code)
		}
		return nil
	})
	return codes, err
}

// RecoveryLeft counts the viewer's unused codes.
func (p *Places) RecoveryLeft(ctx context.Context, v Viewer) (int, error) {
	n, err := unusedCodes.One(ctx, p.db, v.Person)
	return int(n), err
}

// Recover sets a new password by a code and uses the code up; all sessions and
// tokens end. The answer does not tell whether the pseudonym exists.
func (p *Places) Recover(ctx context.Context, name, code, password string) (Viewer, error) {
	if err := (&Newcomer{Name: name, Password: password}).clean(); err != nil {
		return Viewer{}, err
	}
	wrong := fault.New(fault.Invalid, "people.recover.wrong")
	if len(code) > 200 {
		return Viewer{}, wrong
	}
	hash, err := p.hash(ctx, login(name), password) // for every name alike
	if err != nil {
		return Viewer{}, err
	}
	row, err := personByLogin.One(ctx, p.db, login(name))
	if fault.Is(err, fault.NotFound) {
		p.turns.failed(sourceOf(ctx, login(name)))
		return Viewer{}, wrong
	}
	if err != nil {
		return Viewer{}, err
	}
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lockPerson.Run(ctx, tx, row.ID); err != nil {
			return err
		}
		n, err := useCode.Run(ctx, tx, row.ID, hashCode(code), act.Micros(p.now()))
		if err != nil {
			return err
		}
		if n == 0 {
			p.turns.failed(sourceOf(ctx, login(name)))
			return wrong
		}
		return setPassword(ctx, tx, row.ID, hash, "")
	})
	if err != nil {
		return Viewer{}, err
	}
	return Viewer{Person: row.ID, Name: row.Name, Site: row.SiteKeeper}, nil
}

// newCode is a secret that people copy by hand: four letters or digits at a time.
func newCode() string {
	var b [codeBytes]byte
	rand.Read(b[:])
	text := codeAlphabet.EncodeToString(b[:])
	var parts []string
	for i := 0; i < len(text); i += 4 {
		parts = append(parts, text[i:i+4])
	}
	return strings.Join(parts, "-")
}

// hashCode takes a code as typed: with or without dividers, in any case.
func hashCode(code string) []byte { return HashSecret(strings.ToLower(withoutDividers.Replace(code))) }
