#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the shared library to its soname: as long as that stays the same, programs that were built with the interface of the
# snapshot must run. A change that breaks them needs another soname: before 1.0 the next minor version, in include/orgdb.h.
# The snapshot is tests/abi.xml, what abidw sees in the library, and tests/abi.constants, which no library shows. It is renewed
# by `cmake --build BUILD --target abi-snapshot`, after each release at least.
# usage: abi.sh check|renew LIBRARY
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
snapshot=$root/tests/abi
renew='cmake --build BUILD --target abi-snapshot'

command -v abidw >/dev/null || { echo 'SKIP abi: abidw is not here (Debian: abigail-tools)' && exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
now=$scratch/abi

# The interface is the header's: what is behind its pointers is not.
see_library()
{
	abidw --headers-dir "$root/include" --drop-private-types --exported-interfaces-only --no-elf-needed --no-show-locs \
		--no-comp-dir-path --no-corpus-path --type-id-style hash "$1" | sed "s|path='$root/|path='|"
}

with_arguments() { sed -n 's/^#define \(ORGDB_[A-Z_]*\)(.*/\1/p' "$root/include/orgdb.h"; }
# Enumerators and macros that are numbers; the others are initializers, or stand for no value.
constants()
{
	sed 's|/\*.*\*/||' "$root/include/orgdb.h" | grep -oE '\<ORGDB_[A-Z0-9_]*[A-Z0-9]\>' | sort -u |
		grep -vE '_INIT$|^ORGDB_(H|API|MUST_USE|VERSION.*)$' | grep -vxF "$(with_arguments)"
}
see_constants()
{
	{
		printf '#include <orgdb.h>\n#include <stdio.h>\nint main(void)\n{\n'
		constants | sed 's/.*/\tprintf("%s %lld\\n", "&", (long long)&);/'
		printf '}\n'
	} >"$scratch/constants.c"
	cc -I"$root/include" -o "$scratch/constants" "$scratch/constants.c" && "$scratch/constants"
}

attribute() { sed -n "s/.* $1='\([^']*\)'.*/\1/p" "$2" | head -n 1; }

see_library "$2" >"$now.xml"
see_constants >"$now.constants"
if [ "$1" = renew ]; then
	cat "$now.xml" >"$snapshot.xml"
	cat "$now.constants" >"$snapshot.constants"
	echo "renewed: $snapshot.xml and $snapshot.constants"
	exit
fi

if [ "$(attribute architecture "$snapshot.xml")" != "$(attribute architecture "$now.xml")" ]; then
	echo "SKIP abi: the snapshot is of another processor, $(attribute architecture "$snapshot.xml")"
	exit 77
fi
soname=$(attribute soname "$now.xml")
if [ "$soname" != "$(attribute soname "$snapshot.xml")" ]; then
	echo "not ok: the snapshot is of $(attribute soname "$snapshot.xml"), this is $soname: $renew"
	exit 1
fi
status=0
abidiff --no-added-syms "$snapshot.xml" "$now.xml" || status=$?
if grep -vxFf "$now.constants" "$snapshot.constants"; then
	echo "these constants have another value now, or are gone"
	status=1
fi
if [ $status -ne 0 ]; then
	echo "not ok: programs that run with $soname would break, see above. Keep the interface, or raise the version in"
	echo "include/orgdb.h and renew the snapshot: $renew"
	exit 1
fi
echo "ok: programs that were built with the interface of the snapshot run with $soname"
