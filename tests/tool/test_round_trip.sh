#!/bin/sh
# What is loaded is dumped: the same data, and the same bytes the second time.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"

# round_trip NAME FILE [KIND]...: load and dump twice; kinds named are skipped.
round_trip() {
	name=$1 file=$2
	shift 2
	skips=
	for kind in "$@"; do skips="$skips --skip $kind"; done
	rm -f one.orgdb* two.orgdb*
	# shellcheck disable=SC2086
	check "$name: load" "$orgdb" load $skips one.orgdb "$file"
	check "$name: check" "$orgdb" check one.orgdb
	"$orgdb" dump one.orgdb >one.jsonl
	check "$name: load the dump" "$orgdb" load two.orgdb one.jsonl
	"$orgdb" dump two.orgdb >two.jsonl
	check "$name: the second dump has the same bytes" cmp one.jsonl two.jsonl
	check "$name: the second store is sound" "$orgdb" check two.orgdb
	if have_python; then
		check "$name: the dump is the same data" python3 "$here/compare.py" "$file" one.jsonl "$@"
	else
		skip "$name: the dump is the same data" "no python3"
	fi
}

make_small
round_trip 'the small store' small.jsonl
"$orgdb" dump small.orgdb >dump.jsonl
check 'input in the style of a dump comes back as it was' cmp small.jsonl dump.jsonl

round_trip 'the sample tenant' "$here/../../tools/sample.jsonl"

# Numbers, texts, unknown fields; members sorted, so that the bytes come back too.
cat >values.jsonl <<'END'
{"kind": "user", "user_id": "auth0|numbers", "user_metadata": {"a": 0, "b": -1, "c": 9007199254740993, "d": 9223372036854775807, "e": -9223372036854775808, "f": 18446744073709551615, "g": 9223372036854775808, "h": 127, "i": 128, "j": -32, "k": -33, "l": -129, "m": 65536, "n": 4294967296}}
{"kind": "user", "user_id": "auth0|reals", "user_metadata": {"a": 1.0, "b": -0.0, "c": 0.1, "d": 5e-324, "e": 1.7976931348623157e+308, "f": 1e+22, "g": 123456789.125, "h": 0.30000000000000004, "i": 100.0, "j": 1e+16, "k": 1e-05, "l": 0.0001, "m": 9007199254740992.0, "n": 2.5}}
{"kind": "user", "user_id": "auth0|texts", "name": "Zoë 测试 😀", "user_metadata": {"": "", "a": "\"\\/\b\f\n\r\t\u0001\u001f", "b": " ", "c": "a/b", "zoë": "é"}}
{"kind": "user", "user_id": "auth0|shapes", "user_metadata": {"a": [], "b": {}, "c": [[[{"d": [null, true, false]}]]], "e": null}}
{"kind": "user", "user_id": "auth0|empty values", "identities": [], "app_metadata": {}, "user_metadata": {}}
{"kind": "user", "user_id": "auth0|unknown", "blocked": false, "created_at": "2026-01-01T00:00:00.000Z", "last_ip": null, "logins_count": 12, "multifactor": ["a", {"b": 1.5}]}
{"kind": "user", "user_id": "auth0|nothing else"}
END
sed -i 's/auth0|empty values/auth0|empty/; s/auth0|nothing else/auth0|bare/' values.jsonl
round_trip 'values' values.jsonl
check 'values come back in the same bytes' cmp values.jsonl one.jsonl

# Unknown fields of edges, flags that equal their defaults, and the order of creation.
{
	cat small.jsonl
	cat <<'END'
{"kind": "user", "user_id": "auth0|3"}
{"kind": "role", "id": "rol_0000000000000000", "name": "made last, sorts first"}
{"kind": "organization", "id": "org_0000000000000000", "name": "a-later-one", "third_party_client_access": "block", "is_app_entitlement_active": false}
{"kind": "application", "client_id": "zz", "name": "Zz", "is_first_party": true, "organization_usage": "deny", "organization_require_behavior": "no_prompt"}
{"kind": "application", "client_id": "aa", "name": "Aa"}
{"kind": "application_connection", "client_id": "aa", "connection_id": "con_0000000000000003", "note": {"since": 2024}}
{"kind": "enabled_connection", "organization_id": "org_0000000000000000", "connection_id": "con_0000000000000001", "assign_membership_on_login": false, "show_as_button": true, "is_signup_enabled": false, "is_enabled": true, "organization_access_level": "none", "connection": {"name": "password", "strategy": "auth0"}}
{"kind": "membership", "organization_id": "org_0000000000000000", "user_id": "auth0|3", "roles": [], "joined_at": 1.0}
{"kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|3", "roles": ["rol_0000000000000002", "rol_0000000000000000", "rol_0000000000000001"], "invited_by": null}
END
} >edges.jsonl
round_trip 'edges' edges.jsonl
check 'unknown fields of a membership are kept' grep -q '"user_id": "auth0|3", "joined_at": 1.0}' one.jsonl
check 'null is kept in an unknown field' grep -q '"invited_by": null' one.jsonl
check 'roles are sorted' grep -q '"roles": \["rol_0000000000000000", "rol_0000000000000001", "rol_0000000000000002"\], "invited_by"' one.jsonl

