// Command translocal is one program with which a community finds what worked in other
// places, adapts it, improves it together with them, and brings it home.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// CLI is every subcommand with its flags; each flag has an environment variable.
type CLI struct {
	Version kong.VersionFlag `help:"Say which version this is, and end."`

	Serve       ServeCmd       `cmd:"" help:"Run a node."`
	Check       CheckCmd       `cmd:"" help:"Lay a draft beside known texts: what was kept, changed, strengthened, weakened, and what it lacks."`
	Compare     CompareCmd     `cmd:"" help:"Say which text was made from which, and what became of each clause."`
	Opinion     OpinionCmd     `cmd:"" help:"Map the opinions in a Polis export."`
	Tally       TallyCmd       `cmd:"" help:"Count the ballots of a file by a rule."`
	Pots        PotsCmd        `cmd:"" help:"Share a budget among districts or themes by people and need, and count each by itself."`
	Convert     ConvertCmd     `cmd:"" help:"Write an election in another format."`
	Demo        DemoCmd        `cmd:"" help:"Start three nodes and play a story through them."`
	Rebuild     RebuildCmd     `cmd:"" help:"Write the public tables anew from the streams, or check that they agree."`
	Backup      BackupCmd      `cmd:"" help:"Write a backup, encrypted to the keepers' keys, while the node runs."`
	Restore     RestoreCmd     `cmd:"" help:"Make a node of a backup."`
	Export      ExportCmd      `cmd:"" help:"Write a place to a file: what it published, and nothing private."`
	ImportPlace ImportPlaceCmd `cmd:"" help:"Read an exported place of another node, verified."`
	Secret      SecretCmd      `cmd:"" help:"Print the node's secret, which is in no backup, for the safe."`
	Doctor      DoctorCmd      `cmd:"" help:"Say what is wrong with a node, in plain words, and what to do."`
	RootKey     RootKeyCmd     `cmd:"" help:"Make a root key of a place, on paper, or sign by one: offline, on any machine."`
	Move        MoveCmd        `cmd:"" help:"Bring a node from its SQLite file to a PostgreSQL server."`
}

// version is what "make release" builds; without it, the program was built from source.
var version = "from source"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cli CLI
	args, err := launched(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "translocal:", err)
		os.Exit(1)
	}
	parser := kong.Must(&cli, kong.Name("translocal"), kong.UsageOnError(), kong.Vars{"version": version},
		kong.Description("Adapt, improve and advance what worked in other places. `translocal serve` starts a node."),
		kong.DefaultEnvars("TRANSLOCAL"), kong.BindTo(ctx, (*context.Context)(nil)))
	k, err := parser.Parse(args)
	parser.FatalIfErrorf(err)
	if err := k.Run(); err != nil {
		k.Errorf("%v", err)
		os.Exit(1)
	}
}
