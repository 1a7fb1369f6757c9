#!/bin/sh
# After the package is unpacked: an account for the node, which owns nothing else.
set -e
if ! getent passwd translocal >/dev/null; then
	adduser --system --group --home /var/lib/translocal --no-create-home --quiet translocal
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# A node that runs goes on with the new version; a new one waits for its settings.
	systemctl try-restart translocal.service || true
fi
