#!/bin/sh
# orgdb load refuses bad input: it says where and what was expected, and changes nothing.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
"$orgdb" dump small.orgdb >before.jsonl

# bad NAME PATTERN: the lines on standard input, behind a good one, are refused with a message that matches PATTERN; an
# existing store stays as it is and no new one comes to be.
bad() {
	{ printf '{"kind": "user", "user_id": "auth0|good"}\n' && cat; } >bad.jsonl
	expect "$1" 1 "^orgdb: bad\.jsonl:$2" "$orgdb" load small.orgdb bad.jsonl
	grep -q 'Nothing was loaded' err || fail "$1" "does not say that nothing was loaded"
	"$orgdb" dump small.orgdb >after.jsonl
	cmp -s before.jsonl after.jsonl || fail "$1" "changed the store"
	{ head -1 bad.jsonl && cat small.jsonl && tail -n +2 bad.jsonl; } >worse.jsonl
	"$orgdb" load new.orgdb worse.jsonl >out 2>err && fail "$1" "was loaded into a new store"
	ls -d new* >out 2>err && fail "$1" "left something behind: $(ls -d new*)"
	rm -rf new*
}

# JSON
bad 'a comma too many' '2:39: .*expected' <<'END'
{"kind": "user", "user_id": "auth0|1",}
END
bad 'no quotes' '2:5: .*expected' <<'END'
{kind: "user"}
END
bad 'an object that does not end' '2:[0-9]+: .*ends before' <<'END'
{"kind": "user", "name": "a"
END
bad 'a text that does not end' '2:[0-9]+: .*ends before' <<'END'
{"kind": "user", "name": "a}
END
bad 'two objects on a line' '2:18: .*one line holds one object' <<'END'
{"kind": "user"} {"kind": "user"}
END
bad 'no JSON at all' '2:5: .*invalid token' <<'END'
hello
END
bad 'an array' '2: expected an object.* got an array' <<'END'
["kind", "user"]
END
bad 'a number' '2: expected an object.* got the number 12' <<'END'
12
END
bad 'null' '2: expected an object.* got null' <<'END'
null
END
bad 'a duplicate key' '2:[0-9]+: .*duplicate.*"name"' <<'END'
{"kind": "user", "name": "a", "name": "b"}
END
bad 'a duplicate key deep down' '2:[0-9]+: .*duplicate.*"a"' <<'END'
{"kind": "user", "user_metadata": {"x": [{"a": 1, "a": 1}]}}
END
bad 'an escape that is none' '2:[0-9]+: .*invalid escape' <<'END'
{"kind": "user", "name": "\q"}
END
bad 'half a surrogate pair' '2:[0-9]+: ' <<'END'
{"kind": "user", "name": "\ud83d"}
END
bad 'U+0000 in a text' '2:[0-9]+: .*U\+0000' <<'END'
{"kind": "user", "name": "a\u0000b"}
END
bad 'U+0000 in a key' '2:[0-9]+: .*U\+0000' <<'END'
{"kind": "user", "user_metadata": {"a\u0000b": 1}}
END
bad 'U+0000 beside a large integer' '2:[0-9]+: ' <<'END'
{"kind": "user", "user_metadata": {"a": 18446744073709551615, "b": "\u000018446744073709551615"}}
END
bad 'a large integer, then an error' '2:67: .*expected' <<'END'
{"kind": "user", "user_metadata": {"a": 18446744073709551615}, oops}
END
bad 'an integer above 64 bits' '2:[0-9]+: .*64 bits' <<'END'
{"kind": "user", "user_metadata": {"a": 18446744073709551616}}
END
bad 'an integer below 64 bits' '2:[0-9]+: .*64 bits' <<'END'
{"kind": "user", "user_metadata": {"a": -9223372036854775809}}
END
bad 'a real beyond double' '2:[0-9]+: .*double' <<'END'
{"kind": "user", "user_metadata": {"a": 1e999}}
END
bad 'NaN' '2:[0-9]+: ' <<'END'
{"kind": "user", "user_metadata": {"a": NaN}}
END
bad 'a leading zero' '2:[0-9]+: ' <<'END'
{"kind": "user", "user_metadata": {"a": 01}}
END
printf '{"kind": "user", "name": "\377"}\n' >raw
bad 'a byte that is no UTF-8' '2:[0-9]+: .*UTF-8' <raw
printf '{"kind": "user", "name": "\303"}\n' >raw
bad 'a character cut short' '2:[0-9]+: .*UTF-8' <raw
printf '{"kind": "user", "name": "\355\240\200"}\n' >raw
bad 'a surrogate in UTF-8' '2:[0-9]+: .*UTF-8' <raw
printf '{"kind": "user", "name": "\300\200"}\n' >raw
bad 'an overlong form' '2:[0-9]+: .*UTF-8' <raw
printf '{"kind": "user", "name": "a\000b"}\n' >raw
bad 'a NUL byte' '2:[0-9]+: .*control character' <raw
printf '{"kind": "user"}\000\n' >raw
bad 'a NUL byte behind the object' '2:[0-9]+: ' <raw
printf '{"kind": "user", "name": "a\tb"}\n' >raw
bad 'a bare control character' '2:[0-9]+: .*control character' <raw
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "["; print "" }' >raw
bad 'nested beyond reason' '2:[0-9]+: .*nested' <raw
bad 'nested deeper than the store allows' '2: user.user_metadata.*32' <<END
{"kind": "user", "user_metadata": {"a": $(awk 'BEGIN { for (i = 0; i < 40; i++) printf "["; for (i = 0; i < 40; i++) printf "]" }')}}
END

# Kinds and types
bad 'no kind' '2: kind: is missing' <<'END'
{"id": "con_0000000000000009"}
END
bad 'a kind that is no text' '2: kind: expected a text.* got the number 18446744073709551615' <<'END'
{"kind": 18446744073709551615}
END
bad 'an unknown kind' '2: unknown kind "customer"; expected one of connection, application, application_connection, user, organization, role, discovery_domain, enabled_connection, organization_application, membership' <<'END'
{"kind": "customer", "id": "1"}
END
expect 'an unknown kind points to --skip' 1 '--skip KIND' "$orgdb" load small.orgdb bad.jsonl
bad 'a number for a text' '2: user.email: expected a text .*got the number 12' <<'END'
{"kind": "user", "email": 12}
END
bad 'a large integer for a text' '2: user.name: expected a text .*got the number 18446744073709551615' <<'END'
{"kind": "user", "name": 18446744073709551615}
END
bad 'a text for a truth' '2: user.blocked: expected true or false, got the text "yes"' <<'END'
{"kind": "user", "blocked": "yes"}
END
bad 'an array for an object' '2: organization.metadata: expected an object .*got an array' <<'END'
{"kind": "organization", "name": "x", "metadata": []}
END
bad 'an object for an array' '2: application.callbacks: expected an array .*got an object' <<'END'
{"kind": "application", "name": "x", "callbacks": {}}
END
bad 'a choice that is none' '2: application.organization_usage: expected one of deny, allow, require, got the text "maybe"' <<'END'
{"kind": "application", "name": "x", "organization_usage": "maybe"}
END
bad 'a number for a choice' '2: application.organization_usage: expected one of deny, allow, require, got the number 1' <<'END'
{"kind": "application", "name": "x", "organization_usage": 1}
END
bad 'a long text in a message is cut' '2: user.blocked: expected true or false, got the text "éééééééééééééééééééé"\.\.\.$' <<'END'
{"kind": "user", "blocked": "éééééééééééééééééééééééééééééééééééééééééééééééééééééé"}
END
bad 'roles that are no array' '2: membership.roles: expected an array .*got the text' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000002", "roles": "rol_0000000000000001"}
END
bad 'a role that is no text' '2: membership.roles: .*got an object at place 2' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000002", "roles": ["rol_0000000000000001", {}]}
END

# What the store says
bad 'a required field is missing' '2: .*organization\.name' <<'END'
{"kind": "organization", "id": "org_0000000000000009"}
END
bad 'a text that is too long' '2: .*organization\.name.*50' <<'END'
{"kind": "organization", "name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
END
bad 'a malformed id' '2: .*organization\.id' <<'END'
{"kind": "organization", "id": "o-1", "name": "x"}
END
bad 'an unknown strategy' '2: .*connection\.strategy' <<'END'
{"kind": "connection", "name": "x", "strategy": "carrier-pigeon"}
END
bad 'a duplicate id' '2: .*org_0000000000000001' <<'END'
{"kind": "organization", "id": "org_0000000000000001", "name": "other"}
END
bad 'a duplicate name' '2: .*acme' <<'END'
{"kind": "organization", "name": "acme"}
END
bad 'a duplicate within the input' '3: .*twice' <<'END'
{"kind": "organization", "name": "twice"}
{"kind": "organization", "name": "twice"}
END
bad 'a duplicate membership' '2: ' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001"}
END
bad 'a duplicate role' '2: membership.roles\[1\]: ' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000002", "roles": ["rol_0000000000000001", "rol_0000000000000001"]}
END
bad 'a dangling membership' '2: .*auth0\|nobody' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|nobody"}
END
bad 'a dangling role' '2: membership.roles\[0\]: .*rol_9999999999999999' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000002", "roles": ["rol_9999999999999999"]}
END
bad 'a dangling enabled connection' '2: .*con_9999999999999999' <<'END'
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_9999999999999999"}
END
bad 'a dangling application connection' '2: .*nowhere' <<'END'
{"kind": "application_connection", "client_id": "nowhere", "connection_id": "con_0000000000000001"}
END
bad 'an edge with one end' '2: membership.user_id: is missing' <<'END'
{"kind": "membership", "organization_id": "org_0000000000000001"}
END
bad 'an edge with a null end' '2: membership.organization_id: is missing' <<'END'
{"kind": "membership", "organization_id": null, "user_id": "auth0|000000000000000000000001"}
END
bad 'sign-up without membership' '2: .*is_signup_enabled' <<'END'
{"kind": "enabled_connection", "organization_id": "org_0000000000000002", "connection_id": "con_0000000000000001", "is_signup_enabled": true}
END
bad 'a record that is too large' '2: ' <<END
{"kind": "user", "user_metadata": {"a": "$(head -c 1100000 /dev/zero | tr '\0' a)"}}
END

# Files
: >empty.jsonl
printf '\n \t\r\n\n' >blank.jsonl
printf '\357\273\277{"kind": "user"}\n' >mark.jsonl
expect 'an empty file' 1 'empty\.jsonl: the input is empty' "$orgdb" load new.orgdb empty.jsonl
expect 'an empty pipe' 1 'standard input: the input is empty' sh -c ": | '$orgdb' load new.orgdb -"
expect 'a file of blank lines' 1 'blank\.jsonl: the input is empty' "$orgdb" load new.orgdb blank.jsonl
expect 'a byte order mark' 1 'mark\.jsonl:1:1: .*byte order mark' "$orgdb" load new.orgdb mark.jsonl
expect 'a file that is not there' 3 'missing\.jsonl: .*No such file' "$orgdb" load new.orgdb missing.jsonl
expect 'a folder for a file' 3 'directory' "$orgdb" load new.orgdb .
nothing_left 'files that cannot be loaded leave nothing behind'
expect 'a store in a folder that is not there' 3 'No such file' "$orgdb" load no/such/new.orgdb small.jsonl
finish
