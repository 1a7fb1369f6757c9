#!/bin/bash
# Builds what people install, into dist/: one static program for each system, the
# Debian packages, and the sums of all. The same source and version make the same
# bytes. Called by "make release".
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo 0)}
VERSION=${VERSION#v}
# A Debian version begins with a digit.
[[ $VERSION == [0-9]*.* ]] || VERSION=0~$VERSION
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
rm -rf dist
mkdir dist

build() { # system architecture suffix
	local out="dist/translocal-${VERSION/\~/-}-$1-$2$3"
	echo "$out" >&2
	CGO_ENABLED=0 GOOS=$1 GOARCH=${2%v7} GOARM=7 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o "$out" ./cmd/translocal
}
for target in ${TARGETS:-linux/amd64 linux/arm64 linux/armv7 darwin/amd64 darwin/arm64 windows/amd64}; do
	suffix=
	[ "${target%/*}" = windows ] && suffix=.exe
	build "${target%/*}" "${target#*/}" "$suffix"
done

for pair in amd64:amd64 arm64:arm64 armv7:arm7; do
	binary="dist/translocal-${VERSION/\~/-}-linux-${pair%:*}"
	[ -e "$binary" ] || continue
	BINARY=$binary VERSION=$VERSION DEB_ARCH=${pair#*:} go tool -modfile=deploy/nfpm.mod nfpm package --config deploy/nfpm.yaml --packager deb --target dist/
done

# What the image of deploy/Containerfile holds beside the program: folders of its
# own, and the certificates of this machine, without which no TLS is trusted.
roots=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
if [ -r "$roots" ]; then
	install -d dist/image/etc/ssl/certs dist/image/own/data
	install -d -m 1777 dist/image/own/tmp
	install -m 0644 "$roots" dist/image/etc/ssl/certs/ca-certificates.crt
else
	echo "no image can be made: $roots isn't there (ca-certificates)" >&2
fi

(cd dist && sha256sum -- translocal* >SHA256SUMS)
echo "dist/SHA256SUMS" >&2
