#!/bin/sh
# diff, and lookup --explain.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
sample=$here/../../tools/sample.jsonl
"$orgdb" load sample.orgdb "$sample" >/dev/null
"$orgdb" dump sample.orgdb >sample.jsonl

# diff_of NAME FILE FILE: load both and compare; the difference must be what standard input says.
diff_of() {
	cat >wanted
	rm -f before.orgdb* after.orgdb*
	"$orgdb" load before.orgdb "$2" >/dev/null && "$orgdb" load after.orgdb "$3" >/dev/null
	"$orgdb" diff before.orgdb after.orgdb >got 2>err
	diff_status=$?
	check "$1" cmp got wanted
	check "$1: status" test $diff_status -eq "$([ -s wanted ] && echo 1 || echo 0)"
	# The other way round, what was added is removed.
	"$orgdb" diff after.orgdb before.orgdb >back 2>err
	sed 's/"change": "added"/X/; s/"change": "removed"/"change": "added"/; s/X/"change": "removed"/' got | cut -d'"' -f 4,8,12 | sort >there
	cut -d'"' -f 4,8,12 back | sort >back_again
	check "$1: and back" cmp there back_again
}
diff_of 'nothing differs' small.jsonl small.jsonl </dev/null

# The order in which things were made is no difference.
{
	for kind in connection application application_connection user organization role discovery_domain enabled_connection organization_application membership email_template invitation; do
		grep "^{\"kind\": \"$kind\"" sample.jsonl | tac
	done
} >reversed.jsonl
diff_of 'made in another order' sample.jsonl reversed.jsonl </dev/null
check 'in which it is another dump' sh -c "'$orgdb' dump after.orgdb | cmp -s sample.jsonl - && exit 1 || exit 0"

