#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the library from a build and uses it the ways that others will: the header alone, find_package(), pkg-config,
# the program of the README.
# usage: run.sh BUILD_FOLDER
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
warnings='-Wall -Wextra -Wpedantic -Werror'

# check WHAT COMMAND...
check()
{
	what=$1
	shift
	if "$@" >"$scratch/log" 2>&1; then
		echo "ok: $what"
	else
		cat "$scratch/log"
		echo "not ok: $what"
		exit 1
	fi
}

run_all()
{
	for program; do
		rm -f "$scratch"/*.orgdb*
		"$program" "$scratch/new.orgdb" || return 1
	done
}

exports() { nm -D --defined-only "$1" | awk '{ print $3 }' | sort; }
promised() { sed -nE 's/^ORGDB_API .*[ *](orgdb_[a-z_]+)\(.*/\1/p' "$prefix/include/orgdb.h" | sort; }

# block LANGUAGE: what the README holds in blocks of that language
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | sed '/^```/d'; }

with_pkg_config()
{
	compiler=$1 source=$2 output=$3
	shift 3
	"$compiler" $warnings -o "$output" "$source" $(pkg-config --cflags orgdb) "$@"
}

check 'install' cmake --install "$build" --prefix "$prefix"
library=$(find "$prefix" -name liborgdb.so)
library_folder=$(dirname "$library")
export PKG_CONFIG_PATH="$library_folder/pkgconfig" LD_LIBRARY_PATH="$library_folder"

check 'the manual page is where man looks' mandoc -T lint -W warning "$prefix/share/man/man1/orgdb.1"
check 'the completion is where bash looks' sh -c "'$prefix/bin/orgdb' completion bash |
	cmp - '$prefix/share/bash-completion/completions/orgdb'"

check 'the header alone is C11' cc -std=c11 $warnings -fsyntax-only -x c "$prefix/include/orgdb.h"
check 'the header alone is C++17' c++ -std=c++17 $warnings -fsyntax-only -x c++ "$prefix/include/orgdb.h"

exports "$library" >"$scratch/exports"
promised >"$scratch/promised"
check 'the library exports what the header promises, no more, no less' diff "$scratch/promised" "$scratch/exports"
check 'the library has its soname' sh -c "objdump -p '$library' | grep -q 'SONAME *liborgdb.so.0$'"

block c >"$scratch/readme.c"
check 'find_package: configure' cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DREADME="$scratch"
check 'find_package: build' cmake --build "$scratch/cmake" --parallel 2
check 'find_package: run' run_all "$scratch"/cmake/consumer-*

shared=$(pkg-config --libs orgdb)
static="-static $(pkg-config --static --libs orgdb)"
check 'pkg-config: C, shared' with_pkg_config cc "$here/consumer.c" "$scratch/c-shared" $shared
check 'pkg-config: C++, shared' with_pkg_config c++ "$here/consumer.cpp" "$scratch/c++-shared" $shared
check 'pkg-config: C, static' with_pkg_config cc "$here/consumer.c" "$scratch/c-static" $static
check 'pkg-config: run' run_all "$scratch/c-shared" "$scratch/c++-shared" "$scratch/c-static"

cd "$scratch"
check 'README: load the sample' "$prefix/bin/orgdb" load tenant.orgdb "$root/tools/sample.jsonl"
block text >expected
check 'README: the program prints what the README says' sh -c 'cmake/readme-c-static | diff expected -'