# null for a known field, blank lines, CRLF, no newline at the end, "kind" last
printf '\r\n{"user_id": "auth0|1", "name": null, "kind": "user"}\r\n\n  \n{"kind": "user", "user_id": "auth0|2"}' >odd.jsonl
printf '{"kind": "user", "user_id": "auth0|1"}\n{"kind": "user", "user_id": "auth0|2"}\n' >even.jsonl
check 'load blank lines, CRLF and a last line without newline' "$orgdb" load odd.orgdb odd.jsonl
"$orgdb" dump odd.orgdb >odd.dump
check 'null for a known field is the same as absent' cmp even.jsonl odd.dump

# Ids that are not given are made
printf '{"kind": "organization", "name": "x"}\n{"kind": "application", "name": "x"}\n{"kind": "role", "name": "x"}\n{"kind": "user"}\n{"kind": "connection", "name": "x", "strategy": "sms"}\n' >ids.jsonl
check 'load objects without ids' "$orgdb" load ids.orgdb ids.jsonl
expect 'ids are made' 0 '"id": "org_[A-Za-z0-9]{16}"' "$orgdb" dump ids.orgdb
check 'user ids are made' sh -c "'$orgdb' dump ids.orgdb | grep -Eq '\"user_id\": \"auth0.[0-9a-f]{24}\"}'"

# Into a store that has something, through a pipe, from a place in a file
check 'load into an existing store' "$orgdb" load small.orgdb values.jsonl
check 'load from a pipe' sh -c "cat small.jsonl | '$orgdb' load pipe.orgdb"
check 'load from a pipe named -' sh -c "cat values.jsonl | '$orgdb' load pipe.orgdb -"
"$orgdb" dump small.orgdb >one.jsonl
"$orgdb" dump pipe.orgdb >two.jsonl
check 'a pipe loads the same' cmp one.jsonl two.jsonl
check 'load from where a file stands' sh -c "{ read -r first; '$orgdb' load rest.orgdb; } <values.jsonl"
expect 'only the rest was loaded' 0 '^user +6$' "$orgdb" stat rest.orgdb
check 'dump straight into load' sh -c "'$orgdb' dump small.orgdb | '$orgdb' load copy.orgdb"
"$orgdb" dump copy.orgdb >two.jsonl
check 'the copy is the same' cmp one.jsonl two.jsonl

# Counts
expect 'load counts each kind' 0 '^membership +3$' "$orgdb" load counts.orgdb small.jsonl
says 'load counts all' '^total +17$'
{ cat small.jsonl && printf '{"kind": "theme", "name": "plain"}\n'; } >skip.jsonl
expect 'a skipped kind is counted' 0 '^theme +1  skipped$' "$orgdb" load skip.orgdb skip.jsonl --skip theme
expect 'a skipped kind that is not there' 0 '^nothing +0  skipped$' "$orgdb" load --skip nothing --skip=theme skip2.orgdb skip.jsonl
expect 'without --skip it is refused' 1 'skip\.jsonl:18: unknown kind "theme"' "$orgdb" load new.orgdb skip.jsonl
nothing_left 'a load that is refused makes no store'

# A large line, and a map that is too small for the load
awk 'BEGIN { printf "{\"kind\": \"user\", \"user_id\": \"auth0|large\", \"user_metadata\": {\"a\": \""; for (i = 0; i < 1000000; i++) printf "a"; print "\"}}" }' >large.jsonl
round_trip 'a line of a megabyte' large.jsonl
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "{\"kind\": \"user\", \"user_id\": \"auth0|%06d\", \"name\": \"User %d\"}\n", i, i }' >many.jsonl
round_trip '20000 users' many.jsonl
finish
