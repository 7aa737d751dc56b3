#!/bin/sh
# dump in parts, raw rows, get, list, members, organizations.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
sample=$here/../../tools/sample.jsonl
"$orgdb" load sample.orgdb "$sample" >/dev/null
"$orgdb" dump sample.orgdb >all.jsonl
acme=org_0000000000000001

# dump --kind
for kind in connection application application_connection user organization role discovery_domain enabled_connection organization_application membership; do
	"$orgdb" dump sample.orgdb --kind $kind >part.jsonl
	grep "^{\"kind\": \"$kind\"" all.jsonl >wanted
	check "dump --kind $kind" cmp part.jsonl wanted
	check "dump --kind $kind is not empty" test -s part.jsonl
done
"$orgdb" dump sample.orgdb --kind user --kind=connection >part.jsonl
grep -E '^\{"kind": "(user|connection)"' all.jsonl >wanted
check 'two kinds, parents first' cmp part.jsonl wanted
expect 'dump of an unknown kind' 2 "kind cannot be 'users'" "$orgdb" dump sample.orgdb --kind users

# dump --organization
for organization in $(sed -n 's/^{"kind": "organization", "id": "\([^"]*\)".*/\1/p' all.jsonl); do
	"$orgdb" dump sample.orgdb --organization "$organization" >part.jsonl
	rm -f part.orgdb*
	check "$organization loads by itself" "$orgdb" load part.orgdb part.jsonl
	expect "$organization is sound by itself" 0 '^clean' "$orgdb" check part.orgdb
	"$orgdb" dump part.orgdb >again.jsonl
	check "$organization comes out as it went in" cmp part.jsonl again.jsonl
	grep -E "^\{\"kind\": \"(organization\", \"id|(enabled_connection|organization_application|membership)\", \"organization_id|(role|discovery_domain)\", .*\"(owner_id|organization_id))\": \"$organization\"" all.jsonl >wanted
	grep -E '^\{"kind": "(organization|discovery_domain|enabled_connection|organization_application|membership)"|"owner_id"' part.jsonl >got
	check "$organization has its edges, what it owns and no others" cmp got wanted
	# Everything else is pointed to by something.
	sed -n 's/^{"kind": "\(connection\|role\)", "id": \("[^"]*"\).*/\2/p; s/^{"kind": "user", "user_id": \("[^"]*"\).*/\1/p; s/^{"kind": "application", "client_id": \("[^"]*"\).*/\1/p' part.jsonl >ids
	while read -r id; do
		grep -Fq "$id" got || fail "$organization: $id" 'nothing of the organization points to it'
	done <ids
	check "$organization points to something" test -s ids
done
"$orgdb" dump small.orgdb --organization $acme >by_id.jsonl
"$orgdb" dump small.orgdb --organization acme >by_name.jsonl
check 'an organization by its name' cmp by_id.jsonl by_name.jsonl
grep -Ev 'application|con_0000000000000001|org_0000000000000002' small.jsonl >wanted
check 'exactly what belongs to it' cmp by_id.jsonl wanted
"$orgdb" dump small.orgdb --organization acme --kind role --kind user >part.jsonl
grep -E '"kind": "(role|user)"' small.jsonl >wanted
check 'some kinds of an organization' cmp part.jsonl wanted
expect 'an organization that is not there' 1 'nowhere' "$orgdb" dump small.orgdb --organization nowhere

# dump --pretty
"$orgdb" dump sample.orgdb --pretty >pretty
if have_python; then
	python3 -c 'import json, sys
text = sys.stdin.read(); decoder = json.JSONDecoder(); at = 0
while at < len(text):
    value, at = decoder.raw_decode(text, at)
    print(json.dumps(value, ensure_ascii=False))
    at += 1' <pretty >plain.jsonl
	check 'pretty is the same data' cmp plain.jsonl all.jsonl
else
	skip 'pretty is the same data' 'no python3'
fi
check 'each field has a line' grep -q '^  "kind": "connection",$' pretty
check 'objects stand inside' grep -q '^    "[a-z_]*": ' pretty
check 'nothing hangs over' sh -c "! grep -q ' \$' pretty"

# dump --raw
"$orgdb" dump small.orgdb --raw >raw.jsonl
check 'raw rows of an id' grep -q '^{"table": "unique", "key": "0a61636d65", "value": "0101"}$' raw.jsonl
check 'raw rows have MessagePack as text' grep -q \
	'^{"table": "roles", "key": "0101", "value": "8300b4[0-9a-f]*", "msgpack": "{0: \\"rol_0000000000000001\\", 1: \\"admin\\", 2: \\"May do everything\\"}"}$' raw.jsonl
