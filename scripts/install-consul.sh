#!/usr/bin/env bash
# Puts Debian's own Consul 1.8.7 (from bullseye; later releases have none) into the cache, without touching the
# system's packages or sources. Does nothing when it is there. Prints the path of the binary.
set -euo pipefail

version=1.8.7
deb_sha256=e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9
folder=${XDG_CACHE_HOME:-$HOME/.cache}/gantry
binary=$folder/consul-$version

fail() {
  echo "install-consul: $*" >&2
  exit 1
}

if [ -x "$binary" ] && "$binary" version >/dev/null 2>&1; then
  echo "$binary"
  exit 0
fi
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || fail "needs Debian on amd64"

# Any mirror of Debian that this machine already uses, from both formats of source files.
mirrors() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +bookworm .*/\2/p; s/^deb +(\[[^]]*\] +)?([^ ]+) +bullseye .*/\2/p'
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v RS= '/Suites:[^\n]*(bookworm|bullseye|trixie)( |\n|$)/' "$file" | sed -nE 's/^URIs: *([^ ]+).*/\1/p'
  done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$folder"
options=(
  -o Dir::Etc::sourcelist="$work/bullseye.list" -o Dir::Etc::sourceparts=/nonexistent
  -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -qq
)
cd "$work"
for mirror in $(mirrors | sort -u); do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$work/bullseye.list"
  apt-get "${options[@]}" update >/dev/null 2>&1 || continue
  apt-get "${options[@]}" download consul >/dev/null 2>&1 && break
done
package=$(find "$work" -maxdepth 1 -name 'consul_*.deb' | head -n 1)
[ -n "$package" ] || fail "no mirror of this machine has consul $version"
echo "$deb_sha256  $package" | sha256sum --check --status || fail "the package is not the known one"
dpkg-deb -x "$package" "$work/unpacked"
install -m 755 "$work/unpacked/usr/bin/consul" "$binary.new"
mv "$binary.new" "$binary"
echo "$binary"
