#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the guides to what is true: the code that they show is that of their programs, which are compiled and run; their
# commands work; the sizes are those that a small store has, too; and they leave out no error and link to nothing missing.
# usage: run.sh BUILD_FOLDER FOLDER
set -u
build=$(cd "$1" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
guides=$root/tools/guides
scratch=$(mktemp -d -p "$2") || exit 2
trap 'rm -rf "$scratch"' EXIT
PATH=$build:$PATH
result=0

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
		result=1
	fi
}

# Each block of C stands in the program, line for line; there is at least one.
code_is_the_programs()
{
	awk -v program="$2" '
	BEGIN { while ((getline line < program) > 0) text = text "\n" line; text = text "\n" }
	/^```c$/ { block = "\n"; inside = 1; blocks++; next }
	/^```$/ && inside { inside = 0; if (!index(text, block)) { print "not in " program ":" block; bad = 1 } next }
	inside { block = block $0 "\n" }
	END { exit bad || !blocks }' "$1"
}

commands_of() { awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$1"; }
run_commands()
{
	rm -rf "$scratch/folder" && mkdir "$scratch/folder" && cd "$scratch/folder" &&
		orgdb load tenant.orgdb "$root/tools/sample.jsonl" && commands_of "$1" >commands && sh -eux commands
}

# The sizes of a small store are within a third of those that the guide has; its caches are too small to tell.
sizes_hold()
{
	"$build/tests/guide_sizing" "$scratch" >"$scratch/sizes" && awk '
	NR == FNR { size[$1] = $2; next }
	/^\| [a-z-]+ \| [0-9]+ \|$/ { rows++; if (size[$2] < $4 * 2 / 3 || size[$2] > $4 * 4 / 3) { print $2, $4, "is", size[$2]; bad = 1 } }
	END { exit bad || rows < 5 }' "$scratch/sizes" "$1"
}

names_every_error()
{
	sed -nE 's/^\tX\((ORGDB_[A-Z_]+), -.*/\1/p' "$root/include/orgdb.h" >"$scratch/errors"
	[ "$(wc -l <"$scratch/errors")" -gt 10 ] || return 1
	while read -r name; do
		grep -q "^| .*\`$name\`.* | " "$guides/errors.md" || { echo "errors.md does not name $name" && return 1; }
	done <"$scratch/errors"
}

links_lead_somewhere()
{
	for file in "$root/README.md" "$guides"/*.md; do
		for link in $(grep -oE '\]\([^)]+\)' "$file" | sed 's/^](//; s/)$//; s/#.*//' | grep -v '^https:'); do
			[ -e "$(dirname "$file")/$link" ] || { echo "$file: $link" && return 1; }
		done
	done
}

for guide in "$guides"/*.md; do
	name=$(basename "$guide" .md)
	program=$here/$(echo "$name" | tr - _).c
	if grep -q '^```c$' "$guide"; then
		check "$name: its code is its program's" code_is_the_programs "$guide" "$program"
	fi
	if grep -q '^```sh$' "$guide"; then
		check "$name: its commands work" run_commands "$guide"
	fi
done
check 'sizing: the sizes hold' sizes_hold "$guides/sizing.md"
check 'errors: no error is left out' names_every_error
check 'no link leads nowhere' links_lead_somewhere
exit $result
