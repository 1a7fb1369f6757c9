// Package keep is what a node's keepers need to keep it: backups and restoring
// them, and moving a node from one database engine to the other.
//
// A backup is a tar archive, compressed by gzip and encrypted by age: what
// describes it (backup.json), the rows of every table as lines of JSON, the files,
// and at the end a count of all that (end.json). It is the same on both engines,
// and can be read with age, tar and any editor when this program is long gone.
// The secret that wraps the keys of places is in no backup.
package keep

import (
	"errors"
	"fmt"
	"io"
	"time"

	"translocal/blob"
	"translocal/db"
)

// Format is the version of the archive that this program writes, and reads.
const Format = 1

// ErrDamaged is an archive that isn't whole, or not one of ours.
var ErrDamaged = errors.New("the backup is damaged, cut short, or no backup of Translocal")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Node is what is copied, or where it goes to.
type Node struct {
	DB    *db.DB
	Files blob.Files // nil: none
}

// Manifest is the first thing in an archive.
type Manifest struct {
	Format int       `json:"format"`
	Schema int64     `json:"schema"` // newest migration
	Engine db.Engine `json:"engine"` // that it was taken from
	Made   time.Time `json:"made"`
	Tables []string  `json:"tables"`
}

// Counts are the last thing in an archive: what must have been read by then.
type Counts struct {
	Rows  map[string]int64 `json:"rows"` // by table
	Files int64            `json:"files"`
	Bytes int64            `json:"bytes"` // of rows and files, before compression
}

// Total is the number of rows of all tables.
func (c Counts) Total() (n int64) {
	for _, k := range c.Rows {
		n += k
	}
	return n
}

// Progress is told how many bytes, before compression, are done.
type Progress func(bytes int64)

// counted counts what passes.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
