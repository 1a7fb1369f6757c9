// Command translocal is one program with which a community finds what worked in other
// places, adapts it, improves it together with them, and brings it home.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// CLI is every subcommand with its flags; each flag has an environment variable.
type CLI struct {
	Serve   ServeCmd   `cmd:"" help:"Run a node."`
	Compare CompareCmd `cmd:"" help:"Say which text was made from which, and what became of each clause."`
	Opinion OpinionCmd `cmd:"" help:"Map the opinions in a Polis export."`
	Tally   TallyCmd   `cmd:"" help:"Count the ballots of a file by a rule."`
	Convert ConvertCmd `cmd:"" help:"Write an election in another format."`
	Demo    DemoCmd    `cmd:"" help:"Start three nodes and play a story through them."`
	Rebuild RebuildCmd `cmd:"" help:"Write the public tables anew from the streams, or check that they agree."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cli CLI
	k := kong.Parse(&cli, kong.Name("translocal"), kong.UsageOnError(),
		kong.Description("Adapt, improve and advance what worked in other places. `translocal serve` starts a node."),
		kong.DefaultEnvars("TRANSLOCAL"), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		k.Errorf("%v", err)
		os.Exit(1)
	}
}
