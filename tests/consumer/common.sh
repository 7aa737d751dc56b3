# SPDX-License-Identifier: MIT
#
# What the tests of the installed library share. To be sourced, after `here` is set to this folder.
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
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

# run_all PROGRAM...: each makes a store of its own.
run_all()
{
	for program; do
		rm -f "$scratch"/new.orgdb*
		"$program" "$scratch/new.orgdb" || return 1
	done
}

# with_pkg_config COMPILER SOURCE OUTPUT OPTION...
with_pkg_config()
{
	compiler=$1 source=$2 output=$3
	shift 3
	"$compiler" $warnings -o "$output" "$source" $(pkg-config --cflags orgdb) "$@"
}

# block LANGUAGE: what the README holds in blocks of that language
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | sed '/^```/d'; }

# use_folder PREFIX: let compilers, CMake and programs find what is installed there; sets `library`.
use_folder()
{
	library=$(find "$1" -name liborgdb.so)
	[ -n "$library" ] || { echo "not ok: there is no liborgdb.so below $1" && exit 1; }
	library_folder=$(dirname "$library")
	export PKG_CONFIG_PATH="$library_folder/pkgconfig" LD_LIBRARY_PATH="$library_folder"
}

# try_all_ways PREFIX: find_package() and pkg-config, C and C++, shared and static
try_all_ways()
{
	block c >"$scratch/readme.c"
	check 'find_package: configure' \
		cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$1" -DREADME="$scratch"
	check 'find_package: build' cmake --build "$scratch/cmake" --parallel 2
	check 'find_package: run' run_all "$scratch"/cmake/consumer-*

	shared=$(pkg-config --libs orgdb)
	static="-static $(pkg-config --static --libs orgdb)"
	check 'pkg-config: C, shared' with_pkg_config cc "$here/consumer.c" "$scratch/c-shared" $shared
	check 'pkg-config: C++, shared' with_pkg_config c++ "$here/consumer.cpp" "$scratch/c++-shared" $shared
	check 'pkg-config: C, static' with_pkg_config cc "$here/consumer.c" "$scratch/c-static" $static
	check 'pkg-config: C++, static' with_pkg_config c++ "$here/consumer.cpp" "$scratch/c++-static" $static
	check 'pkg-config: run' run_all "$scratch/c-shared" "$scratch/c++-shared" "$scratch/c-static" "$scratch/c++-static"
}
