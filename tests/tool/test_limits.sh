#!/bin/sh
# What the machine refuses: no such store, no permission, no room, no memory, no reader, a signal.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small

# every NAME STATUS PATTERN STORE: each command that needs a store says no to one.
every() {
	expect "$1: dump" "$2" "$3" "$orgdb" dump "$4"
	expect "$1: lookup" "$2" "$3" "$orgdb" lookup "$4" portal acme
	expect "$1: stat" "$2" "$3" "$orgdb" stat "$4"
	expect "$1: check" "$2" "$3" "$orgdb" check "$4"
	expect "$1: delete" "$2" "$3" "$orgdb" delete --yes "$4" organization acme
}

# No store, no good store
every 'no store' 3 '^orgdb: new.orgdb: ' new.orgdb
nothing_left 'commands that look make no store'
cp small.jsonl text.orgdb
every 'a text file' 3 '^orgdb: text.orgdb: ' text.orgdb
expect 'a text file: load' 3 '^orgdb: text.orgdb: ' "$orgdb" load text.orgdb small.jsonl
check 'a text file stays as it is' cmp text.orgdb small.jsonl
head -c 100000 /dev/zero >zeros.orgdb
every 'a file of zeros' 3 '^orgdb: zeros.orgdb: ' zeros.orgdb
mkdir folder.orgdb
every 'a folder' 3 '^orgdb: folder.orgdb: ' folder.orgdb
expect 'a folder: load' 3 '^orgdb: folder.orgdb: ' "$orgdb" load folder.orgdb small.jsonl
: >empty.orgdb
every 'an empty file' 3 '^orgdb: empty.orgdb: ' empty.orgdb
head -c 9000 small.orgdb >short.orgdb
every 'a store cut short' 1 '^orgdb: short.orgdb: ' short.orgdb

# A large line, in bounded memory. The address space of the process is limited, not of what feeds it.
limited() { (ulimit -v 1500000 && exec "$@"); }
if limited "$orgdb" --version >out 2>err; then
	check 'load with 1.5 GB of address space' limited "$orgdb" load limited.orgdb small.jsonl
	yes | tr -d '\n' | head -c 2200000000 | limited "$orgdb" load new.orgdb - >out 2>err
	says 'a line of 2 GB from a pipe' 'standard input:1: the line is longer than 16 MiB'
	truncate -s 2200000000 sparse.jsonl
	expect 'a line of 2 GB in a file' 1 'sparse.jsonl:1: the line is longer than 16 MiB' \
		limited "$orgdb" load new.orgdb sparse.jsonl
	rm -f sparse.jsonl
	awk 'BEGIN { printf "["; for (i = 0; i < 8000000; i++) printf "{}"; print "]" }' | tr -d '\n' | sed 's/}{/},{/g' |
		head -c 16000000 >brackets.jsonl
	expect 'a line of brackets' 1 'brackets.jsonl:1:[0-9]+: .*256 MiB' limited "$orgdb" load new.orgdb brackets.jsonl
	nothing_left 'lines that are too long leave nothing behind'
else
	skip 'a line of 2 GB in bounded memory' 'the command does not start in 1.5 GB of address space'
fi
{ cat small.jsonl && head -c 17000000 /dev/zero | tr '\0' ' '; } >late.jsonl
expect 'a long line behind good ones names its number' 1 'late.jsonl:18: the line is longer' "$orgdb" load new.orgdb late.jsonl
expect 'the same from a pipe' 1 'standard input:18: the line is longer' sh -c "cat late.jsonl | '$orgdb' load new.orgdb"
nothing_left 'a long line behind good ones leaves nothing behind'
{ head -c 16777198 /dev/zero | tr '\0' ' ' && printf '{"kind": "user"}  \n'; } >longest.jsonl
check 'a line of exactly 16 MiB' "$orgdb" load longest.orgdb longest.jsonl

# Output that fails
if [ -c /dev/full ]; then
	for command in 'dump small.orgdb' 'stat small.orgdb' 'check small.orgdb' 'lookup small.orgdb portal acme' --help 'load --help'; do
		expect "no room for the output of $command" 3 'standard output: No space left' sh -c "'$orgdb' $command >/dev/full"
	done
	expect 'no room for the counts of a load' 3 'store was changed all the same' \
		sh -c "'$orgdb' load counted.orgdb small.jsonl >/dev/full"
	check 'which was done all the same' "$orgdb" stat counted.orgdb
else
	skip 'no room for the output' 'there is no /dev/full'
fi
expect 'output that is closed' 3 'standard output: Bad file' sh -c "'$orgdb' dump small.orgdb >&-"
check 'the store is no worse for it' "$orgdb" check small.orgdb
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\"}\n", i }' >many.jsonl
check 'load 50000 users' "$orgdb" load many.orgdb many.jsonl
"$orgdb" dump many.orgdb 2>err | head -1 >first
[ -s err ] && fail 'a closed pipe' 'is complained about'
check 'a closed pipe ends a dump quietly' grep -q '^{"kind": "user"' first
# The shell ignores SIGPIPE, so the command is born with it ignored.
(trap '' PIPE; "$orgdb" dump many.orgdb 2>err; echo $? >status) | head -1 >first
[ -s err ] && fail 'a closed pipe where SIGPIPE is ignored' 'is complained about'
check 'also where SIGPIPE is ignored' grep -q '^{"kind": "user"' first
check 'and does not end well' test "$(cat status)" -ne 0
expect 'a dump that was cut off leaves no reader' 0 '^readers +[01]$' "$orgdb" stat many.orgdb

