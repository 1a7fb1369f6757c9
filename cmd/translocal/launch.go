package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// launched are the arguments of somebody who started the program without any,
// by a double click say: a node in the folder where the system keeps a person's
// settings, and its page in their browser.
func launched(args []string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	return []string{"serve", "--data", filepath.Join(config, "translocal"), "--open"}, nil
}

// openPage shows a page in the browser of who started the program. Where that
// can't be, the link that was printed serves.
func openPage(ctx context.Context, url string) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	name, args := opener(runtime.GOOS, url)
	if err := exec.CommandContext(ctx, name, args...).Run(); err != nil {
		slog.Info("no browser was opened; use the link above", "err", err)
	}
}

// answers tells whether a node answers at an address already.
func answers(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16))
	return err == nil && string(body) == "ok\n"
}

// opener is the command of a system that opens a page.
func opener(system, url string) (name string, args []string) {
	switch system {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", url}
	case "darwin":
		return "open", []string{url}
	}
	return "xdg-open", []string{url}
}
