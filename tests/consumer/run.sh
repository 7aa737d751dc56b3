#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the library from a build and uses it the ways that others will: the header alone, find_package(), pkg-config,
# add_subdirectory(), the program of the README.
# usage: run.sh BUILD_FOLDER
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
prefix=$scratch/prefix

exports() { nm -D --defined-only "$library" | awk '{ print $3 }' | sort; }
promised() { sed -nE 's/^ORGDB_API .*[ *](orgdb_[a-z_]+)\(.*/\1/p' "$prefix/include/orgdb.h" | sort; }
prefixed() { nm --extern-only --defined-only "$library_folder/liborgdb.a" | awk 'NF == 3 { print $3 }' | grep -v '^orgdb_'; }
lint_page() { [ -z "$(mandoc -T lint -W warning "$prefix/share/man/man$1/orgdb.$1")" ]; }
# Every function that the page names is one that the header promises.
page_names() { grep -Eo 'orgdb_[a-z_]+' "$root/lib/orgdb.3" | grep -Ev '_(options|error_info|txn|write_fn|connection)$' | sort -u; }
page_is_right() { [ -z "$(page_names | comm -23 - "$scratch/promised")" ]; }

check 'install' cmake --install "$build" --prefix "$prefix"
use_folder "$prefix"

check 'the completion is where bash looks' sh -c "'$prefix/bin/orgdb' completion bash |
	cmp - '$prefix/share/bash-completion/completions/orgdb'"

# strict COMPILER STANDARD LANGUAGE WARNING...: the header with every initializer in it
strict()
{
	compiler=$1 standard=$2 language=$3
	shift 3
	if command -v "$compiler" >/dev/null; then
		check "the header is clean: $compiler -std=$standard" "$compiler" -std="$standard" -x "$language" -fsyntax-only -Werror \
			-I "$prefix/include" "$@" "$here/header.c"
	else
		echo "SKIP the header with $compiler, which is not here"
	fi
}
gcc_all='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align=strict -Wundef
	-Wwrite-strings -Wredundant-decls -Wdouble-promotion -Wformat=2 -Wduplicated-cond -Wlogical-op -Wunused-macros'
# Padding is no fault, and nobody promises C++98.
clang_all='-Weverything -Wno-padded -Wno-c++98-compat-pedantic'
strict gcc c11 c $gcc_all -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wbad-function-cast
strict g++ c++17 c++ $gcc_all -Wold-style-cast -Wuseless-cast -Wzero-as-null-pointer-constant -Wextra-semi
strict clang c11 c $clang_all
strict clang++ c++17 c++ $clang_all

exports >"$scratch/exports"
promised >"$scratch/promised"
check 'the library exports what the header promises, no more, no less' diff "$scratch/promised" "$scratch/exports"
check 'the static library has no name that does not begin with orgdb_' sh -c "! [ '$(prefixed)' ]"
soname=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
version=$(pkg-config --modversion orgdb)
case $version in
0.*) expected=liborgdb.so.${version%.*} ;;
*) expected=liborgdb.so.${version%%.*} ;;
esac
check 'the soname follows from the version' [ "$soname" = "$expected" ]
check 'orgdb.1 is clean' lint_page 1
check 'orgdb.3 is clean' lint_page 3
check 'orgdb.3 names what the header has' page_is_right

try_all_ways "$prefix"
check 'add_subdirectory: configure' cmake -S "$here/subdirectory" -B "$scratch/subdirectory" -DORGDB="$root"
check 'add_subdirectory: build' cmake --build "$scratch/subdirectory" --parallel 2
check 'add_subdirectory: run' run_all "$scratch"/subdirectory/consumer-*

cd "$scratch"
check 'README: load the sample' "$prefix/bin/orgdb" load tenant.orgdb "$root/tools/sample.jsonl"
block text >expected
check 'README: the program prints what the README says' sh -c 'cmake/readme-c-orgdb_static | diff expected -'
