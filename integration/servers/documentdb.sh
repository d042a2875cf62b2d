#!/usr/bin/env bash
# usage: documentdb.sh DIR
#
# Makes what the tests start where there is no mongod: FerretDB, which speaks MongoDB's
# protocol, and PostgreSQL with the DocumentDB extension, on which it runs.
#
#   DIR/ferretdb             from its sources, by `go install`
#   DIR/root                 Debian's packages, unpacked; nothing is installed on the system
#   DIR/bin/{postgres,psql}  these, with the libraries that came with them
#   DIR/data                 a data folder with the extension in it, to be copied
#
# The extension is in Debian's testing suite, whose packages move; this takes what there
# is. It is served by the mirror that apt is set up with, and verified by Debian's keys.
# Nothing is done where this recipe has made DIR already. Root is not needed; as root it all belongs to
# nobody, because PostgreSQL does not run as root.
set -euo pipefail

ferretdb=v2.7.0
dir=$1
recipe=$(cksum <"$0")
complete() { [ "$(cat "$dir/complete" 2>/dev/null)" = "$recipe" ]; }
if complete; then exit 0; fi

fail() {
	echo "documentdb.sh: $*" >&2
	echo "The tests of MongoDB need a mongod on the PATH, or a Debian system with a keyring for its testing suite. MONGODB_URI is not enough: some start servers of their own." >&2
	exit 1
}
for need in apt-get apt-cache dpkg-deb tar go flock; do
	command -v "$need" >/dev/null || fail "there is no $need here"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || fail "there is no $keyring (package debian-archive-keyring)"

if ! mkdir -p "$dir" || [ ! -w "$dir" ]; then
	fail "$(id -un) cannot write in $dir; let XDG_CACHE_HOME name a folder for caches that can be written in, for the tests too"
fi
dir=$(cd "$dir" && pwd)
exec 9>"$dir/lock" # one at a time
flock 9
if complete; then exit 0; fi
rm -rf "$dir"/{complete,root,bin,data,apt,ferretdb}

mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' | awk '$2 !~ /security/ && $1 ~ /debian/ { print $1; exit }')
[ -n "$mirror" ] || fail "apt is set up with no mirror of Debian's; perhaps 'apt-get update' has never been run"

# apt with a state of its own, to which nothing is installed, so that it downloads all.
# What the system does after its own updates is not for these.
apt=$dir/apt
mkdir -p "$apt"/{lists/partial,archives/partial,parts}
: >"$apt/status"
printf '#clear %s;\n' APT::Update::{Pre-Invoke,Post-Invoke,Post-Invoke-Success} DPkg::{Pre-Invoke,Post-Invoke,Pre-Install-Pkgs} >"$apt/conf"
options=(
	-c "$apt/conf"
	-o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/parts"
	-o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status"
	-o Dir::Cache::archives="$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
	-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Languages=none
)
if [ "$(id -u)" = 0 ]; then options+=(-o APT::Sandbox::User=root); fi
package=
for suite in testing unstable; do
	echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
	apt-get "${options[@]}" -qq update
	package=$(apt-cache "${options[@]}" search --names-only '^postgresql-[0-9]+-documentdb$' | awk '{ print $1 }' | sort -V | tail -n 1)
	if [ -n "$package" ]; then break; fi
done
[ -n "$package" ] || fail "Debian's testing suite has no package postgresql-NN-documentdb any more"
apt-get "${options[@]}" -qq -y --no-install-recommends --download-only install "$package"

root=$dir/root
mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
for d in bin sbin lib lib64; do ln -sfn "usr/$d" "$root/$d"; done
for deb in "$apt"/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --no-same-owner \
		--exclude=./usr/share/{doc,man,locale,info,proj,gdal}
done
rm -rf "$apt"

# What the packages' scripts would have done: choose among alternatives.
version=${package#postgresql-}
version=${version%-documentdb}
for control in "$root/usr/share/postgresql/$version/extension/"*-3.control; do
	plain=${control%-3.control}.control
	[ -e "$plain" ] || cp "$control" "$plain"
done

# Programs of another release need its loader and its libraries.
loader=$(ls "$root"/usr/lib/*/ld-linux*.so.* | head -n 1)
libraries=$(dirname "$loader"):$root/usr/lib/postgresql/$version/lib
programs=$root/usr/lib/postgresql/$version/bin
mkdir -p "$dir/bin"
for name in postgres initdb psql; do
	mv "$programs/$name" "$programs/$name.elf"
	cat >"$programs/$name" <<-END
		#!/bin/sh
		exec "$loader" --argv0 "$programs/$name" --library-path "$libraries" "$programs/$name.elf" "\$@"
	END
	chmod 755 "$programs/$name"
	ln -s "$programs/$name" "$dir/bin/$name"
done

GOBIN=$dir go install "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@$ferretdb"

# A data folder with the extension in it. For a moment the server runs, on a socket of
# its own; a socket's name must be short.
socket=$(mktemp -d)
trap 'rm -rf "$socket"' EXIT
as=()
if [ "$(id -u)" = 0 ]; then
	mkdir "$dir/data"
	chown nobody "$dir/data" "$socket"
	chmod 755 "$dir"
	as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
cd /
run() { "${as[@]}" env -i PATH="$dir/bin:/usr/bin:/bin" LC_ALL=C HOME=/ "$@"; }
run "$dir/bin/initdb" -D "$dir/data" -U postgres -A trust --no-locale -E UTF8 >"$dir/log" 2>&1 || { cat "$dir/log" >&2; fail "initdb failed"; }
run tee -a "$dir/data/postgresql.conf" >/dev/null <<-'END'
	shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
	cron.database_name = 'postgres'
	cron.use_background_workers = on
	max_worker_processes = 16
	timezone = 'GMT'
	log_timezone = 'GMT'
	unix_socket_directories = ''
	listen_addresses = '127.0.0.1'
	# What the operating system has survives the server; nothing else is asked of it here.
	fsync = off
	full_page_writes = off
	# No shared memory that outlives a server which was killed.
	dynamic_shared_memory_type = mmap
	shared_memory_type = mmap
END
run "$dir/bin/postgres" -D "$dir/data" -c listen_addresses= -c unix_socket_directories="$socket" >>"$dir/log" 2>&1 9>&- &
server=$!
made=
for _ in $(seq 300); do
	if run "$dir/bin/psql" -h "$socket" -U postgres -qAtc 'select 1' >/dev/null 2>&1; then
		run "$dir/bin/psql" -h "$socket" -U postgres -v ON_ERROR_STOP=1 -qAtc 'create extension documentdb cascade' >>"$dir/log" 2>&1 && made=1
		break
	fi
	kill -0 "$server" 2>/dev/null || break
	sleep 0.1
done
pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null || true)
if [ -n "$pid" ]; then kill -INT "$pid" || true; fi
wait "$server" || true
if [ -z "$made" ]; then
	tail -n 40 "$dir/log" >&2
	fail "PostgreSQL with the extension does not start"
fi
echo "$recipe" >"$dir/complete"
echo "FerretDB $ferretdb on $(run "$dir/bin/postgres" --version) with $package is in $dir"
