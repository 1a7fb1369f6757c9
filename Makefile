# make test       Go alone, no service, one to three minutes
# make test-long  with PostgreSQL, Chromium, kills and replays, some minutes
# make check      format, vet, staticcheck, arrows, messages, links, generated code
# make release    builds what people install, into dist/
# make deps       installs what test-long needs, on Debian, as root

# The browser of the journeys; they are left out, and say so, without one.
CHROME ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

# Whose tests run a second time, on PostgreSQL.
BOTH = ./act ./record ./place ./blueprint ./decide ./advance ./notice ./meeting ./webhook ./web ./cmd/translocal

.PHONY: build test test-long check bench generate release deps

build:
	CGO_ENABLED=0 go build -trimpath -o bin/translocal ./cmd/translocal

# Memory is there and processors are few: the collector runs less often.
test:
	GOGC=400 go test ./...

test-long:
	GOGC=400 TRANSLOCAL_TEST_LONG=1 CHROME='$(CHROME)' .ci/with-postgres sh -c 'go test -timeout 20m ./... && TRANSLOCAL_TEST_ENGINE=postgres go test -timeout 20m $(BOTH)'

check:
	go run ./cmd/check

bench:
	go test -run '^$$' -bench . -benchmem ./...

generate:
	go tool -modfile=tools.mod templ generate

release:
	deploy/release.sh

deps:
	.ci/install
