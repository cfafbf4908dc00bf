#!/bin/sh
# Installs the programs that some tests run (the reverse proxies of deploy/, PgBouncer, a browser,
# promtool)
# where apt-get may; starts no service.
# Where it may not, those tests are skipped, and this says so in one line.
set -eu

PATH="$PATH:/usr/sbin:/usr/local/sbin"
missing=""
for program in nginx:nginx-light caddy:caddy pgbouncer:pgbouncer chromium:chromium promtool:prometheus; do
	command -v "${program%%:*}" > /dev/null || missing="$missing ${program#*:}"
done
test -n "$missing" || exit 0
if test "$(id -u)" = 0 && command -v apt-get > /dev/null; then
	echo "Installing for the tests:$missing"
	apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $missing > /dev/null && exit 0
fi
echo "Not installed, so tests that need them are skipped:$missing" >&2