# Signals
mkfifo pipe
"$orgdb" load signal.orgdb pipe >out 2>err &
loader=$!
exec 9>pipe
cat small.jsonl >&9
kill -TERM $loader
exec 9>&-
wait $loader 2>/dev/null
check 'a signal ends a load that waits for a pipe' test $? -eq 143
awk 'BEGIN { for (i = 0; i < 400000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\"}\n", i }' >long.jsonl
"$orgdb" load signal.orgdb long.jsonl >out 2>err &
loader=$!
while kill -0 $loader 2>/dev/null && ! ls signal.orgdb.new-*/store >/dev/null 2>&1; do :; done
kill -TERM $loader
wait $loader 2>/dev/null
status=$?
says 'a signal ends a load that is under way' '^orgdb: interrupted'
says 'and says what was loaded' 'Nothing was loaded'
check 'by that signal' test $status -eq 143
if ls -d signal.orgdb* >out 2>err; then fail 'and leaves nothing behind' 'something is there'; else pass 'and leaves nothing behind'; fi

# Two loads that make the same store: one does, the other changes nothing.
"$orgdb" load race.orgdb many.jsonl >out 2>err &
loader=$!
"$orgdb" load race.orgdb many.jsonl >out2 2>err2
one=$?
wait $loader
check 'one of two loads makes the store' test $((one == 0)) -ne $(($? == 0))
expect 'and it is whole' 0 '^user +50000$' "$orgdb" stat race.orgdb
check 'and sound' "$orgdb" check race.orgdb
if ls -d race.orgdb.* >out 2>err; then fail 'and alone' 'something else is there'; else pass 'and alone'; fi

# Room
tmp_full() {
	[ "$(id -u)" -eq 0 ] || return 1
	mkdir -p full && mount -t tmpfs -o size=3m none full 2>/dev/null
}
if tmp_full; then
	trap 'umount "$work/full"; rm -rf "$work"' EXIT
	check 'a small device: load' "$orgdb" load full/small.orgdb small.jsonl
	"$orgdb" dump full/small.orgdb >before.jsonl
	expect 'a full device: load into a store' 3 'small.orgdb: .*([Nn]o space|[Nn]o room)' "$orgdb" load full/small.orgdb long.jsonl
	"$orgdb" dump full/small.orgdb >after.jsonl
	check 'a full device: the store is unchanged' cmp before.jsonl after.jsonl
	check 'a full device: the store is sound' "$orgdb" check full/small.orgdb
	rm -f full/small.orgdb*
	expect 'a full device: load into a new store' 3 'new.orgdb: .*([Nn]o space|[Nn]o room)' "$orgdb" load full/new.orgdb long.jsonl
	check 'a full device: nothing is left behind' test -z "$(ls full)"
	expect 'a full device: a pipe' 3 'temporary file in .*: No space' \
		sh -c "cat long.jsonl | TMPDIR=$work/full '$orgdb' load new.orgdb"
	nothing_left 'a full device for temporary files leaves no store'
	umount full
	trap 'rm -rf "$work"' EXIT
else
	skip 'a full device' 'a small file system cannot be mounted'
fi
expect 'no folder for temporary files' 3 'temporary file in /no/such' \
	sh -c "cat small.jsonl | TMPDIR=/no/such '$orgdb' load new.orgdb"

# Permission, as somebody else when this is root
if be_other; then
	mkdir closed && cp small.orgdb small.jsonl closed && chmod 000 closed/small.orgdb closed/small.jsonl && chmod 555 closed
	every_other() { expect "$1" 3 '[Pp]ermission denied' other "$orgdb" "$2" closed/small.orgdb ${3:+"$3"} ${4:+"$4"}; }
	every_other 'no permission: dump' dump
	every_other 'no permission: stat' stat
	every_other 'no permission: check' check
	every_other 'no permission: lookup' lookup portal acme
	every_other 'no permission: delete' delete organization acme
	every_other 'no permission: load into it' load small.jsonl
	expect 'no permission: load from it' 3 '[Pp]ermission denied' other "$orgdb" load closed/new.orgdb closed/small.jsonl
	expect 'no permission: make a store there' 3 '[Pp]ermission denied' other "$orgdb" load closed/new.orgdb small.jsonl
	check 'no permission: nothing is left behind' test "$(ls closed | wc -l)" -eq 2
	chmod 755 closed && chmod 644 closed/small.orgdb
	if [ "$(id -u)" -eq 0 ]; then
		expect 'a store that may only be read: delete' 3 '' other "$orgdb" delete --yes closed/small.orgdb organization acme
	fi
	chmod -R u+rwx closed
else
	skip 'no permission' 'this is root and setpriv cannot become somebody else'
fi
finish
