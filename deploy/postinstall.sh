#!/bin/sh
# After the package is unpacked: an account for the node, which owns nothing else.
set -e
if ! getent passwd translocal >/dev/null; then
	adduser --system --group --home /var/lib/translocal --no-create-home --quiet translocal
fi
# Passwords stand in it. An earlier version let everybody read it, and an upgrade
# keeps the rights of what is there.
if [ -e /etc/default/translocal ]; then
	chmod o= /etc/default/translocal
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# A node that runs goes on with the new version; a new one waits for its settings.
	systemctl try-restart translocal.service || true
fi
