#!/bin/sh
# orgdb generate: the tenant that was asked for, the same each time, at any size, in little memory.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"

# makes NAME ORGANIZATIONS USERS MEMBERSHIPS OPTION...: the tenant has that many of each, and loads.
makes() {
	makes_name=$1 organizations=$2 users=$3 memberships=$4
	shift 4
	rm -f made.orgdb*
	"$orgdb" generate "$@" >made.jsonl
	expect "$makes_name: it loads" 0 "^total +$(wc -l <made.jsonl)\$" "$orgdb" load made.orgdb made.jsonl
	says "$makes_name: organizations" "^organization +$organizations\$"
	says "$makes_name: users" "^user +$users\$"
	says "$makes_name: memberships" "^membership +$memberships\$"
	check "$makes_name: it is sound" "$orgdb" check made.orgdb
}

makes 'usual size' 100 1000 1250
says_connections=$(grep -c '"kind": "connection"' made.jsonl)
check 'an enterprise connection for each organization, and four' test "$says_connections" -eq 104
check 'all domains are examples' sh -c "! grep -o '[a-z0-9-]*\.[a-z][a-z]*\"' made.jsonl | grep -v '\.example\"'"
makes 'one of each' 1 1 1 --organizations 1 --users 1 --memberships 1 --connections 1 --applications 1 --roles 1
makes 'fewer users than organizations' 50 7 9 --organizations 50 --users 7 --memberships 9
makes 'fewer memberships than users' 5 100 30 --organizations 5 --users 100 --memberships 30
makes 'as many memberships as fit' 7 20 62 --organizations 7 --users 20 --memberships 62
expect 'and one more' 2 'expected at most 62, got 63' "$orgdb" generate --organizations 7 --users 20 --memberships 63
makes 'as many as fit in two' 2 5 9 --organizations 2 --users 5 --memberships 9
makes 'no organizations' 0 10 0 --organizations 0 --users 10
makes 'no users' 10 0 0 --organizations 10 --users 0
makes 'no connections, no roles' 10 50 62 --organizations 10 --users 50 --connections 0 --enterprise 0 --applications 0 --roles 0
expect 'no memberships without users' 2 'expected at most 0, got 1' "$orgdb" generate --users 0 --memberships 1
expect 'no size that is none' 2 "users: expected a number, got '-1'" "$orgdb" generate --users=-1
expect 'no size above a billion' 2 'expected at most 1000000000' "$orgdb" generate --users 1000000001

# The shape: each step of sizes has about the same share of the members.
"$orgdb" generate --organizations 1023 --users 100000 --memberships 100000 >shape.jsonl
sed -n 's/.*"membership", "organization_id": "\([^"]*\)".*/\1/p' shape.jsonl | uniq -c | sort -rn | awk '{ print $1 }' >sizes
check 'the largest organization has a tenth, nearly, of the members' test "$(sed -n 1p sizes)" -eq 9898
check 'the next two share as many' test "$(sed -n 2p sizes)" -eq 4950
check 'the smallest have their part' test "$(tail -1 sizes)" -eq 20
sed -n 's/.*"user", "user_id": "\([^"]*\)".*/\1/p' shape.jsonl | sort | uniq -d >twice
check 'ids are unique' test ! -s twice

# Determined by the options
"$orgdb" generate >one.jsonl
"$orgdb" generate --seed 1 >two.jsonl
check 'the same bytes again' cmp one.jsonl two.jsonl
check 'the same bytes everywhere' test "$(cksum <one.jsonl)" = "$(cat "$here/generate.cksum")"
"$orgdb" generate --seed 2 >two.jsonl
check 'another seed, another tenant' sh -c "! cmp -s one.jsonl two.jsonl"
check 'of the same size' sh -c "grep -c membership one.jsonl >a; grep -c membership two.jsonl >b; cmp a b"

# Streams: in little memory, and no longer than somebody reads
limited() { (ulimit -v 50000 && exec "$@"); }
if limited "$orgdb" --version >out 2>err; then
	check 'a large tenant in 50 MB of address space' limited sh -c "'$orgdb' generate --organizations 30000 | tail -1 | grep -q membership"
else
	skip 'a large tenant in little memory' 'the command does not start in 50 MB of address space'
fi
check 'it ends when nobody reads on' sh -c "'$orgdb' generate --organizations 1000000000 | head -1 | grep -q connection"
check 'straight into a store' sh -c "'$orgdb' generate | '$orgdb' load piped.orgdb -"
finish
