#!/bin/sh
# orgdb load in parts, over what is there, on trial; interrupted; watched.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small

# same NAME STORE FILE: the store's dump is FILE.
same() {
	"$orgdb" dump "$2" >same.jsonl
	check "$1" cmp same.jsonl "$3"
}

# users FROM TO: that many lines, each a user
users() { awk -v i="$1" -v to="$2" 'BEGIN { for (; i <= to; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\"}\n", i }'; }
lsn() { "$orgdb" stat "$1" | sed -n 's/^transactions (lsn) *//p'; }

# In parts
users 1 1000 >users.jsonl
expect 'a load in parts' 0 '^user +1000$' "$orgdb" load --batch 100 parts.orgdb users.jsonl
check 'it is ten transactions' test "$(lsn parts.orgdb)" -eq 10
same 'and all is there' parts.orgdb users.jsonl
check 'parts that do not come out even' "$orgdb" load --batch 300 even.orgdb users.jsonl
check 'are four transactions' test "$(lsn even.orgdb)" -eq 4
expect 'a part of everything' 0 '^total +17$' "$orgdb" load --batch 18446744073709551615 whole.orgdb small.jsonl
check 'is one transaction' test "$(lsn whole.orgdb)" -eq 1
{ users 1 250; echo '{"kind": "user", "user_id": 12}'; users 251 400; } >bad.jsonl
expect 'a bad line ends a load in parts' 1 'bad.jsonl:251: user.user_id: expected a text' "$orgdb" load --batch 100 broken.orgdb bad.jsonl
says 'it says what is loaded' '^  Lines 1 to 200 are loaded'
says 'and how to go on' '^    orgdb load --from-line 201 --batch 100 broken.orgdb bad.jsonl$'
command=$(sed -n 's/^    orgdb load //p' err)
users 1 200 >wanted.jsonl
same 'that much is there' broken.orgdb wanted.jsonl
sed -i '251d' bad.jsonl
# shellcheck disable=SC2086
expect 'the command that it says goes on' 0 '^lines before the first +200  skipped$' "$orgdb" load $command
users 1 400 >wanted.jsonl
same 'and all is there once' broken.orgdb wanted.jsonl
sed -i '50s/.*/oops/' bad.jsonl
expect 'a bad line in the first part' 1 'bad.jsonl:50:4: cannot read it' "$orgdb" load --batch 100 new.orgdb bad.jsonl
says 'leaves nothing' 'Nothing was loaded'
nothing_left 'a first part that fails makes no store'
expect 'the words of the command are quoted' 1 "orgdb load --from-line 41 --batch 20 --skip 'it'\\\\''s' new.orgdb bad.jsonl" \
	"$orgdb" load --batch 20 --skip "it's" new.orgdb bad.jsonl
expect 'nor is the line repeated that it began with' 1 '^    orgdb load --from-line 41 --batch 10 --upsert new.orgdb bad.jsonl$' \
	"$orgdb" load --upsert --from-line 21 --batch 10 new.orgdb bad.jsonl
rm -f new.orgdb*
expect 'no parts of no lines' 2 'batch: expected at least 1' "$orgdb" load --batch 0 new.orgdb small.jsonl
expect 'parts are counted' 2 "batch: expected a number, got '1e3'" "$orgdb" load --batch 1e3 new.orgdb small.jsonl
{ users 1 150; yes '' | head -500; users 151 200; } >blank.jsonl
expect 'parts of blank lines' 0 '^user +200$' "$orgdb" load --batch 100 blank.orgdb blank.jsonl
check 'are no transactions' test "$(lsn blank.orgdb)" -eq 3
{ yes '' | head -500; users 1 10; } >blank.jsonl
expect 'blank lines in front' 0 '^user +10$' "$orgdb" load --batch 100 front.orgdb blank.jsonl
check 'are none either' test "$(lsn front.orgdb)" -eq 1

# From a line on
expect 'from the last line on' 0 '^user +1$' "$orgdb" load --from-line 1000 last.orgdb users.jsonl
expect 'from behind it' 1 'users.jsonl: there are no objects from line 1001 on' "$orgdb" load --from-line 1001 new.orgdb users.jsonl
expect 'from a pipe' 0 '^user +100$' sh -c "cat users.jsonl | '$orgdb' load --from-line 901 tail.orgdb"
nothing_left 'nothing is made of nothing'

# From a pipe, in parts
check 'a pipe in parts' sh -c "cat users.jsonl | '$orgdb' load --batch 70 piped.orgdb -"
same 'has the same lines' piped.orgdb users.jsonl
check 'a last line without an end' sh -c "printf '%s' '{\"kind\": \"user\", \"user_id\": \"a|b\"}' | '$orgdb' load --batch 1 end.orgdb"
mkfifo slow
"$orgdb" load --batch 2 slow.orgdb slow >out 2>err &
loader=$!
exec 9>slow
users 1 5 >&9
for _ in $(seq 100); do
	"$orgdb" dump slow.orgdb 2>/dev/null | grep -q 000004 && break
	sleep 0.05
