#!/bin/sh
# stat and check, and LMDB's own tools, which see the same.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
"$orgdb" load sample.orgdb "$here/../../tools/sample.jsonl" >/dev/null

# stat
expect 'stat for people' 0 '^free pages +[0-9]+$' "$orgdb" stat sample.orgdb
for line in 'page bytes +[1-9][0-9]*' 'map used +[0-9]+\.[0-9]{3}%' 'users +40 +2 +1 +[1-9][0-9]* +0 +[1-9][0-9]*' \
	'edges +[1-9][0-9]* +1 +0 +1 +0 +[1-9][0-9]*' 'No other process has read it since it was opened\.'; do
	says "stat says: $line" "^$line\$"
done
if have_python; then
	cat >judge.py <<'END'
import json, os, sys
found = json.load(sys.stdin)
assert list(found) == ["store", "uuid", "format_version", "objects", "member_roles", "lsn", "file_size", "used_size",
    "page_size", "free_pages", "map_size", "readers_max", "tables", "readers"], list(found)
assert found["store"] == "sample.orgdb" and found["lsn"] == 1 and found["format_version"] == 1
assert found["objects"] == {"connection": 12, "application": 3, "application_connection": 10, "user": 40,
    "organization": 6, "role": 6, "discovery_domain": 3, "enabled_connection": 16, "organization_application": 2, "membership": 44,
    "email_template": 2, "invitation": 1}, found["objects"]
assert found["file_size"] == os.stat("sample.orgdb").st_size
for table in found["tables"]:
    assert list(table) == ["name", "rows", "depth", "branch_pages", "leaf_pages", "overflow_pages", "size"], table
    pages = table["branch_pages"] + table["leaf_pages"] + table["overflow_pages"]
    assert table["size"] == pages * found["page_size"], table
used = sum(table["size"] for table in found["tables"]) // found["page_size"]
# Two meta pages, and a page each for the table of tables and the free list.
assert used + found["free_pages"] + 4 == found["used_size"] // found["page_size"], (used, found)
assert found["readers"] == []
END
	"$orgdb" stat sample.orgdb --json >found.json
	check 'the JSON of stat' python3 judge.py <found.json
	check 'it is one line' test "$(wc -l <found.json)" -eq 1
else
	skip 'the JSON of stat' 'no python3'
fi

# Readers: a dump into a pipe that nobody reads on holds its snapshot.
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\"}\n", i }' >many.jsonl
"$orgdb" load many.orgdb many.jsonl >/dev/null
hold() { # FIFO: begin a dump that stands still; its process is in $held
	mkfifo "$1"
	"$orgdb" dump many.orgdb >"$1" &
	held=$!
}
hold one
exec 3<one
read -r first <&3
one=$held
"$orgdb" load many.orgdb small.jsonl >/dev/null
expect 'a reader of another process' 0 "^$one +[0-9a-f]+ +active +no +1\$" "$orgdb" stat many.orgdb
"$orgdb" stat many.orgdb --json >found.json
check 'a reader as JSON' grep -q "\"readers\": \[{\"process\": $one, \"thread\": [0-9]*, \"is_active\": true, \"is_old\": false, \"is_stale\": false, \"behind\": 1}\]}\$" found.json
expect 'a reader that is old' 0 "^$one +[0-9a-f]+ +old +no +1\$" "$orgdb" stat many.orgdb --old 1
expect 'one that is not that old' 0 "^$one +[0-9a-f]+ +active +no +1\$" "$orgdb" stat many.orgdb --old 2
"$orgdb" stat many.orgdb --old 1 --json >found.json
check 'an old reader as JSON' grep -q "{\"process\": $one, .*\"is_old\": true, " found.json
hold two
exec 4<two
read -r first <&4
kill -9 "$held"
wait "$held" 2>/dev/null
expect 'a reader whose process was killed' 0 "^$held +[0-9a-f]+ +active +yes +0\$" "$orgdb" stat many.orgdb
expect 'looking leaves it there' 0 "^$held +[0-9a-f]+ +active +yes +0\$" "$orgdb" stat many.orgdb
says 'and the one that lives is alive' "^$one +[0-9a-f]+ +active +no +1\$"
check 'opening for writing takes it away' "$orgdb" delete --yes many.orgdb user 'auth0|000001'
"$orgdb" stat many.orgdb >out
says 'and not the other one' "^$one +[0-9a-f]+ +active +no +2\$"
check 'it is gone' sh -c "! grep -q '^$held ' out"
exec 3<&- 4<&-
wait "$one" 2>/dev/null

