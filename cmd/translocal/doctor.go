package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/keep"
	"translocal/record"
)

// DoctorCmd looks a node over and says what is wrong, and what to do.
type DoctorCmd struct {
	Data string `default:"data" type:"path" help:"Folder of the node; the node may be running."`
	DB   string `name:"db" help:"postgres:// URL. Without it: the file in the data folder."`
	URL  string `name:"url" help:"URL under which others reach this node, to look whether they can. Without it: the address."`
	Addr string `default:"127.0.0.1:7080" help:"Address on which the node listens, or is to."`
}

// A finding is what one look found. Do is "" when all is well.
type finding struct {
	Look string // what was looked at
	Says string // what was found, in plain words
	Do   string // what to do about it
	Bad  bool   // against: worth knowing
}

func well(look, says string) finding     { return finding{Look: look, Says: says} }
func bad(look, says, do string) finding  { return finding{Look: look, Says: says, Do: do, Bad: true} }
func hint(look, says, do string) finding { return finding{Look: look, Says: says, Do: do} }

// Run ends with an error when something is wrong.
func (c *DoctorCmd) Run(ctx context.Context) error {
	found := c.examine(ctx)
	printFindings(os.Stdout, found)
	n := 0
	for _, f := range found {
		if f.Bad {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d looks found something wrong. Nothing was changed", n, len(found))
	}
	return nil
}

func printFindings(w io.Writer, found []finding) {
	for _, f := range found {
		sign := "well"
		if f.Bad {
			sign = "WRONG"
		} else if f.Do != "" {
			sign = "note"
		}
		fmt.Fprintf(w, "%-6s %s: %s\n", sign, f.Look, f.Says)
		if f.Do != "" {
			fmt.Fprintf(w, "       %s\n", f.Do)
		}
	}
}

// examine looks at everything; where one thing is broken, what rests on it is
// left out.
func (c *DoctorCmd) examine(ctx context.Context) []finding {
	found := c.lookAtFolder()
	found = append(found, lookAtRoom(c.Data), c.lookAtPort(ctx))
	if c.URL != "" {
		found = append(found, lookAtURL(ctx, c.URL, time.Now)...)
	}
	d, f := c.openForLook(ctx)
	found = append(found, f)
	if d == nil {
		return found
	}
	defer d.Close()
	return append(found, c.lookInside(ctx, d)...)
}

// lookAtFolder: there, ours to write, and nobody else's to read.
func (c *DoctorCmd) lookAtFolder() (found []finding) {
	const look = "data folder"
	info, err := os.Stat(c.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []finding{bad(look, c.Data+" is not there", "Name the folder of the node with --data. A new node makes it at its first start.")}
	case err != nil:
		return []finding{bad(look, "it can't be looked at: "+err.Error(), "Run this as the user under whom the node runs.")}
	case !info.IsDir():
		return []finding{bad(look, c.Data+" is a file", "Name a folder with --data.")}
	}
	if f, err := os.CreateTemp(c.Data, ".doctor-"); err != nil {
		found = append(found, bad(look, "nothing can be written there: "+err.Error(), "Give the folder to the user under whom the node runs (chown -R), and run this as that user."))
	} else {
		f.Close()
		os.Remove(f.Name())
		found = append(found, well(look, "it can be written"))
	}
	return append(found, c.lookAtRights()...)
}

// lookAtRights looks for what others on the machine could read.
func (c *DoctorCmd) lookAtRights() (found []finding) {
	const look = "who may read"
	if !unixRights {
		return nil
	}
	for name, mode := range map[string]string{"": "700", "secret": "600"} {
		path := filepath.Join(c.Data, name)
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			found = append(found, bad(look, fmt.Sprintf("others on this machine can reach %s (mode %o)", path, info.Mode().Perm()), "chmod "+mode+" "+path))
		}
	}
	if found == nil {
		found = append(found, well(look, "the folder is for its owner alone"))
	}
	return found
}

// Room on the disk below which it is told, in bytes.
const (
	littleRoom = 1 << 30
	noRoom     = 100 << 20
)

func lookAtRoom(data string) finding {
	free, err := freeSpace(data)
	if err != nil {
		return hint("room on the disk", "it can't be measured here", "See for yourself that there is more than 1 GB.")
	}
	return judgeRoom(free)
}

func judgeRoom(free uint64) finding {
	const look = "room on the disk"
	says := fmt.Sprintf("%d MB are free", free/1_000_000)
	switch {
	case free < noRoom:
		return bad(look, says, "Make room now: a full disk stops the node. Old backups in the same place are a good beginning.")
	case free < littleRoom:
		return hint(look, says, "Make room soon; below 100 MB it gets dangerous.")
	}
	return well(look, says)
}