check 'and nested values' grep -q 'msgpack.*[0-9]*: {\\"signInEndpoint\\": \\"https://idp.example.com/\\"}}' raw.jsonl
"$orgdb" stat small.orgdb | awk '/^TABLE/ { on = 1; next } /^$/ { on = 0 } on { sum += $2 } END { print sum }' >wanted
wc -l <raw.jsonl >got
check 'raw has every row' test "$(cat got)" -eq "$(cat wanted)"
expect 'raw takes no part' 2 'raw is of whole stores' "$orgdb" dump small.orgdb --raw --kind user
expect 'raw and an organization' 2 'raw is of whole stores' "$orgdb" dump small.orgdb --raw --organization acme
LC_ALL=C sed 's/May do everything/\xdf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff/' small.orgdb >damaged.orgdb
"$orgdb" dump damaged.orgdb --raw >raw.jsonl 2>err
check 'raw shows damaged text' grep -q '"table": "roles".*\\\\xdf\\\\xff' raw.jsonl
# The text's own head, which says how long it is, is lost: it is no MessagePack any more.
LC_ALL=C sed 's/\xb1May do everything/\xdbMay do everything/' small.orgdb >damaged.orgdb
"$orgdb" dump damaged.orgdb --raw >raw.jsonl 2>err
check 'raw shows damaged rows' sh -c "grep '\"table\": \"roles\"' raw.jsonl | grep -v msgpack | grep -q 'db4d617920646f'"
# A text that says it is shorter than it is: bytes are left over.
LC_ALL=C sed 's/\xb1May do everything/\xb0May do everything/' small.orgdb >damaged.orgdb
"$orgdb" dump damaged.orgdb --raw >raw.jsonl 2>err
check 'raw shows rows with bytes left over' sh -c "grep '\"table\": \"roles\"' raw.jsonl | grep -v msgpack | grep -q 'b04d617920646f'"
check 'and is JSON all the same' sh -c "! LC_ALL=C grep -q '[^ -~]' raw.jsonl"

# get
line() { sed -n "$1p" small.jsonl; }
get_is() {
	wanted=$1 name=$2
	shift 2
	"$orgdb" get small.orgdb "$@" >got 2>err
	line "$wanted" >wanted
	check "$name" cmp got wanted
}
get_is 3 'get a connection' connection con_0000000000000003
get_is 4 'get an application' application portal
get_is 6 'get an application connection' application_connection portal con_0000000000000002
get_is 11 'get a role' role rol_0000000000000001
get_is 8 'get a user' user 'auth0|000000000000000000000002'
get_is 9 'get an organization' organization $acme
get_is 9 'get an organization by its name' organization acme
get_is 14 'get an enabled connection' enabled_connection $acme con_0000000000000003
get_is 14 'get an enabled connection by name' enabled_connection acme con_0000000000000003
get_is 15 'get a membership with its roles' membership $acme 'auth0|000000000000000000000001'
expect 'get --pretty' 0 '^  "name": "acme",$' "$orgdb" get small.orgdb organization acme --pretty
check 'what is got can be loaded' sh -c "'$orgdb' get small.orgdb user 'auth0|000000000000000000000002' | '$orgdb' load one.orgdb"
expect 'get of what is not there' 1 'nobody' "$orgdb" get small.orgdb user nobody
expect 'get of an edge that is not there' 1 'con_0000000000000001' "$orgdb" get small.orgdb enabled_connection acme con_0000000000000001
expect 'get of an edge of nothing' 1 'nowhere' "$orgdb" get small.orgdb membership nowhere nobody
expect 'an entity has one id' 2 'user has one id' "$orgdb" get small.orgdb user a b
expect 'an edge has two' 2 'membership has two ids' "$orgdb" get small.orgdb membership acme
expect 'get of an unknown kind' 2 "KIND cannot be 'thing'" "$orgdb" get small.orgdb thing x

# list
for kind in connection application role user organization; do
	"$orgdb" list sample.orgdb $kind --json >got
	grep "^{\"kind\": \"$kind\"" all.jsonl >wanted
	check "list $kind as JSON" cmp got wanted
	"$orgdb" list sample.orgdb $kind >got
	check "list $kind has a line for each" test "$(wc -l <got)" -eq "$(wc -l <wanted)"
	check "list $kind leaves no blanks at the end" sh -c "! grep -q ' \$' got"
	"$orgdb" list sample.orgdb $kind --limit 2 --json >got
	head -2 wanted >first
	check "list --limit $kind" cmp got first
	# By the page, as long as there are any.
	after=$(sed -n '1s/^{"kind": "[a-z]*", "[a-z_]*": "\([^"]*\)".*/\1/p' got)
	"$orgdb" list sample.orgdb $kind --after "$after" --json >got
	tail -n +2 wanted >rest
	check "list --after $kind" cmp got rest
done
expect 'a list for people' 0 '^org_0000000000000001 +acme +Acme, Inc\.$' "$orgdb" list small.orgdb organization
says 'what is not there is a dash' '^org_0000000000000002 +initech +-$'
"$orgdb" list small.orgdb user --limit 0 >got
check 'a limit of nothing' test ! -s got
expect 'a limit that is no number' 2 "limit: expected a number, got 'x'" "$orgdb" list small.orgdb user --limit x
expect 'after what is not there' 1 'nobody' "$orgdb" list small.orgdb user --after nobody
expect 'list of edges' 2 "KIND cannot be 'membership'" "$orgdb" list small.orgdb membership

