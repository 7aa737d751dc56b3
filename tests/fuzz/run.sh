#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzzes: builds the fuzzers into build/fuzz/ and lets each look for inputs that break a promise, one after the other.
# usage: tests/fuzz/run.sh SECONDS [FUZZER...]     record, chunk, json, api, store; each for so many seconds
# What they find out goes to build/fuzz/found/; an input that breaks a promise is named on standard error, and the status 1.
# The last line of each is "NAME: N executions, N inputs, N findings".
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/setup.sh"
[ $# -gt 0 ] || fail "usage: tests/fuzz/run.sh SECONDS [record|chunk|json|api|store]..."
seconds=$1
shift
[ $# -gt 0 ] || set -- record chunk json api store
install_for build test sanitize
step 'building into build/fuzz/' build fuzz

here=$root/tests/fuzz
there=$root/build/fuzz/found
status=0
for fuzzer; do
	mkdir -p "$there/$fuzzer" "$there/broken"
	words=
	[ ! -f "$here/$fuzzer.dict" ] || words=-dict=$here/$fuzzer.dict
	noise=0
	[ "$fuzzer" != json ] || noise=2 # What it says of each bad line.
	output=$there/$fuzzer.log
	result=0
	# shellcheck disable=SC2086
	"$root/build/fuzz/tests/fuzz/fuzz_$fuzzer" -max_total_time="$seconds" -close_fd_mask=$noise -print_final_stats=1 -timeout=25 \
		-rss_limit_mb=4096 -max_len=4096 -artifact_prefix="$there/broken/$fuzzer-" $words "$there/$fuzzer" "$here/corpus/$fuzzer" \
		>"$output" 2>&1 || result=$?
	findings=0
	if [ "$result" -ne 0 ]; then
		findings=1 status=1
		grep -E 'broken promise|differs|SUMMARY|ERROR|Test unit written' "$output" >&2 || tail -n 20 "$output" >&2
	fi
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
	echo "$fuzzer: ${executions:-0} executions, $(find "$there/$fuzzer" -type f | wc -l) inputs, $findings findings"
done
exit $status
