#!/usr/bin/env bash
# Put a PgBouncer that carries prepared statements (1.21 or newer) into .pgbouncer, with the libraries
# and the loader that it needs, from Debian's packages. Nothing of the system is changed: Debian 12
# itself has 1.18, so the packages are those of Debian 13, and only unpacked.
set -euo pipefail
cd "$(dirname "$0")/.."
place=$PWD/.pgbouncer
[ ! -x "$place/pgbouncer" ] || exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "there is no apt-get"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,got,tree}
touch "$work/state/status"
archive() { apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -1; }
archive=$(archive)
if [ -z "$archive" ] && [ "$(id -u)" = 0 ]; then # a fresh system knows it after an update only
	apt-get update -qq
	archive=$(archive)
fi
[ -n "$archive" ] || { echo "this system has no packages of Debian"; exit 1; }
signed=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$signed] $archive trixie main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
END
export APT_CONFIG=$work/apt.conf
apt-get update -qq
(cd "$work/got" && apt-get download -qq pgbouncer libc6 libevent-2.1-7t64 libcares2 libssl3t64 \
	libsystemd0 libpam0g libcap2 libaudit1 libcap-ng0 libzstd1 zlib1g)
for package in "$work"/got/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
mkdir -p "$work/made/lib"
cp "$work/tree/usr/sbin/pgbouncer" "$work/made/lib/"
find "$work/tree/usr/lib" -maxdepth 2 -name '*.so*' -exec cp -L {} "$work/made/lib/" \;
cat >"$work/made/pgbouncer" <<'END'
#!/bin/sh
lib=$(dirname "$0")/lib
exec "$lib"/ld-linux-*.so.* --library-path "$lib" "$lib/pgbouncer" "$@"
END
chmod 755 "$work/made/pgbouncer"
"$work/made/pgbouncer" --version >/dev/null
rm -rf "$place"
mv "$work/made" "$place"
