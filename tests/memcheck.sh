#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs what reaches most of the library under valgrind: memory that nobody has written, that is not there, that is kept.
# Criterion's programs end well whatever is found in the processes of their tests, and each test costs a second and a half:
# so there is one of them, and any word of valgrind's counts.
# usage: tests/memcheck.sh BUILD
set -u
build=$(cd "$1" && pwd)
samples=$(cd "$(dirname "$0")/../tools" && pwd)/sample.jsonl
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME COMMAND...
check()
{
	name=$1
	shift
	"$@" >"$folder/$name.out" 2>&1 || touch "$folder/failed"
	tail -n 3 "$folder/$name.out" | sed "s/^/$name: /"
}
under() { valgrind -q --trace-children=yes --leak-check=full --show-leak-kinds=definite,indirect --log-file="$folder/said.%p" "$@"; }

commands()
{
	cd "$folder" && cp "$samples" . || return 1
	for line in 'load a.orgdb sample.jsonl' 'check a.orgdb' 'copy a.orgdb b.orgdb' 'dump b.orgdb' 'stat b.orgdb' \
		'lookup a.orgdb FieldnoteWeb00000000000000000001 cedar-credit-union' 'delete --yes a.orgdb organization cedar-credit-union'; do
		under "$build/orgdb" $line || return 1
	done
	echo 'done'
}

{
	check model under "$build/tests/model_test" --operations 40000 --seed 1 --directory "$folder"
	check threads under "$build/tests/stress_threads" "$folder" 10
} &
check damaged under "$build/tests/damaged_files" --cases 100 --directory "$folder"
check record under "$build/tests/test_record"
check commands commands
wait
cat "$folder"/said.* | head -n 100 | grep . && exit 1
[ ! -e "$folder/failed" ]