# members and organizations
expect 'members' 0 '^auth0\|000000000000000000000001 +user-01@example.com +-  \[admin, reader\]$' "$orgdb" members small.orgdb acme
says 'members without roles' '^auth0\|000000000000000000000002 +- +User 02$'
check 'all members' test "$(wc -l <out)" -eq 2
"$orgdb" members small.orgdb $acme --json >got
cat >wanted <<'END'
{"user_id": "auth0|000000000000000000000001", "email": "user-01@example.com", "roles": [{"id": "rol_0000000000000001", "name": "admin"}, {"id": "rol_0000000000000002", "name": "reader"}]}
{"user_id": "auth0|000000000000000000000002", "name": "User 02", "roles": []}
END
check 'members as JSON' cmp got wanted
"$orgdb" members small.orgdb acme --json --limit 1 >got
head -1 wanted >first
check 'members --limit' cmp got first
"$orgdb" members small.orgdb acme --json --after 'auth0|000000000000000000000001' >got
tail -1 wanted >rest
check 'members --after' cmp got rest
expect 'members of nothing' 1 'nowhere' "$orgdb" members small.orgdb nowhere
expect 'organizations' 0 '^org_0000000000000001 +acme +Acme, Inc\.  \[admin, reader\]$' \
	"$orgdb" organizations small.orgdb 'auth0|000000000000000000000001'
says 'the other organization' '^org_0000000000000002 +initech +-  \[reader\]$'
"$orgdb" organizations small.orgdb 'auth0|000000000000000000000001' --json >got
cat >wanted <<'END'
{"id": "org_0000000000000001", "name": "acme", "display_name": "Acme, Inc.", "roles": [{"id": "rol_0000000000000001", "name": "admin"}, {"id": "rol_0000000000000002", "name": "reader"}]}
{"id": "org_0000000000000002", "name": "initech", "roles": [{"id": "rol_0000000000000002", "name": "reader"}]}
END
check 'organizations as JSON' cmp got wanted
"$orgdb" organizations small.orgdb 'auth0|000000000000000000000001' --json --after acme >got
tail -1 wanted >rest
check 'organizations --after, by name' cmp got rest
expect 'organizations of nobody' 1 'nobody' "$orgdb" organizations small.orgdb nobody
printf '{"kind": "user", "user_id": "auth0|escape", "name": "a\\u001b[31mb"}\n' >escape.jsonl
"$orgdb" load small.orgdb escape.jsonl >/dev/null
expect 'control characters are escaped' 0 'a\\x1b\[31mb' "$orgdb" list small.orgdb user

# Memory does not grow with what is written: halfway through and near the end a command that stands still, its pipe being
# full, has as much as at the beginning.
memory() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
# A sanitizer would keep what was freed.
unkept="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
# flat NAME COMMAND...: the command must write more than 18000 lines of 200 bytes.
flat() {
	flat_name=$1
	shift
	mkfifo flat
	ASAN_OPTIONS=$unkept "$@" >flat 2>err &
	flat_process=$!
	exec 5<flat
	read -r first <&5
	flat_before=$(memory $flat_process)
	flat_lines=$(head -n 15000 <&5 | wc -l)
	sleep 0.05
	flat_after=$(memory $flat_process)
	exec 5<&-
	{ wait $flat_process; } 2>/dev/null
	rm flat
	check "$flat_name: it still runs" test "$flat_lines" -eq 15000 -a -n "$flat_after"
	check "$flat_name: memory stays as it is" test "$((flat_after - flat_before))" -lt 1024
}
awk 'BEGIN {
	while (length(pad) < 200) pad = pad "x"
	print "{\"kind\": \"organization\", \"id\": \"org_0000000000000001\", \"name\": \"wide\"}"
	for (i = 0; i < 20000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\", \"name\": \"%s\"}\n", i, pad
	for (i = 0; i < 20000; i++) printf "{\"kind\": \"membership\", \"organization_id\": \"org_0000000000000001\", \"user_id\": \"auth0|%06d\"}\n", i
}' >wide.jsonl
"$orgdb" load wide.orgdb wide.jsonl >/dev/null
"$orgdb" load none.orgdb escape.jsonl >/dev/null
if [ -n "$(memory $$)" ]; then
	flat dump "$orgdb" dump wide.orgdb
	flat 'dump --raw' "$orgdb" dump --raw wide.orgdb
	flat 'dump --organization' "$orgdb" dump wide.orgdb --organization wide
	flat list "$orgdb" list wide.orgdb user --json
	flat members "$orgdb" members wide.orgdb wide --json
	flat diff "$orgdb" diff wide.orgdb none.orgdb
else
	skip 'memory stays as it is' 'there is no /proc'
fi
finish