# One of each kind gone.
sed '3d; 5d; 9d; 12d; 13d; 14d; 15d; 16d; 17d' small.jsonl | sed '/portal.*con_0000000000000001/d' >fewer.jsonl
diff_of 'things that are gone' small.jsonl fewer.jsonl <<'END'
{"change": "removed", "kind": "connection", "id": "con_0000000000000003", "before": {"name": "acme-saml", "strategy": "samlp", "display_name": "Acme", "options": {"signInEndpoint": "https://idp.example.com/"}}}
{"change": "removed", "kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000001", "before": {}}
{"change": "removed", "kind": "organization", "id": "org_0000000000000001", "before": {"name": "acme", "display_name": "Acme, Inc."}}
{"change": "removed", "kind": "role", "id": "rol_0000000000000002", "before": {"name": "reader"}}
{"change": "removed", "kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000002", "before": {"assign_membership_on_login": true}}
{"change": "removed", "kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000003", "before": {"show_as_button": false, "organization_access_level": "limited", "organization_connection_name": "acme-idp"}}
{"change": "removed", "kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "before": {"roles": ["rol_0000000000000001", "rol_0000000000000002"]}}
{"change": "removed", "kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000002", "before": {}}
{"change": "removed", "kind": "membership", "organization_id": "org_0000000000000002", "user_id": "auth0|000000000000000000000001", "before": {"roles": ["rol_0000000000000002"]}}
END

# One of each sort of field changed; the fields that are as they were are not told.
sed 's/"Acme", "options": {"signInEndpoint": "https:\/\/idp.example.com\/"}/"Acme", "options": {"signInEndpoint": "https:\/\/other.example.com\/"}/
s/"email_verified": true/"email_verified": false/
s/"organization_usage": "allow"/"organization_usage": "require"/
s/"name": "User 02", "user_metadata": {"theme": "dark"}/"user_metadata": {"theme": "dark"}, "note": [1]/
s/, "roles": \["rol_0000000000000001", "rol_0000000000000002"\]/, "roles": ["rol_0000000000000002"], "since": 2024/
s/"assign_membership_on_login": true/"assign_membership_on_login": false/' small.jsonl >changed.jsonl
diff_of 'things that have changed' small.jsonl changed.jsonl <<'END'
{"change": "changed", "kind": "connection", "id": "con_0000000000000003", "before": {"options": {"signInEndpoint": "https://idp.example.com/"}}, "after": {"options": {"signInEndpoint": "https://other.example.com/"}}}
{"change": "changed", "kind": "application", "client_id": "portal", "before": {"organization_usage": "allow"}, "after": {"organization_usage": "require"}}
{"change": "changed", "kind": "user", "user_id": "auth0|000000000000000000000001", "before": {"email_verified": true}, "after": {"email_verified": false}}
{"change": "changed", "kind": "user", "user_id": "auth0|000000000000000000000002", "before": {"name": "User 02"}, "after": {"note": [1]}}
{"change": "changed", "kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000002", "before": {"assign_membership_on_login": true}, "after": {"assign_membership_on_login": false}}
{"change": "changed", "kind": "membership", "organization_id": "org_0000000000000001", "user_id": "auth0|000000000000000000000001", "before": {"roles": ["rol_0000000000000001", "rol_0000000000000002"]}, "after": {"roles": ["rol_0000000000000002"], "since": 2024}}
END

# Unknown fields, one by one.
printf '{"kind": "user", "user_id": "auth0|1", "a": 1, "ab": {"x": [1, 2]}, "b": null, "c": "same", "zoë": 1}\n' >extra.jsonl
printf '{"kind": "user", "user_id": "auth0|1", "a": 2, "aa": 1, "ab": {"x": [1, 3]}, "c": "same", "zoë": 1.0}\n' >other.jsonl
diff_of 'unknown fields' extra.jsonl other.jsonl <<'END'
{"change": "changed", "kind": "user", "user_id": "auth0|1", "before": {"a": 1, "ab": {"x": [1, 2]}, "b": null, "zoë": 1}, "after": {"a": 2, "aa": 1, "ab": {"x": [1, 3]}, "zoë": 1.0}}
END
printf '{"kind": "user", "user_id": "auth0|1"}\n' >none.jsonl
diff_of 'unknown fields that are new' none.jsonl other.jsonl <<'END'
{"change": "changed", "kind": "user", "user_id": "auth0|1", "before": {}, "after": {"a": 2, "aa": 1, "ab": {"x": [1, 3]}, "c": "same", "zoë": 1.0}}
END
"$orgdb" load again.orgdb small.jsonl >/dev/null
check 'a store and itself' "$orgdb" diff small.orgdb small.orgdb
expect 'diff with no store' 3 'new.orgdb: ' "$orgdb" diff small.orgdb new.orgdb
LC_ALL=C sed 's/\xb1May do everything/\xdbMay do everything/' small.orgdb >damaged.orgdb
expect 'diff with a damaged store' 1 '^orgdb: damaged.orgdb: ' "$orgdb" diff small.orgdb damaged.orgdb
expect 'and the other way round' 1 '^orgdb: damaged.orgdb: ' "$orgdb" diff damaged.orgdb small.orgdb

# lookup --explain
cat >more.jsonl <<'END'
{"kind": "connection", "id": "con_0000000000000004", "name": "off", "strategy": "sms"}
{"kind": "connection", "id": "con_0000000000000005", "name": "own-hidden", "strategy": "oidc"}
{"kind": "enabled_connection", "organization_id": "org_0000000000000001", "connection_id": "con_0000000000000004", "is_enabled": false}
{"kind": "application_connection", "client_id": "portal", "connection_id": "con_0000000000000005"}
END
"$orgdb" load small.orgdb more.jsonl >/dev/null
explain() { "$orgdb" lookup small.orgdb portal acme --explain --json "$@" | sed 's/"id.*"name": "\([^"]*\)".*"offered": \([a-z]*\), "visible": \([a-z]*\), "reasons": /\1 \2 \3 /; s/[]["{},]//g' >got; }
explain
cat >wanted <<'END'
password true true application_has organization_lacks
google true true application_has organization_has
acme-saml true false application_lacks organization_has organization_hides
off false false application_lacks organization_disabled
own-hidden true false application_has organization_lacks connection_hides
END
check 'explain' cmp got wanted
explain --policy organization --visible
cat >wanted <<'END'
password false false application_has organization_lacks policy_organization
google true true application_has organization_has
acme-saml false false application_lacks organization_has organization_hides visible_only
off false false application_lacks organization_disabled policy_organization
own-hidden false false application_has organization_lacks policy_organization connection_hides visible_only
END
check 'explain a policy' cmp got wanted
explain --policy intersection
grep -q '^acme-saml false false .*policy_intersection' got
check 'explain the other policy' grep -q '^acme-saml false false .*policy_intersection' got
expect 'explain for people' 0 '^off \(con_0000000000000004\): not offered$' "$orgdb" lookup small.orgdb portal acme --explain
says 'and why' "^  - the organization has it, but its is_enabled is false\$"
says 'and by which rule' '^  - a login is refused, connection_not_enabled: the organization has not enabled it$'
expect 'explain the rule for programs' 0 '"name": "off", .*"rule": "connection_not_enabled", "offered": false' "$orgdb" lookup small.orgdb portal acme --explain --json
says 'where none refuses' '"name": "google", .*"rule": "none", "offered": true'
expect 'explain without an organization' 0 '^own-hidden \(con_0000000000000005\): offered, but not visible$' "$orgdb" lookup small.orgdb portal --explain
check 'no organization is explained' sh -c "! grep -q '  - the organization ' out"

# What is explained is what the library answers, and follows from the reasons.
explained() { # NAME STORE FILE: for every application, organization and policy of a dump
	name=$1 store=$2
	sed -n 's/^{"kind": "application", "client_id": "\([^"]*\)".*/\1/p' "$3" | head -2 >applications
	{ echo; sed -n 's/^{"kind": "organization", "id": "\([^"]*\)".*/\1/p' "$3" | head -3; } >organizations
	rm -f right wrong
	while read -r application; do
		while read -r organization; do
			for options in '' '--policy organization' '--policy intersection' --visible; do
				# shellcheck disable=SC2086
				"$orgdb" lookup "$store" "$application" $organization $options --json |
					sed 's/.*"id": "\(con_[^"]*\)".*"visible": \([a-z]*\).*/\1 true \2/' >wanted
				# shellcheck disable=SC2086
				"$orgdb" lookup "$store" "$application" $organization $options --json --explain |
					sed 's/.*"id": "\(con_[^"]*\)".*"offered": \([a-z]*\), "visible": \([a-z]*\), "reasons": \(.*\)}/\1 \2 \3 \4/' >all
				awk '$2 == "true" { print $1, $2, $3 }' all >got
				awk '{ offered = /_has"/ && !/policy|visible_only/; visible = offered && !/_hides/
					if ((offered ? "true" : "false") != $2 || (visible ? "true" : "false") != $3) exit 1 }' all &&
					cmp -s got wanted && echo x >>right || echo "$application $organization $options" >>wrong
			done
		done <organizations
	done <applications
	check "$name: explained as answered" test ! -e wrong
	check "$name: all policies" test "$(wc -l <right)" -ge 8
}
explained sample sample.orgdb sample.jsonl
explained small small.orgdb small.jsonl
tenant=$data/auth0-tenant.jsonl
if [ -r "$tenant" ]; then
	"$orgdb" load tenant.orgdb "$tenant" >/dev/null
	"$orgdb" dump tenant.orgdb >tenant.jsonl
	explained tenant tenant.orgdb tenant.jsonl
else
	skip 'the recorded tenant explained' "$tenant is not there"
fi
finish
