#!/bin/sh
# create, update, delete, enable, disable, add-member and remove-member.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small

# one NAME PATTERN KIND: of the store's objects of a kind, one matches PATTERN whole.
one() {
	"$orgdb" dump small.orgdb | grep "^{\"kind\": \"$3\"" >out
	: >err
	if [ "$(grep -Ecx -e "$2" out)" -eq 1 ]; then pass "$1"; else fail "$1" "no $3 matches: $2"; fi
}
# does NAME PATTERN COMMAND...: the command changes the store in one transaction, and says PATTERN.
lsn() { "$orgdb" stat small.orgdb | sed -n 's/^transactions (lsn) *//p'; }
does() {
	does_name=$1 does_pattern=$2 before=$(lsn)
	shift 2
	expect "$does_name" 0 "$does_pattern" "$orgdb" "$@"
	[ "$(lsn)" -eq $((before + 1)) ] || fail "$does_name" "went from $before to $(lsn)"
}
# refuses NAME STATUS PATTERN COMMAND...: the command says no and changes nothing.
refuses() {
	"$orgdb" dump small.orgdb >before.jsonl
	expect "$@" </dev/null
	"$orgdb" dump small.orgdb >after.jsonl
	cmp -s before.jsonl after.jsonl || fail "$1" 'changed the store'
}

# create
does 'create by fields' '^created organization org_[A-Za-z0-9]{16}$' create small.orgdb organization name=umbrella \
	'display_name=Umbrella = all' 'metadata={"plan": "team", "n": null}' third_party_client_access=allow \
	is_app_entitlement_active=true note=12 count:=12
one 'fields have their types' '\{.*"name": "umbrella", "display_name": "Umbrella = all", "metadata": \{"n": null, "plan": "team"\}, "third_party_client_access": "allow", "is_app_entitlement_active": true, "count": 12, "note": "12"\}' organization
does 'create an object' '^created user auth0\|json$' create small.orgdb user '{"kind": "user", "user_id": "auth0|json", "name": "a\"b"}'
one 'it is as it was given' '\{"kind": "user", "user_id": "auth0\|json", "name": "a\\"b"\}' user
printf '{\n  "user_id": "auth0|file",\n  "email": null\n}\n' >user.json
does 'create from a file' '^created user auth0\|file$' create small.orgdb user @user.json
one 'null is absent' '\{"kind": "user", "user_id": "auth0\|file"\}' user
sed -i 's/file/pipe/' user.json
expect 'create from a pipe' 0 '^created user auth0\|pipe$' sh -c "cat user.json | '$orgdb' create small.orgdb user -"
does 'create of nothing but an id' '^created user auth0\|[0-9a-f]{24}$' create small.orgdb user
does 'create with --json' '^\{"kind": "role", "id": "rol_[A-Za-z0-9]{16}", "name": "it.s"\}$' create small.orgdb role "name=it's" --json
does 'create an edge' '^created application_connection portal con_0000000000000003$' \
	create small.orgdb application_connection client_id=portal connection_id=con_0000000000000003 since:=2024
does 'create a membership' '^created membership org_0000000000000002 auth0\|json$' create small.orgdb membership \
	organization_id=org_0000000000000002 'user_id=auth0|json' 'roles:=["rol_0000000000000001"]'
one 'with roles' '.*"user_id": "auth0\|json", "roles": \["rol_0000000000000001"\]\}' membership
does 'an object on the command line that is long' '^created' create small.orgdb user "name=$(head -c 250 /dev/zero | tr '\0' x)"