// lookAtPort tells whether the node answers, or could listen.
func (c *DoctorCmd) lookAtPort(ctx context.Context) finding {
	const look = "address"
	l, err := net.Listen("tcp", c.Addr)
	if err == nil {
		l.Close()
		return hint(look, "nobody listens on "+c.Addr, "If the node should be running: start it, and read what it says.")
	}
	if isOurs(ctx, "http://"+c.Addr) {
		return well(look, "the node answers on "+c.Addr)
	}
	return bad(look, fmt.Sprintf("%s can't be listened on: %v", c.Addr, err), "Another program has the port, or the address is not this machine's. Stop that program, or choose another with --addr.")
}

// isOurs tells whether a Translocal answers at a base URL.
func isOurs(ctx context.Context, base string) bool {
	res, err := ask(ctx, base+"/fed/site")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func ask(ctx context.Context, url string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return client.Do(req)
}

// lookAtURL looks whether others reach the node, safely, and whether its clock
// is right by the answer's.
func lookAtURL(ctx context.Context, base string, now func() time.Time) (found []finding) {
	const look = "URL"
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return []finding{bad(look, fmt.Sprintf("%q is no base URL", base), "Give scheme and host and nothing more, such as https://example.org.")}
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		found = append(found, bad(look, "it is not encrypted: passwords travel in the open", "Put the node behind a server with a certificate and give its https:// URL. In one room, for one evening, it may do."))
	}
	res, err := ask(ctx, strings.TrimRight(base, "/")+"/fed/site")
	if err != nil {
		return append(found, bad(look, "nobody can be reached there: "+err.Error(), "Look at the name (DNS), the firewall, and the server in front of the node. Is the node running?"))
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return append(found, bad(look, fmt.Sprintf("something else answers there (%s)", res.Status), "Look whether the server in front passes every path to the node, and whether the URL is right."))
	}
	found = append(found, well(look, "the node is reached at "+base))
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		found = append(found, judgeClock(now().Sub(at)))
	}
	return found
}

// tolerance is how far clocks may be apart; nodes refuse requests from beyond.
const tolerance = 30 * time.Second

func judgeClock(off time.Duration) finding {
	if off.Abs() > tolerance {
		return bad("clock", fmt.Sprintf("it is %v off", off.Round(time.Second)), "Have the machine set its clock by itself (timedatectl set-ntp true). Other nodes refuse what comes from another time.")
	}
	return well("clock", "it is right")
}

// openForLook opens the database, and says why not.
func (c *DoctorCmd) openForLook(ctx context.Context) (*db.DB, finding) {
	const look = "database"
	if _, err := os.Stat(filepath.Join(c.Data, movedName)); err == nil && c.DB == "" {
		return nil, bad(look, "this node was moved to a PostgreSQL server", "Give its URL by --db.")
	}
	d, err := db.OpenReader(ctx, databaseOf(c.Data, c.DB))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, bad(look, "there is none yet", "Start the node once, or name its folder with --data. If there was one: restore the last backup.")
	case errors.Is(err, db.ErrOtherSchema):
		return nil, bad(look, "another version of this program made it", "Look with the version that the node runs. An older database is brought up to date when the node starts.")
	case err != nil:
		return nil, bad(look, "it can't be opened: "+err.Error(), "If it is damaged, restore the last backup into a new folder.")
	}
	return d, well(look, fmt.Sprintf("schema %d, as this program has it", db.NewestSchema()))
}

// lookInside reads the database.
func (c *DoctorCmd) lookInside(ctx context.Context, d *db.DB) (found []finding) {
	found = append(found, lookAtPages(ctx, d), c.lookAtSecret(ctx, d))
	found = append(found, lookAtStreams(ctx, d)...)
	return append(found, lookAtBackup(ctx, d, time.Now()), lookAtKeepers(ctx, d), lookAtHeld(ctx, d))
}

func lookAtPages(ctx context.Context, d *db.DB) finding {
	const look, do = "integrity", "Stop the node and copy its folder as it is. Then restore the last backup into a new folder."
	says, err := d.Integrity(ctx)
	switch {
	case err != nil:
		return bad(look, "the database can't be read through: "+err.Error(), do)
	case says != "":
		return bad(look, "the database is damaged: "+says, do)
	}
	return well(look, "the database is sound")
}

