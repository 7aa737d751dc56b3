#!/bin/sh
# copy, and looking where nothing can be written.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\", \"name\": \"User %d\"}\n", i, i }' >many.jsonl
"$orgdb" load many.orgdb many.jsonl >/dev/null
"$orgdb" load many.orgdb small.jsonl >/dev/null
"$orgdb" dump many.orgdb >many.dump

# copy
for option in '' --compact; do
	# shellcheck disable=SC2086
	expect "copy $option" 0 '^copied and checked: [1-9][0-9]* bytes$' "$orgdb" copy many.orgdb copy$option.orgdb $option
	check "copy $option: alone" test "$(ls copy$option.orgdb* | wc -l)" -eq 1
	check "copy $option: its owner's alone" test "$(stat -c %a copy$option.orgdb)" = 600
	check "copy $option: sound" "$orgdb" check copy$option.orgdb
	"$orgdb" dump copy$option.orgdb >copy.dump
	check "copy $option: the same" cmp copy.dump many.dump
	check "copy $option: can be changed" "$orgdb" delete --yes copy$option.orgdb user 'auth0|000000'
done
uuid() { "$orgdb" stat "$1" | grep ^uuid; }
check 'a copy has the same uuid' test "$(uuid copy.orgdb)" = "$(uuid many.orgdb)"
cp many.jsonl there.jsonl
expect 'a copy replaces nothing' 1 'there.jsonl: .*File exists' "$orgdb" copy small.orgdb there.jsonl
says 'and says what to do' 'Choose another path'
check 'what was there stays' cmp many.jsonl there.jsonl
expect 'nor itself' 1 'File exists' "$orgdb" copy small.orgdb small.orgdb
ln -s nowhere link
expect 'nor a broken link' 1 'File exists' "$orgdb" copy small.orgdb link
expect 'copy into no folder' 3 'No such file' "$orgdb" copy small.orgdb no/new.orgdb
expect 'copy of nothing' 3 'No such file' "$orgdb" copy new.orgdb new2.orgdb
expect 'copy of something else' 3 'not an orgdb store' "$orgdb" copy many.jsonl new.orgdb
LC_ALL=C sed 's/user-01@example/user-01\xff\x1bxample/' small.orgdb >damaged.orgdb
expect 'copy of a damaged store' 1 'new.orgdb: the copy is damaged' "$orgdb" copy damaged.orgdb new.orgdb
says 'and what is wrong with it' '^users: user 1 '
nothing_left 'a copy that fails leaves nothing behind'

# A signal: to the command alone, and to all of its processes, as a terminal does.
"$orgdb" load large.orgdb many.jsonl >/dev/null
for round in 1 2 3 4 5; do
	"$orgdb" copy large.orgdb new.orgdb --compact >out 2>err &
	copier=$!
	while kill -0 $copier 2>/dev/null && ! ls -d new.orgdb.new-* >/dev/null 2>&1; do :; done
	[ $round -gt 2 ] && sleep 0.0$round
	kill -TERM $copier 2>/dev/null
	{ wait $copier; } 2>/dev/null
	echo $? >>statuses
	rm -f new.orgdb
done
check 'copies were ended by the signal' grep -q '^143$' statuses
check 'or were done' sh -c "! grep -Evq '^(0|143)\$' statuses"
nothing_left 'and left nothing behind'

# A copy that waits for a writer, which stands still in the middle of its transaction, ends at once.
awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|x%06d\"}\n", i }' >large.jsonl
"$orgdb" load large.orgdb large.jsonl >out 2>err &
loader=$!
sleep 0.4
kill -STOP $loader
"$orgdb" copy large.orgdb new.orgdb >out 2>err &
copier=$!
sleep 0.3
{ sleep 6 && kill -CONT $loader; } >/dev/null 2>&1 &
watchdog=$!
begun=$(date +%s)
kill -TERM $copier 2>/dev/null
{ wait $copier; } 2>/dev/null
copied=$?
if [ $copied -eq 0 ]; then
	skip 'a copy that waits is ended by a signal' 'the writer was too fast'
else
	check 'a copy that waits is ended by a signal' test $copied -eq 143
	check 'at once' test $(($(date +%s) - begun)) -lt 5
