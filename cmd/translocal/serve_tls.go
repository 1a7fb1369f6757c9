package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// certificates gets and renews the certificate for the host of --url by itself,
// from an authority that speaks ACME (RFC 8555); nil when it was not asked to.
// Nobody else's host is ever asked for: whoever points a name here gets none.
func (c *ServeCmd) certificates() (*autocert.Manager, error) {
	if !c.ACME {
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("--acme needs --url https://… with the name under which the node is reached")
	}
	if u.Port() != "" || net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), ".") {
		return nil, fmt.Errorf("--acme needs a public name without a port, not %s", u.Host)
	}
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(c.Data, "certificates")),
		HostPolicy: autocert.HostWhitelist(u.Hostname()),
		Email:      c.ACMEMail,
		Client:     &acme.Client{DirectoryURL: c.ACMEDirectory, UserAgent: "Translocal"},
	}, nil
}

// encrypt makes of a listener one that speaks TLS, and answers on plain HTTP
// with the way to HTTPS and what the authority asks for, until ctx ends.
func encrypt(ctx context.Context, l net.Listener, m *autocert.Manager, plainAddr string) (net.Listener, error) {
	plain, err := net.Listen("tcp", plainAddr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s, where certificates are asked for: %w", plainAddr, err)
	}
	srv := &http.Server{Handler: m.HTTPHandler(nil), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	go func() {
		if err := srv.Serve(plain); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("plain HTTP ended", "err", err)
		}
	}()
	context.AfterFunc(ctx, func() { srv.Close() })
	config := m.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return tls.NewListener(l, config), nil
}