create() { "$orgdb" create small.orgdb "$@"; }
refuses 'no such kind' 2 "KIND cannot be 'team'; expected connection, .* or invitation" create team
refuses 'no field' 2 "expected FIELD=VALUE, .* got 'umbrella'" create organization umbrella
refuses 'a field without a name' 2 "expected FIELD=VALUE, .* got '=x'" create organization =x
refuses 'any value without a name' 2 "expected FIELD=VALUE, .* got ':=1'" create organization :=1
refuses 'a truth that is none' 1 'user.blocked: expected true or false, got the text "yes"' create user blocked=yes
refuses 'a choice that is none' 1 'expected one of deny, allow, require' create application name=x organization_usage=maybe
refuses 'JSON that is none' 1 'organization.metadata: cannot read it as JSON: 2: ' create organization name=x 'metadata={x}'
refuses 'JSON that goes on' 1 'cannot read it as JSON' create organization name=x 'metadata={}, "display_name": "y"'
refuses 'a field twice' 1 'duplicate' create organization name=x name=y
refuses 'an object and a field' 2 "no use for 'name=x'; an object was given" create organization '{}' name=x
refuses 'an object of another kind' 1 'kind: expected "organization", got the text "user"' create organization '{"kind": "user"}'
refuses 'half an object' 1 'cannot read it as JSON' create organization '{"name": '
refuses 'an array from a pipe' 1 'expected an object, got an array' sh -c "echo '[]' | '$orgdb' create small.orgdb user -"
refuses 'a file that is not there' 3 'missing.json: cannot read it: No such file' create user @missing.json
refuses 'a required field is missing' 1 'organization.name' create organization
refuses 'it is there already' 1 'another organization has "acme"' create organization name=acme
refuses 'an edge without an end' 1 'membership.user_id: is missing' create membership organization_id=org_0000000000000001
refuses 'a user of a role that is not there' 1 'rol_9999999999999999' create membership organization_id=org_0000000000000001 'user_id=auth0|json' 'roles:=["rol_9999999999999999"]'
refuses 'no store' 3 'new.orgdb' "$orgdb" create new.orgdb user
nothing_left 'no store is made'

# update
does 'update an organization by its name' '^updated organization org_0000000000000001$' update small.orgdb organization acme \
	name=acme-inc 'metadata={"plan": "business"}' since:=2020
one 'the rest stays' '\{"kind": "organization", "id": "org_0000000000000001", "name": "acme-inc", "display_name": "Acme, Inc.", "metadata": \{"plan": "business"\}, "since": 2020\}' organization
does 'null removes' '^updated' update small.orgdb organization acme-inc '{"display_name": null, "since": null, "until": 2030}'
one 'known and unknown fields' '\{"kind": "organization", "id": "org_0000000000000001", "name": "acme-inc", "metadata": \{"plan": "business"\}, "until": 2030\}' organization
does 'null removes the last unknown field' '^updated' update small.orgdb organization acme-inc until:=null
does 'update a connection by its name' '^\{.*"display_name": "Password"\}$' update small.orgdb connection password display_name=Password --json
does 'update a role by its name' '^updated role rol_0000000000000002$' update small.orgdb role reader description=Reads
does 'update a user' '^updated user auth0\|json$' update small.orgdb user 'auth0|json' blocked=true
does 'a truth as null has its default' '^\{"kind": "user", "user_id": "auth0\|json", "name": "a\\"b", "blocked": false\}$' \
	update small.orgdb user 'auth0|json' blocked:=null --json
does 'update an application' '^updated application portal$' update small.orgdb application portal 'callbacks=["https://portal.example/"]'
expect 'what never changes, as it is' 0 '^updated' "$orgdb" update small.orgdb role reader id=rol_0000000000000002
update() { "$orgdb" update small.orgdb "$@"; }
refuses 'nothing to update' 2 'FIELD is missing' update organization acme-inc
refuses 'what never changes' 1 'organization.id never changes' update organization acme-inc id=org_0000000000000009
refuses 'a required field as null' 1 'organization.name' update organization acme-inc name:=null
refuses 'a name that another has' 1 'another organization has "initech"' update organization acme-inc name=initech
refuses 'nothing there' 1 'nowhere' update organization nowhere name=x
refuses 'no such connection' 1 'nowhere' update connection nowhere display_name=x
refuses 'an edge' 2 "KIND cannot be 'membership'" update membership x y=z