fi
kill $watchdog
{ wait $watchdog; } 2>/dev/null
kill -CONT $loader 2>/dev/null
wait $loader
rm -f new.orgdb
nothing_left 'and leaves nothing behind'

# A writer meanwhile: each line commits by itself, so every copy is some number of them.
{
	for i in 1 2 3 4 5 6 7 8 9; do
		printf '{"kind": "user", "user_id": "auth0|w%d"}\n{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|w%d"}\n' $i $i |
			"$orgdb" load small.orgdb >/dev/null
	done
} &
writer=$!
for i in 1 2 3 4; do
	check "copy $i beside a writer" "$orgdb" copy small.orgdb beside$i.orgdb
	"$orgdb" dump beside$i.orgdb >beside
	check "copy $i is one moment" test "$(grep -c '"kind": "user".*auth0.w' beside)" -eq "$(grep -c '"kind": "membership".*auth0.w' beside)"
done
wait $writer

# Little room
if [ "$(id -u)" -eq 0 ] && mkdir full && mount -t tmpfs -o size=1m none full 2>/dev/null; then
	trap 'umount "$work/full"; rm -rf "$work"' EXIT
	expect 'a copy to a full device' 3 'full/new.orgdb: cannot write the copy: No space' "$orgdb" copy many.orgdb full/new.orgdb
	expect 'a compact one' 3 'full/new.orgdb: cannot write the copy: No space' "$orgdb" copy many.orgdb full/new.orgdb --compact
	check 'leaves nothing there' test -z "$(ls full)"
	umount full
	trap 'rm -rf "$work"' EXIT
else
	skip 'a copy to a full device' 'a small file system cannot be mounted'
fi

# Read-only
every_look() { # NAME STORE COMMAND...: every command that looks, run by COMMAND
	name=$1 store=$2
	shift 2
	for look in "dump $store" "dump --raw $store" "stat $store" "check $store" "get $store user auth0|000000000000000000000001" \
		"list $store organization" "members $store acme" "organizations $store auth0|000000000000000000000001" \
		"lookup $store portal acme" "lookup --explain $store portal acme" "copy $store new.orgdb" "diff $store $store"; do
		# shellcheck disable=SC2086
		check "$name: ${look%% *}" "$@" $look
		rm -f new.orgdb
	done
	expect "$name: delete" 3 '' "$@" delete "$store" organization acme
}
if [ "$(id -u)" -eq 0 ] && mkdir -p source mounted && cp small.orgdb source &&
	mount --bind source mounted 2>/dev/null; then
	trap 'umount "$work/mounted"; rm -rf "$work"' EXIT
	if mount -o remount,ro,bind mounted 2>/dev/null; then
		every_look 'a read-only file system' mounted/small.orgdb "$orgdb"
		check 'a read-only file system: nothing was made' test "$(ls source)" = small.orgdb
		# Somebody who may write the lock file has it open: a dump into a pipe that nobody reads on.
		cp many.orgdb source && mkfifo pipe
		"$orgdb" dump source/many.orgdb >pipe &
		dumper=$!
		exec 3<pipe
		read -r first <&3
		expect 'a read-only file system whose store is in use' 3 "process $dumper has the store open" "$orgdb" stat mounted/many.orgdb
		exec 3<&-
		wait $dumper
		check 'a read-only file system, when it no longer is' "$orgdb" stat mounted/many.orgdb
	else
		skip 'a read-only file system' 'it cannot be mounted'
	fi
	umount mounted
	trap 'rm -rf "$work"' EXIT
else
	skip 'a read-only file system' 'it cannot be mounted'
fi
if be_other; then
	mkdir closed && cp small.orgdb closed && chmod 444 closed/small.orgdb && chmod 555 closed
	[ "$(id -u)" -ne 0 ] || chmod 777 .
	every_look 'a read-only folder' closed/small.orgdb other "$orgdb"
	check 'a read-only folder: nothing was made' test "$(ls closed)" = small.orgdb
	chmod 755 closed
else
	skip 'a read-only folder' 'this is root and setpriv cannot become somebody else'
fi
finish
