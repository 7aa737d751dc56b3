#!/bin/sh
# A store of 1,000,000 organizations. It takes half a minute, so only where ORGDB_TEST_LARGE is set.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
if [ -z "${ORGDB_TEST_LARGE:-}" ]; then
	skip 'a store of 1000000 organizations' 'ORGDB_TEST_LARGE is not set'
	finish
fi

generate() { "$orgdb" generate --organizations 1000000 --enterprise 0 --users 1000 --memberships 2000 --roles 0; }
generate >large.jsonl
check 'load from a pipe, in parts' sh -c "'$orgdb' load --batch 500000 large.orgdb <large.jsonl"
says 'all organizations' '^organization +1000000$'
says 'all objects' "^total +$(wc -l <large.jsonl)\$"
expect 'check' 0 '^clean' "$orgdb" check large.orgdb
expect 'stat' 0 '^organization +1000000$' "$orgdb" stat large.orgdb
"$orgdb" dump large.orgdb | cmp - large.jsonl >out 2>err
check 'the dump is what was loaded' test ! -s out -a ! -s err
last=$(grep '"organization"' large.jsonl | tail -1 | sed 's/.*"id": "\([^"]*\)", "name": "\([^"]*\)".*/\1 \2/')
id=${last% *} name=${last#* }
expect 'find the last one by its name' 0 "^\{\"kind\": \"organization\", \"id\": \"$id\"" "$orgdb" get large.orgdb organization "$name"
client=$(sed -n 's/.*"application", "client_id": "\([^"]*\)".*/\1/p' large.jsonl | head -1)
expect 'look up what it is offered' 0 '^connections +[1-9]' "$orgdb" lookup large.orgdb "$client" "$name"
expect 'delete it' 0 "^deleted organization $id\$" "$orgdb" delete --yes large.orgdb organization "$name"
expect 'a connection of most organizations' 0 '^  enabled connections +[1-9][0-9]{5}$' "$orgdb" delete --yes large.orgdb connection auth0-1
expect 'change it on' 0 '^updated organization' "$orgdb" update large.orgdb organization clinic-1 display_name='The first'
expect 'what is left' 0 '^organization +999999$' "$orgdb" stat large.orgdb
generate | head -c 20000000 | head -n -1 >part.jsonl
expect 'over what is there' 0 '^organization +[0-9]+ +0 new +[0-9]+ there already$' "$orgdb" load --upsert --dry-run large.orgdb part.jsonl
finish
