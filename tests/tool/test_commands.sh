#!/bin/sh
# lookup, stat, check and delete.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small

# lookup
look() { "$orgdb" lookup small.orgdb portal "$@"; }
names() { "$orgdb" lookup small.orgdb --json portal "$@" | sed 's/.*"name": "\([^"]*\)".*"from": "\([^"]*\)".*/\1 \2/' | tr '\n' ';'; }
expect_names() {
	names_name=$1 names_wanted=$2
	shift 2
	names_got=$(names "$@")
	if [ "$names_got" = "$names_wanted" ]; then pass "$names_name"; else fail "$names_name" "is '$names_got'"; fi
}
expect_names 'union' 'password application;google both;acme-saml organization;' acme
expect_names 'union by name of the policy' 'password application;google both;acme-saml organization;' acme --policy union
expect_names 'policy organization' 'google both;acme-saml organization;' acme --policy organization
expect_names 'policy intersection' 'google both;' --policy=intersection acme
expect_names 'visible only' 'password application;google both;' acme --visible
expect_names 'organization by id' 'password application;google both;acme-saml organization;' org_0000000000000001
expect_names 'organization without connections' 'password application;google application;' initech
expect_names 'no organization' 'password application;google application;'
cat >wanted <<'END'
application          Portal (portal)
organization_usage   allow
organization         acme (org_0000000000000001)
policy               union
connections          3

NAME       STRATEGY       KIND        FROM          VISIBLE  OPTIONS
password   auth0          database    application   yes      -
google     google-oauth2  social      both          yes      show_as_button,assign_membership_on_login
acme-saml  samlp          enterprise  organization  no       organization_access_level=limited
END
look acme >table
check 'the table of a lookup' cmp table wanted
cat >wanted <<'END'
{"id": "con_0000000000000003", "name": "acme-saml", "display_name": "Acme", "strategy": "samlp", "kind": "enterprise", "from": "organization", "visible": false, "show_as_button": false, "assign_membership_on_login": false, "is_signup_enabled": false, "organization_access_level": "limited", "organization_usage": "allow"}
END
look acme --json | tail -1 >table
check 'the JSON of a lookup' cmp table wanted
printf '{"kind": "application", "client_id": "closed", "name": "Closed"}\n{"kind": "application", "client_id": "b2b", "name": "B \\u001b[31m2B", "organization_usage": "require", "organization_require_behavior": "pre_login_prompt", "organization_discovery_methods": ["organization_name", "email"]}\n' >more.jsonl
check 'load two more applications' "$orgdb" load small.orgdb more.jsonl
expect 'an application that denies organizations' 0 '^refused +organization_denied: .*"deny", so it may not be used in an organization$' "$orgdb" lookup small.orgdb closed acme
expect 'its usage is said' 0 '^organization_usage +deny$' "$orgdb" lookup small.orgdb closed acme
expect 'an application that requires an organization' 0 '^refused +organization_required: .*"require", so it may not be used without an organization$' "$orgdb" lookup small.orgdb b2b
expect 'control characters are escaped' 0 'B \\x1b\[31m2B' "$orgdb" lookup small.orgdb b2b
expect 'it says when' 0 '^organization prompt +before the login$' "$orgdb" lookup small.orgdb b2b
says 'and how' '^discovery +email, organization_name$'
expect 'an unknown application' 1 'nowhere' "$orgdb" lookup small.orgdb nowhere acme
expect 'an unknown organization by name' 1 'nowhere' "$orgdb" lookup small.orgdb portal nowhere
expect 'an unknown organization by id' 1 'org_9999999999999999' "$orgdb" lookup small.orgdb portal org_9999999999999999
expect 'an unknown policy' 2 "--policy cannot be 'all'; expected union, organization or intersection" "$orgdb" lookup small.orgdb portal acme --policy all

# stat
expect 'stat counts memberships' 0 '^membership +3$' "$orgdb" stat small.orgdb
for line in 'uuid +[0-9a-f-]{36}' 'format version +[0-9]+' 'connection +3' 'application +3' 'application_connection +2' \
	'role +2' 'user +2' 'organization +2' 'enabled_connection +2' 'member roles +3' 'transactions \(lsn\) +2' \
	'file bytes +[1-9][0-9]*' 'bytes in use +[1-9][0-9]*' 'map bytes +[1-9][0-9]*' 'readers at most +[1-9][0-9]*'; do
	expect "stat says: $line" 0 "^$line\$" "$orgdb" stat small.orgdb
done

# check
expect 'check' 0 '^clean: [1-9][0-9]* entries checked$' "$orgdb" check small.orgdb
# Text that is found in records and not in indexes, made invalid where it lies.
LC_ALL=C sed 's/user-01@example/user-01\xff\x1bxample/' small.orgdb >damaged.orgdb
"$orgdb" check damaged.orgdb >report 2>err
check 'check of a damaged store ends with 1' test $? -eq 1
check 'tells each problem' grep -Eq '^users: user 1 .*email' report
check 'sums up' grep -Eq '^damaged: [1-9][0-9]* problems?, [1-9][0-9]* entries checked$' report
check 'and shows no control characters' sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' report"

# delete
"$orgdb" dump small.orgdb >before.jsonl
expect 'delete of an unknown kind' 2 "KIND cannot be 'membership'; expected connection" "$orgdb" delete --yes small.orgdb membership x
expect 'delete of what is not there' 1 'auth0\|nobody' "$orgdb" delete --yes small.orgdb user 'auth0|nobody'
expect 'delete of an organization that is not there' 1 'nobody' "$orgdb" delete --yes small.orgdb organization nobody
expect 'delete of a role that is not there' 1 'writer' "$orgdb" delete --yes small.orgdb role writer
"$orgdb" dump small.orgdb >after.jsonl
check 'a delete that fails changes nothing' cmp before.jsonl after.jsonl
expect 'delete an organization by its name' 0 '^deleted organization org_0000000000000001$' "$orgdb" delete --yes small.orgdb organization acme
for line in '  memberships +2' '  member roles +2' '  enabled connections +2' '  application connections +0'; do
	says "delete says: $line" "^$line\$"
done
grep -Ev 'org_0000000000000001' before.jsonl >wanted
"$orgdb" dump small.orgdb >after.jsonl
check 'it takes what refers to it and nothing else' cmp wanted after.jsonl
expect 'delete a role' 0 '^  member roles +1$' "$orgdb" delete --yes small.orgdb role rol_0000000000000002
expect 'delete a connection' 0 '^  application connections +1$' "$orgdb" delete --yes small.orgdb connection con_0000000000000002
expect 'delete a user' 0 '^  memberships +1$' "$orgdb" delete --yes small.orgdb user 'auth0|000000000000000000000001'
expect 'delete an application' 0 '^  application connections +1$' "$orgdb" delete --yes small.orgdb application portal
expect 'delete an organization by its id' 0 '^  memberships +0$' "$orgdb" delete --yes small.orgdb organization org_0000000000000002
expect 'the store is still sound' 0 '^clean' "$orgdb" check small.orgdb
expect 'and has what was not deleted' 0 '^connection +2$' "$orgdb" stat small.orgdb
finish