# enable, disable
does 'enable by names' '^created enabled_connection org_0000000000000002 con_0000000000000001$' enable small.orgdb initech password
one 'with the defaults' '.*"organization_id": "org_0000000000000002", "connection_id": "con_0000000000000001"\}' enabled_connection
does 'enable with options' '^updated enabled_connection' enable small.orgdb initech con_0000000000000001 \
	assign_membership_on_login=true is_signup_enabled=true
one 'which are changed' '.*_000000000000000[12]", "connection_id": "con_0000000000000001", "assign_membership_on_login": true, "is_signup_enabled": true\}' enabled_connection
does 'enable with --json' '^\{"kind": "enabled_connection", .*"show_as_button": false\}$' enable --json small.orgdb org_0000000000000002 acme-saml '{"show_as_button": false}'
does 'disable for a while' '^updated enabled_connection org_0000000000000002 con_0000000000000001$' disable --keep small.orgdb initech password
one 'it is kept' '.*"connection_id": "con_0000000000000001", "assign_membership_on_login": true, "is_signup_enabled": true, "is_enabled": false\}' enabled_connection
does 'enable again' '^updated' enable small.orgdb initech password
one 'it is offered again' '.*"connection_id": "con_0000000000000001", "assign_membership_on_login": true, "is_signup_enabled": true, "is_enabled": true\}' enabled_connection
does 'disable' '^deleted enabled_connection org_0000000000000002 con_0000000000000001$' disable small.orgdb initech password
does 'disable for an application' '^deleted application_connection portal con_0000000000000001$' disable --application small.orgdb portal password
does 'enable for an application' '^created application_connection portal con_0000000000000001$' enable small.orgdb --application portal password note=x
one 'with what is unknown' '.*"connection_id": "con_0000000000000001", "note": "x"\}' application_connection
place=org_0000000000000001
does 'let members in' "^created organization_application $place portal\$" enable small.orgdb --member-access $place portal
one 'they are let in' ".*\"$place\", \"client_id\": \"portal\", \"use_for_member_access\": true\}" organization_application
does 'for a while no more' "^updated organization_application $place portal\$" disable small.orgdb --member-access --keep $place portal
one 'they are not let in' '.*"use_for_member_access": false\}' organization_application
does 'no more' "^deleted organization_application $place portal\$" disable small.orgdb --member-access $place portal
check 'the place is gone' sh -c "! '$orgdb' dump small.orgdb --kind organization_application | grep -q ."
does 'a place without access' '"use_for_member_access": false\}$' enable small.orgdb --member-access $place portal use_for_member_access=false --json
enable() { "$orgdb" enable small.orgdb "$@"; }
disable() { "$orgdb" disable small.orgdb "$@"; }
refuses 'enable what is not there' 1 'nowhere' enable initech nowhere
refuses 'let members in nowhere' 1 'no application has the client_id "nowhere"' enable --member-access initech nowhere
refuses 'take away what was not given' 1 'there is no organization_application' disable --member-access initech portal
refuses 'two owners' 2 'different things' enable --member-access --application initech portal
refuses 'enable for nobody' 1 'nobody' enable nobody password
refuses 'enable against the rules' 1 'is_signup_enabled' enable initech google is_signup_enabled=true
refuses 'an end twice' 1 'organization_id: is an operand of its own' enable initech google organization_id=org_0000000000000001
refuses 'disable what is not enabled' 1 'org_0000000000000002' disable initech password
refuses 'keep for an application' 2 'for organizations only' disable --keep --application portal password

# add-member, remove-member
does 'add a member' '^created membership org_0000000000000002 auth0\|file$' add-member small.orgdb initech 'auth0|file'
does 'give a member roles' '^updated membership' add-member small.orgdb initech 'auth0|file' --role admin --role rol_0000000000000002
one 'by id and by name' '.*"user_id": "auth0\|file", "roles": \["rol_0000000000000001", "rol_0000000000000002"\]\}' membership
does 'add a member with a role' '^\{.*"user_id": "auth0\|pipe", "roles": \["rol_0000000000000001"\]\}$' \
	add-member small.orgdb org_0000000000000002 'auth0|pipe' --role=admin --json
