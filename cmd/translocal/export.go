package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"translocal/act"
	"translocal/advance"
	"translocal/blob"
	"translocal/db"
	"translocal/fed"
	"translocal/keep"
	"translocal/record"
)

// ExportCmd writes a place to a file.
type ExportCmd struct {
	Data  string `default:"data" type:"path" help:"Folder of the node; the node must not be running. While it runs, a keeper of the place finds the same on the place's page."`
	DB    string `name:"db" help:"postgres:// URL. Without it: the file in the data folder."`
	Blobs string `help:"Folder or bucket for files, if the node has another than the folder in its data folder."`
	Place string `required:"" help:"URL of the place, its exact name, or the fingerprint of its stream."`
	To    string `required:"" type:"path" help:"File to write, which must not be there yet."`
}

// Run writes the file whole or not at all.
func (c *ExportCmd) Run(ctx context.Context) error {
	n, err := openNode(ctx, nodeOptions{Data: c.Data, DB: c.DB, Blobs: c.Blobs, Base: "http://export.invalid"})
	if err != nil {
		return err
	}
	defer n.close()
	f, err := findPlace(ctx, n, c.Place)
	if err != nil {
		return err
	}
	put := keep.Folder(filepath.Dir(c.To)).Put
	if err := put(ctx, filepath.Base(c.To), func(w io.Writer) error { return n.fed.Export(ctx, f, w) }); err != nil {
		return err
	}
	s, err := n.log.StreamOf(ctx, f)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d acts of %s, stream %s\n", c.To, s.Size, s.Actor, s.Fingerprint)
	return nil
}

var streamsNamed = db.Rows[act.Fingerprint](`select stream from place where name = $1 or id = $1 or stream = $1 order by stream`)

// findPlace finds the one stream that a URL, name or fingerprint means.
func findPlace(ctx context.Context, n *node, what string) (act.Fingerprint, error) {
	list, err := streamsNamed.All(ctx, n.db, what)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return "", fmt.Errorf("there is no place %q here. Nothing was written", what)
	case len(list) > 1:
		return "", fmt.Errorf("%d places are called %q. Give the URL of the one that you mean", len(list), what)
	}
	return list[0], nil
}

// ImportPlaceCmd reads what ExportCmd wrote.
type ImportPlaceCmd struct {
	File   string `arg:"" type:"existingfile" help:"The export."`
	Data   string `default:"data" type:"path" help:"Folder of the node; the node must not be running."`
	DB     string `name:"db" help:"postgres:// URL. Without it: the file in the data folder."`
	Blobs  string `help:"Folder or bucket for files, if the node has another than the folder in its data folder."`
	URL    string `name:"url" required:"" help:"URL of this node, so that none of its own places is taken for another's."`
	Stream string `help:"Fingerprint that the place gave you by another way; a file with another is refused."`
}

// Run imports the whole file, or nothing of it.
func (c *ImportPlaceCmd) Run(ctx context.Context) error {
	tried, err := c.try(ctx)
	if err != nil {
		return fmt.Errorf("%w. Nothing was imported", err)
	}
	if c.Stream != "" && c.Stream != string(tried.Stream) {
		return fmt.Errorf("the file holds stream %s, not the one that you were given. Nothing was imported", tried.Stream)
	}
	n, err := openNode(ctx, nodeOptions{Data: c.Data, DB: c.DB, Blobs: c.Blobs, Base: c.URL})
	if err != nil {
		return err
	}
	defer n.close()
	in, err := c.read(ctx, n.fed)
	if err != nil {
		return err
	}
	fmt.Printf("%d acts of %s, %d of them new, and %d files. Every signature fits.\n", in.Size, in.Actor, in.New, in.Files)
	if c.Stream == "" {
		fmt.Printf("That the place is who it says nobody vouches for: ask them by another way whether their stream is %s\n", in.Stream)
	}
	return nil
}

func (c *ImportPlaceCmd) read(ctx context.Context, n *fed.Node) (fed.Imported, error) {
	f, err := os.Open(c.File)
	if err != nil {
		return fed.Imported{}, err
	}
	defer f.Close()
	return n.Import(ctx, f)
}

// try imports the file into a node of its own that goes afterwards: so a file
// that is at fault on its last line leaves nothing in ours.
func (c *ImportPlaceCmd) try(ctx context.Context) (in fed.Imported, err error) {
	dir, err := os.MkdirTemp("", "translocal-import-")
	if err != nil {
		return in, err
	}
	defer os.RemoveAll(dir)
	d, err := db.Open(ctx, filepath.Join(dir, "tried.db"), db.Options{Relaxed: true})
	if err != nil {
		return in, err
	}
	defer d.Close()
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		return in, err
	}
	l := act.NewLog(d, keys, vocabularies()...)
	defer l.Close()
	r, err := record.New(l, "")
	if err != nil {
		return in, err
	}
	n, err := fed.New(ctx, fed.Config{Base: "http://import.invalid", Log: l, Record: r})
	if err != nil {
		return in, err
	}
	files, err := blob.OpenFiles(filepath.Join(dir, "blobs"), maxBlob)
	if err != nil {
		return in, err
	}
	n.Documents = advance.New(l)
	n.Documents.Files = advance.Files{Store: files, Quota: defaultPlaceFiles}
	return c.read(ctx, n)
}
