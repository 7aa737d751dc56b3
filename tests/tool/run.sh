#!/bin/sh
# Runs every test of the orgdb command: sh run.sh ORGDB [DATA_DIR]
# DATA_DIR holds real data that is not part of the project; tests that need it are skipped, visibly, without it.
# SPDX-License-Identifier: MIT
here=$(cd "$(dirname "$0")" && pwd) || exit 2
[ -x "${1:-}" ] || { echo "usage: sh run.sh ORGDB [DATA_DIR]" >&2; exit 2; }
orgdb=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
data=${2:-$here/../../../shared/data}
[ ! -d "$data" ] || data=$(cd "$data" && pwd)

log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
for script in "$here"/test_*.sh; do
	echo "== $(basename "$script" .sh)"
	sh "$script" "$orgdb" "$data" 2>&1 | tee "$log"
	# A script that breaks off has no last line with its counts.
	summary=$(tail -1 "$log")
	case $summary in
	*' passed, '*' failed, '*' skipped')
		# shellcheck disable=SC2086
		set -- $summary
		passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
		;;
	*)
		echo "FAIL $(basename "$script") broke off"
		failed=$((failed + 1))
		;;
	esac
done
echo "== all"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