# check
"$orgdb" check sample.orgdb --json >got
check 'check as JSON' grep -Eqx '\{"result": "clean", "problems": 0, "entries": [1-9][0-9]*\}' got
LC_ALL=C sed 's/user-01@example/user-01\xff\x1bxample/; s/May do everything/\xffay do everything/' small.orgdb >damaged.orgdb
"$orgdb" check damaged.orgdb >report 2>err
check 'check of a damaged store ends with 1' test $? -eq 1
check 'it counts by table' sh -c "grep -Eq '^  users +1\$' report && grep -Eq '^  roles +1\$' report"
check 'and says what to do' grep -Eq '^  orgdb salvage damaged.orgdb saved.orgdb$' report
"$orgdb" check damaged.orgdb --json >report 2>err
check 'damage as JSON ends with 1, too' test $? -eq 1
check 'each problem is an object' grep -Eq '^\{"table": "users", "message": "user 1 .*"\}$' report
check 'the result comes last' sh -c "tail -1 report | grep -Eqx '\{\"result\": \"damaged\", \"problems\": 2, \"entries\": [1-9][0-9]*\}'"
check 'and is printable' sh -c "! LC_ALL=C grep -q '[^ -~]' report"
cp small.orgdb lost.orgdb && size=$(wc -c <lost.orgdb) && head -c $((size / 2)) small.orgdb >lost.orgdb
expect 'check of half a store' 1 'cut off' "$orgdb" check lost.orgdb
says 'half a store is damaged' '^damaged: the check cannot go on$'
expect 'half a store as JSON' 1 '^\{"result": "damaged"\}$' "$orgdb" check lost.orgdb --json
# Every page but the first two is nonsense.
{ head -c 8192 small.orgdb; head -c $((size - 8192)) /dev/zero | tr '\0' 'Z'; } >nonsense.orgdb
expect 'check of nonsense' 1 '^damaged: ' "$orgdb" check nonsense.orgdb
cp small.orgdb same.orgdb
"$orgdb" check damaged.orgdb >/dev/null 2>&1
"$orgdb" check same.orgdb >/dev/null
check 'check changes nothing' cmp small.orgdb same.orgdb
expect 'check of no store' 3 'there is no store|No such file' "$orgdb" check new.orgdb

# LMDB's own tools
if command -v mdb_stat >/dev/null 2>&1 && command -v mdb_dump >/dev/null 2>&1; then
	expect 'mdb_stat opens a store' 0 '^  Entries: 13$' mdb_stat -n sample.orgdb
	"$orgdb" stat sample.orgdb | sed '1,/^TABLE/d; /^$/,$d' | awk '{ print $1, $3, $4, $5, $6, $2 }' >wanted
	while read -r table rest; do
		echo "$table $(mdb_stat -n -s "$table" sample.orgdb | sed -n 's/^  .*: //p' | tr '\n' ' ')"
	done <wanted | sed 's/ $//' >got
	check 'mdb_stat sees the same tables' cmp got wanted
	expect 'mdb_stat sees the same free pages' 0 \
		"^  Free pages: $("$orgdb" stat sample.orgdb | awk '/^free pages/ { print $3 }')\$" mdb_stat -n -f sample.orgdb
	"$orgdb" dump sample.orgdb --raw | sed 's/^{"table": "\([^"]*\)", "key": "\([^"]*\)", "value": "\([^"]*\)".*/\1 \2 \3/' | sort >wanted
	mdb_dump -n -a sample.orgdb | awk -F= '/^database=/ { table = $2 } /^ / { if (key == "") key = $1; else { print table key $1; key = "" } }' |
		sort >got
	check 'mdb_dump sees the same rows' cmp got wanted
	check 'and there are some' test "$(wc -l <got)" -gt 300
else
	skip "LMDB's own tools" 'lmdb-utils is not installed'
fi
finish
