#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the Debian packages of a build, looks into them, and builds and runs programs with what they unpack to.
# usage: packages.sh BUILD_FOLDER
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
for tool in cpack dpkg-deb dpkg-shlibdeps file; do
	command -v "$tool" >/dev/null || { echo "SKIP packages: $tool is not here" && exit 77; }
done
version=$(sed -n 's/^#define ORGDB_VERSION "\(.*\)"/\1/p' "$root/include/orgdb.h")
case $version in
0.*) soversion=${version%.*} ;;
*) soversion=${version%%.*} ;;
esac
packages=$scratch/packages
unpacked=$scratch/unpacked

make_packages() { cpack -G DEB --config "$build/CPackConfig.cmake" -B "$packages"; }

# deb NAME: the package's file; there must be one.
deb()
{
	set -- "$packages/$1"_"$version"_*.deb
	[ $# = 1 ] && [ -f "$1" ] && echo "$1"
}

# contents NAME: its files, the folder of libraries under one name whatever it is here
contents()
{
	dpkg-deb --contents "$(deb "$1")" | awk '!/\/$/ { print $6 }' |
		sed "s|^\./usr/||; s|lib/[^/]*-linux-gnu[^/]*/|lib/|" | sort
}

# holds NAME <<FILES: it has these files and no others.
holds()
{
	sort >"$scratch/expected"
	contents "$1" >"$scratch/contents"
	check "$1 has the files that it should" diff "$scratch/expected" "$scratch/contents"
}

# depends NAME PACKAGE...
depends()
{
	name=$1 all=" $(dpkg-deb --field "$(deb "$1")" Depends),"
	shift
	for package; do
		case $all in
		*" $package,"* | *" $package (>= "*) echo "ok: $name depends on $package" ;;
		*) echo "not ok: $name depends on$all not on $package" && exit 1 ;;
		esac
	done
}

root_owns_all() { ! dpkg-deb --contents "$(deb "$1")" | awk '$2 != "root/root"' | grep .; }
unpack() { for package in "$packages"/*.deb; do dpkg-deb --extract "$package" "$unpacked" || return 1; done; }

check 'make the packages' make_packages
check 'there are three' sh -c "[ \$(ls '$packages'/*.deb | wc -l) = 3 ]"

holds "liborgdb$soversion" <<END
lib/liborgdb.so.$soversion
lib/liborgdb.so.$version
share/doc/liborgdb$soversion/copyright
END
holds liborgdb-dev <<END
include/orgdb.h
lib/cmake/orgdb/orgdb-config-version.cmake
lib/cmake/orgdb/orgdb-config.cmake
lib/cmake/orgdb/orgdb-targets-$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$build/CMakeCache.txt" | tr '[:upper:]' '[:lower:]').cmake
lib/cmake/orgdb/orgdb-targets.cmake
lib/liborgdb.a
lib/liborgdb.so
lib/pkgconfig/orgdb.pc
share/doc/liborgdb-dev/copyright
share/man/man3/orgdb.3
END
holds orgdb-tools <<END
bin/orgdb
share/bash-completion/completions/orgdb
share/doc/orgdb-tools/copyright
share/man/man1/orgdb.1
END

depends "liborgdb$soversion" libc6 liblmdb0
depends liborgdb-dev "liborgdb$soversion (= $version)" liblmdb-dev
depends orgdb-tools libc6 liblmdb0 libjansson4
for name in "liborgdb$soversion" liborgdb-dev orgdb-tools; do
	check "root owns all that is in $name" root_owns_all "$name"
done
check 'the library is made known to the linker' \
	sh -c "dpkg-deb --info '$(deb "liborgdb$soversion")' postinst | grep -q ldconfig"

check 'unpack' unpack
use_folder "$unpacked/usr"
try_all_ways "$unpacked/usr"
cd "$scratch"
check 'the command runs' "$unpacked/usr/bin/orgdb" load tenant.orgdb "$root/tools/sample.jsonl"
