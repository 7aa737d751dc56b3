#!/bin/sh
# login.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
cat >more.jsonl <<'END'
{"kind": "user", "user_id": "auth0|blocked", "blocked": true}
{"kind": "application", "client_id": "closed", "name": "Closed"}
{"kind": "application", "client_id": "late", "name": "Late", "organization_usage": "require", "organization_require_behavior": "post_login_prompt"}
END
"$orgdb" load small.orgdb more.jsonl >/dev/null
acme=org_0000000000000001 member='auth0|000000000000000000000002'
"$orgdb" create small.orgdb user user_id='auth0|new' >/dev/null
login() { "$orgdb" login small.orgdb "$@"; }
lsn() { "$orgdb" stat small.orgdb | sed -n 's/^transactions (lsn) *//p'; }

before=$(lsn)
expect 'a member' 0 '^goes on as a member$' login acme google "$member"
says 'of which organization' "^organization +$acme\$"
expect 'by ids' 0 '^goes on as a member$' login $acme con_0000000000000003 "$member"
expect 'to an application' 0 '^goes on as a member$' login acme password "$member" --application portal
expect 'that wants another connection' 1 'the connection "con_0000000000000001" is refused: the organization has not enabled it$' \
	login acme password "$member" --application portal --policy organization
expect 'without an organization' 0 '^goes on without an organization$' login - password "$member" --application portal
expect 'to an application that asks for it' 0 '^next +ask for the organization$' login - acme-saml "$member" --application late
expect 'to an application that denies organizations' 1 'organization_usage is "deny"' login acme google "$member" --application closed
expect 'somebody who is blocked' 1 'the user "auth0\|blocked" is refused: the user is blocked$' login acme google 'auth0|blocked'
expect 'no member' 1 'the user "auth0\|new" is refused: the user is no member' login acme acme-saml 'auth0|new'
expect 'a refusal for programs' 1 '^\{"outcome": "refused", "rule": "not_a_member", "organization_id": "", "ask_organization": false\}$' \
	login acme acme-saml 'auth0|new' --json
expect 'on trial' 0 '^would go on, and make a member$' login --dry-run acme google 'auth0|new'
check 'none of which is a change' test "$before" = "$(lsn)"
expect 'the first login' 0 "^\{\"outcome\": \"joined\", \"rule\": \"none\", \"organization_id\": \"$acme\", \"ask_organization\": false\}\$" \
	login acme google 'auth0|new' --json
check 'is one change' test $((before + 1)) = "$(lsn)"
expect 'the next login' 0 '^goes on as a member$' login acme google 'auth0|new'
check 'is none' test $((before + 1)) = "$(lsn)"
expect 'there is a membership' 0 'auth0\|new' "$orgdb" members small.orgdb acme
expect 'the store is sound' 0 '^clean' "$orgdb" check small.orgdb

expect 'nobody' 1 'auth0\|nobody' login acme google 'auth0|nobody'
expect 'nowhere' 1 'nowhere' login nowhere google "$member"
expect 'through nothing' 1 'nothing' login acme nothing "$member"
expect 'to nothing' 1 'nothing' login acme google "$member" --application nothing
expect 'no user' 2 'USER is missing' login acme google
expect 'a policy that is none' 2 "--policy cannot be 'all'" login acme google "$member" --policy all
expect 'no store' 3 'nowhere' "$orgdb" login nowhere.orgdb acme google "$member"
finish
