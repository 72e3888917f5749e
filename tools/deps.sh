#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# deps.sh - the Debian packages that building, testing and the demo need.
#
# Says what it installs; says nothing when everything is there.
set -eu

build='gcc libc6-dev pkg-config libsodium-dev libssl-dev libuv1-dev libsqlite3-dev
libreadline-dev libjansson-dev libmnl-dev libseccomp-dev libcap-ng-dev
libminiupnpc-dev libnatpmp-dev libqrencode-dev'
check='clang libclang-rt-14-dev valgrind mandoc iproute2 iputils-ping
nftables conntrack procps util-linux wireguard-go wireguard-tools coturn miniupnpd
miniupnpd-nftables zsh fish'
python='python3 python3-venv python3-numpy python3-gmpy2 python3-cryptography'

missing=
for package in $build $check $python; do
	status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
	case $status in
	ii*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "these Debian packages are missing, and only root can install them:$missing" >&2
	echo "run: sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
install_missing() {
	apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be old or absent: ask for new ones when the first try fails.
install_missing || { apt-get update -q >"$log" 2>&1 && install_missing; } || {
	cat "$log" >&2
	echo "the packages could not be installed; apt-get's words are above" >&2
	exit 1
}