done
users 1 4 >wanted.jsonl
same 'parts of a slow pipe are committed as they come' slow.orgdb wanted.jsonl
kill -TERM $loader
wait $loader 2>/dev/null
status=$?
exec 9>&-
says 'a signal to a load that waits for more says how to go on' 'load --from-line 5 --batch 2 slow.orgdb slow$'
check 'and ends it' test $status -eq 143
same 'and keeps what is loaded' slow.orgdb wanted.jsonl

# Over what is there
cat >over.jsonl <<'END'
{"kind": "connection", "id": "con_0000000000000003", "name": "acme-saml", "strategy": "samlp", "display_name": "Acme SSO"}
{"kind": "application", "client_id": "portal", "name": "Portal 2", "tags": ["a"]}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000001", "since": 2024}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000002"}
{"kind": "role", "name": "reader", "description": "May read"}
{"kind": "user", "user_id": "auth0|000000000000000000000001", "email": null, "nickname": "one"}
{"kind": "user", "user_id": "auth0|000000000000000000000002"}
{"kind": "user", "user_id": "auth0|new"}
{"kind": "organization", "name": "acme", "metadata": {"plan": "team"}}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000002", "assign_membership_on_login": false}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000002"], "since": 2024}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000002", "roles": ["rol_0000000000000001"]}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000001", "invited_by": "auth0|new"}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|new"}
END
cat >wanted.jsonl <<'END'
{"kind": "connection", "id": "con_0000000000000001", "name": "password", "strategy": "auth0"}
{"kind": "connection", "id": "con_0000000000000002", "name": "google", "strategy": "google-oauth2", "show_as_button": true}
{"kind": "connection", "id": "con_0000000000000003", "name": "acme-saml", "strategy": "samlp", "display_name": "Acme SSO", "options": {"signInEndpoint": "https://idp.example.com/"}}
{"kind": "application", "client_id": "portal", "name": "Portal 2", "organization_usage": "allow", "tags": ["a"]}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000001", "since": 2024}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000002"}
{"kind": "user", "user_id": "auth0|000000000000000000000001", "email_verified": true, "nickname": "one"}
{"kind": "user", "user_id": "auth0|000000000000000000000002", "name": "User 02", "user_metadata": {"theme": "dark"}}
{"kind": "user", "user_id": "auth0|new"}
{"kind": "organization", "id": "org_0000000000000001", "name": "acme", "display_name": "Acme, Inc.", "metadata": {"plan": "team"}}
{"kind": "organization", "id": "org_0000000000000002", "name": "initech"}
{"kind": "role", "id": "rol_0000000000000001", "name": "admin", "description": "May do everything"}
{"kind": "role", "id": "rol_0000000000000002", "name": "reader", "description": "May read"}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000002", "assign_membership_on_login": false}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000003", "show_as_button": false, "organization_access_level": "limited", "organization_connection_name": "acme-idp"}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000002"], "since": 2024}
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000002", "roles": ["rol_0000000000000001"]}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000002"], "invited_by": "auth0|new"}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|new"}
END
cp small.orgdb over.orgdb
expect 'over what is there' 0 '^total +14 +2 new +12 there already$' "$orgdb" load --upsert over.orgdb over.jsonl
says 'counts what is new' '^user +3 +1 new +2 there already$'
same 'changes what is given and nothing else' over.orgdb wanted.jsonl
check 'and all is sound' "$orgdb" check over.orgdb
"$orgdb" dump over.orgdb >before.jsonl
check 'the same once more' "$orgdb" load --upsert over.orgdb before.jsonl
same 'changes nothing' over.orgdb before.jsonl
check 'a new store by --upsert' "$orgdb" load --upsert upserted.orgdb small.jsonl
same 'is like any other' upserted.orgdb small.jsonl
# refused NAME PATTERN LINE: a line that --upsert refuses, too
refused() {
	echo "$3" >refused.jsonl
	expect "$1" 1 "$2" "$orgdb" load --upsert over.orgdb refused.jsonl
	same "$1: nothing changed" over.orgdb before.jsonl
}
refused 'what never changes' 'connection.strategy never changes' '{"kind": "connection", "id": "con_0000000000000003", "strategy": "okta"}'
refused 'a name that another has' 'another organization has "acme"' '{"kind": "organization", "id": "org_0000000000000002", "name": "acme"}'
refused 'a required field as null' 'role.name' '{"kind": "role", "id": "rol_0000000000000002", "name": null}'
refused 'a dangling edge' 'auth0\|nobody' '{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|nobody"}'
refused 'a dangling role' 'membership.roles\[1\]: .*rol_9999999999999999' \
	'{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "roles": ["rol_0000000000000002", "rol_9999999999999999"]}'
