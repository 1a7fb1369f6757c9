#!/bin/sh
# Before the package goes: the node stops. What it keeps, and its account, stay.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --no-reload disable --now translocal.service || true
fi
