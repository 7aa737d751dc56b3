#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What reads the code of the library and the command without running it. .clang-tidy says what clang-tidy looks for.
# usage: tests/lint.sh tidy|cppcheck|analyzer
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc 2>/dev/null || echo 2)
files='/(lib|tools)/[a-z_]*\.c$'

# The others read how each file is compiled, and compile nothing.
commands=build/lint
[ "$1" = analyzer ] || cmake --preset ci -B $commands -DORGDB_BUILD_BENCH=OFF -DORGDB_BUILD_TESTS=OFF >/dev/null

case $1 in
tidy)
	result=0
	found=$(run-clang-tidy-14 -quiet -p $commands -j "$jobs" "$PWD$files" 2>/dev/null) || result=1
	printf '%s\n' "$found" | grep -v '^clang-tidy-14 ' || true
	exit $result
	;;
cppcheck)
	# readdirCalled: wants readdir_r(), which is obsolete; no two threads share a folder's stream.
	cppcheck --project=$commands/compile_commands.json --enable=warning,performance,portability --inline-suppr \
		--library=posix --suppress=readdirCalled --error-exitcode=1 --quiet -j "$jobs"
	;;
analyzer)
	cmake --preset analyzer >/dev/null
	cmake --build --preset analyzer --parallel "$jobs"
	;;
*)
	echo 'usage: tests/lint.sh tidy|cppcheck|analyzer' >&2
	exit 2
	;;
esac