# Unknown fields: those given replace, null too, the rest stays. Known ones: null is the default again.
cat >first.jsonl <<'END'
{"kind": "user", "user_id": "auth0|x", "email": "x@example.com", "blocked": true, "a": 1, "b": {"c": 2}, "d": "e"}
END
cat >second.jsonl <<'END'
{"kind": "user", "user_id": "auth0|x", "blocked": null, "b": {"f": 3}, "d": null, "g": [4]}
END
echo '{"kind": "user", "user_id": "auth0|x", "email": "x@example.com", "blocked": false, "a": 1, "b": {"f": 3}, "d": null, "g": [4]}' >wanted.jsonl
cat first.jsonl second.jsonl >both.jsonl
check 'the same object twice' "$orgdb" load --upsert unknown.orgdb both.jsonl
same 'unknown fields are merged' unknown.orgdb wanted.jsonl
expect 'without --upsert what is there is refused' 1 'before.jsonl:1: .*another connection has' "$orgdb" load over.orgdb before.jsonl
says 'with advice' '--upsert'

# On trial
"$orgdb" dump small.orgdb >before.jsonl
expect 'a trial counts' 0 '^user +1000$' "$orgdb" load --dry-run small.orgdb users.jsonl
says 'and says that it is one' '^dry run: nothing was changed$'
same 'and changes nothing' small.orgdb before.jsonl
expect 'a trial of a new store' 0 '^total +17$' "$orgdb" load --dry-run --batch 2 new.orgdb small.jsonl
expect 'a trial finds what is wrong' 1 'bad.jsonl:50:4' "$orgdb" load --dry-run new.orgdb bad.jsonl
nothing_left 'a trial makes no store'

# Left out
{ cat small.jsonl; echo '{"kind": "email_template"}'; echo '{"kind": "email_template"}'; } >more.jsonl
expect 'kinds left out' 0 '^membership +3  skipped$' "$orgdb" load --skip email_template --skip membership --batch 5 left.orgdb more.jsonl
says 'each is counted, over all parts' '^email_template +2  skipped$'
says 'and does not count' '^total +14$'

# Interrupted
users 1 400000 >long.jsonl
"$orgdb" dump small.orgdb >before.jsonl
"$orgdb" load --progress small.orgdb long.jsonl >out 2>err &
loader=$!
sleep 0.2
kill -TERM $loader
wait $loader 2>/dev/null
status=$?
says 'SIGTERM interrupts a load into a store' '^orgdb: interrupted'
check 'and ends it' test $status -eq 143
same 'and the store is as it was' small.orgdb before.jsonl
check 'and sound' "$orgdb" check small.orgdb

(trap '' TERM; exec "$orgdb" load ignored.orgdb long.jsonl) >out 2>err &
loader=$!
sleep 0.2
kill -TERM $loader
wait $loader 2>/dev/null
check 'a signal that is ignored does not end a load' test $? -eq 0

# Watched
"$orgdb" load quiet.orgdb small.jsonl >out 2>err
check 'a short load says nothing on standard error' test ! -s err
users 400001 1200000 >rest.jsonl
cat long.jsonl rest.jsonl | "$orgdb" load --progress lines.orgdb >out 2>err
says 'lines of progress' '^loading: [1-9][0-9]* objects, [1-9][0-9]*/s, [0-9]+%, [0-9]+ s left$'
check 'without anything that moves the cursor' sh -c "! grep -q '$(printf '[\r\033]')' err"
if have_python; then
	on_terminal() { python3 "$here/terminal.py" "$@"; }
	rm -f lines.orgdb*
	check 'a load on a terminal' on_terminal "$orgdb" load lines.orgdb long.jsonl
	says 'shows its progress' "$(printf '\r\033')\\[Kloading: [1-9][0-9]* objects, [1-9][0-9]*/s, [0-9]+%, [0-9]+ s left"
	says 'which is gone in the end' "$(printf '\r\033')\\[Kconnection  "
	says 'and counts' '^user +400000'
	rm -f lines.orgdb*
	on_terminal "$orgdb" load --quiet lines.orgdb long.jsonl >out 2>err
	check 'nothing with --quiet' sh -c '! grep -q loading: out'
	on_terminal --signal 'loading: ' INT "$orgdb" load small.orgdb long.jsonl >out 2>err
	status=$?
	says 'Ctrl-C takes the progress line away' "$(printf '\r\033')\\[K(.\\[[0-9;]*m)?orgdb:(.\\[0m)? interrupted"
	check 'and ends the load' test $status -eq 130
	same 'and the store is as it was' small.orgdb before.jsonl
	on_terminal --signal 'loading: ' INT "$orgdb" load new.orgdb long.jsonl >out 2>err
	check 'Ctrl-C ends a load into a new store' test $? -eq 130
	nothing_left 'and nothing is left'
	on_terminal --signal 'loading: ' INT "$orgdb" load --batch 50000 new.orgdb long.jsonl >out 2>err
	check 'Ctrl-C ends a load in parts' test $? -eq 130
	rm -rf new*
else
	skip 'a load on a terminal' 'no python3'
fi
finish