func (c *DoctorCmd) lookAtSecret(ctx context.Context, d *db.DB) finding {
	const look = "secret"
	switch err := secretStands(ctx, d, c.Data); {
	case errors.Is(err, errNoSecret):
		return bad(look, "the file \"secret\" is missing", "Put it back from the paper or copy on which it was kept. Without it the places of this node can't sign.")
	case err != nil:
		return bad(look, err.Error(), "Look as the user as whom the node runs. If that user can't read the file \"secret\" and its folder, let it.")
	}
	path := filepath.Join(c.Data, "secret")
	if _, err := os.Stat(path); err != nil {
		return well(look, "a new node makes one")
	}
	keys, err := act.OpenKeyring(path)
	if err != nil {
		return bad(look, err.Error(), "Put the file back from where a copy of it was kept.")
	}
	l := act.NewLog(d, keys, vocabularies()...)
	defer l.Close()
	own, err := l.OwnStreams(ctx)
	if err != nil {
		return bad(look, err.Error(), "Restore the last backup into a new folder.")
	}
	for _, s := range own {
		key, err := act.KeyAt(ctx, d, s.Fingerprint, s.Size)
		if err != nil {
			return bad(look, err.Error(), "Restore the last backup into a new folder.")
		}
		if _, err := l.SignNote(ctx, s.Fingerprint, key, []byte(strings.Repeat("A look at the key. ", 5))); err != nil {
			return bad(look, "it does not open the key of "+s.Actor, "It is the secret of another node. Put this node's own back.")
		}
	}
	return well(look, "it opens the keys. Is it on paper, too? translocal secret prints it")
}

// lookAtStreams verifies each stream against its signatures and signed heads.
func lookAtStreams(ctx context.Context, d *db.DB) (found []finding) {
	const look, do = "record", "Somebody or something changed the database. Stop the node, keep a copy of the folder, and restore the last backup into a new one."
	l := act.NewLog(d, nil, vocabularies()...)
	defer l.Close()
	r, err := record.New(l, "")
	if err != nil {
		return []finding{bad(look, err.Error(), do)}
	}
	streams, err := l.Streams(ctx)
	if err != nil {
		return []finding{bad(look, err.Error(), do)}
	}
	for _, s := range streams {
		if err := r.Check(ctx, s.Fingerprint); err != nil {
			found = append(found, bad(look, fmt.Sprintf("%s is not as it was signed: %v", s.Actor, err), do))
		}
	}
	if found == nil {
		found = append(found, well(look, fmt.Sprintf("%d streams are as they were signed", len(streams))))
	}
	return found
}

func lookAtBackup(ctx context.Context, d *db.DB, now time.Time) finding {
	const look, do = "backup", "translocal backup --to a folder on another machine; serve --backup-to does it each day."
	last, err := keep.LastBackup(ctx, d)
	if err != nil {
		return bad(look, err.Error(), do)
	}
	due, err := keep.Due(ctx, d, now)
	switch {
	case err != nil:
		return bad(look, err.Error(), do)
	case last.At.IsZero() && due:
		return bad(look, "there was none yet", do)
	case last.At.IsZero():
		return hint(look, "there was none yet", do)
	case due:
		return bad(look, fmt.Sprintf("the last one is of %s", last.At.Format(time.DateOnly)), do)
	case !last.Encrypted:
		return hint(look, "the last one is not encrypted", "Enter the keepers' age keys on the page /site/keeping.")
	}
	return well(look, fmt.Sprintf("the last one is of %s", last.At.Format(time.DateOnly)))
}

var (
	countSiteKeepers = db.Rows[int64](`select count(*) from person where site_keeper`)
	keptByOne        = db.Rows[string](`select p.name from place p join stream s on s.fp = p.stream where s.own
		and (select count(*) from belongs m where m.stream = p.stream and m.role = 'keeper') < 2 order by p.name, p.stream`)
	heldStreams = db.Rows[string](`select actor from stream where own and held order by actor`)
)

func lookAtKeepers(ctx context.Context, d *db.DB) finding {
	const look = "keepers"
	n, err := countSiteKeepers.One(ctx, d)
	if err != nil {
		return bad(look, err.Error(), "Restore the last backup into a new folder.")
	}
	alone, err := keptByOne.All(ctx, d)
	switch {
	case err != nil:
		return bad(look, err.Error(), "Restore the last backup into a new folder.")
	case n == 0:
		return hint(look, "nobody keeps the site yet", "Open the set-up link that the node prints when it starts.")
	case len(alone) > 0:
		return hint(look, "fewer than two people keep "+strings.Join(alone, ", "), "Invite a second keeper: when one person is away or leaves, nobody else can act.")
	}
	return well(look, "each place has two or more")
}

func lookAtHeld(ctx context.Context, d *db.DB) finding {
	const look = "after a restore"
	held, err := heldStreams.All(ctx, d)
	switch {
	case err != nil:
		return bad(look, err.Error(), "Restore the last backup into a new folder.")
	case len(held) > 0:
		return hint(look, fmt.Sprintf("%d places wait for what the backup lacked: %s", len(held), strings.Join(held, ", ")), "They go on by themselves once those who follow them answer. If you know that nothing is missing, release them on the page /site.")
	}
	return well(look, "nothing waits")
}