does 'take a role away' '^updated membership' remove-member small.orgdb initech 'auth0|file' --role admin
one 'the others stay' '.*"user_id": "auth0\|file", "roles": \["rol_0000000000000002"\]\}' membership
does 'remove a member' '^deleted membership org_0000000000000002 auth0\|file$' remove-member small.orgdb initech 'auth0|file'
add() { "$orgdb" add-member small.orgdb "$@"; }
remove() { "$orgdb" remove-member small.orgdb "$@"; }
refuses 'a member already' 1 'there is a membership' add initech 'auth0|pipe'
refuses 'a role that is not there' 1 'nowhere' add initech 'auth0|file' --role admin --role nowhere
refuses 'nobody' 1 'auth0\|nobody' add initech 'auth0|nobody'
refuses 'nobody to remove' 1 'there is no membership' remove initech 'auth0|file'
refuses 'a role that the member does not have' 1 'does not have the role' remove initech 'auth0|pipe' --role admin --role reader

# delete
delete() { "$orgdb" delete small.orgdb "$@"; }
refuses 'delete asks, and nobody is there' 2 'there is nobody to ask' delete organization acme-inc
says 'it says what would go' '^this would delete organization org_0000000000000001$'
says 'and how to do it' '--yes deletes without asking'
"$orgdb" dump small.orgdb >before.jsonl
expect 'delete on trial' 0 '^would delete organization org_0000000000000001$' "$orgdb" delete --dry-run small.orgdb organization acme-inc
says 'and what would go with it' '^  memberships +2$'
expect 'delete on trial, as JSON' 0 '"memberships": 2, "member_roles": 2, "enabled_connections": 2, "application_connections": 0, "organization_applications": 1, "roles": 0, "discovery_domains": 0, "invitations": 0, "deleted": false\}' \
	"$orgdb" delete --dry-run --json small.orgdb organization acme-inc
if have_python; then
	on_terminal() { python3 "$here/terminal.py" "$@"; }
	asked() { on_terminal --expect '[y/N]' --answer "$@" "$orgdb" delete small.orgdb organization acme-inc; }
	for answer in n '' yess; do
		expect_status=$(asked "$answer" >out 2>err; echo $?)
		says "on a terminal it asks, and '$answer' is no" 'Nothing was deleted'
		check "'$answer' ends it with 1" test "$expect_status" -eq 1
	done
	on_terminal --signal '[y/N]' INT "$orgdb" delete small.orgdb organization acme-inc >out 2>err
	check 'so does Ctrl-C' test $? -eq 130
	"$orgdb" dump small.orgdb >after.jsonl
	check 'nothing has changed so far' cmp before.jsonl after.jsonl
	# While the question waits, somebody else writes, which is not kept waiting.
	python3 "$here/terminal.py" --run '[y/N]' "'$orgdb' add-member small.orgdb acme-inc 'auth0|file' >/dev/null" \
		--expect '' --answer y "$orgdb" delete small.orgdb organization acme-inc >out 2>err
	status=$?
	says 'what changes while it asks is noticed' 'has changed since you were asked; nothing was deleted'
	check 'and ends it' test $status -eq 1
	expect 'the organization is there' 0 '"acme-inc"' "$orgdb" dump small.orgdb
	check 'a yes deletes' asked y
	says 'and says what went' '^deleted organization org_0000000000000001'
	says 'all of it' '^  memberships +3'
	expect 'it is gone' 0 '^organization +2$' "$orgdb" stat small.orgdb
else
	skip 'delete asks' 'no python3'
	"$orgdb" delete --yes small.orgdb organization acme-inc >/dev/null
fi
expect 'delete as JSON' 0 '^\{"kind": "role", "id": "rol_0000000000000001", .*"member_roles": 2, .*"deleted": true\}$' \
	"$orgdb" delete --yes --json small.orgdb role admin
expect 'delete a connection by its name' 0 '^deleted connection con_0000000000000001$' "$orgdb" delete --yes small.orgdb connection password
expect 'all is sound' 0 '^clean' "$orgdb" check small.orgdb
finish
