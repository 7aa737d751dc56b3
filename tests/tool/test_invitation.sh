#!/bin/sh
# Invitations: in and out, accepted and swept; secrets are shown to those who ask for them.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
ticket=0123456789ABCDEFGHIJKLMNOPQRSTUV
cat >invitations.jsonl <<JSON
{"kind": "invitation", "id": "uinv_0000000000000001", "organization_id": "org_0000000000000002", "inviter": {"name": "The \"board\" ü"}, "invitee": {"email": "user-01@example.com"}, "client_id": "portal", "connection_id": "con_0000000000000001", "roles": ["rol_0000000000000001", "rol_0000000000000002"], "app_metadata": {"a": [1]}, "user_metadata": {}, "send_invitation_email": false, "ttl_sec": 86400, "created_at": "2020-01-01T00:00:00Z", "expires_at": "2020-01-02T00:00:00.000Z", "ticket_id": "$ticket", "invitation_url": "https://login.example.com/?invitation=$ticket", "kept": null}
{"kind": "invitation", "id": "uinv_0000000000000002", "organization_id": "org_0000000000000001", "inviter": {"name": "x"}, "invitee": {"email": "a@b"}, "client_id": "portal", "ttl_sec": 0, "created_at": "2020-01-01T00:00:00.001Z", "expires_at": "2020-01-31T00:00:00.001Z", "ticket_id": "0123456789ABCDEFGHIJKLMNOPQRSTUW"}
JSON
expect 'load' 0 '^invitation +2$' "$orgdb" load small.orgdb invitations.jsonl
"$orgdb" dump --kind invitation small.orgdb >dumped.jsonl
check 'dump gives the same bytes, tickets too' cmp invitations.jsonl dumped.jsonl
expect 'load over them' 0 '^invitation +2 ' "$orgdb" load --upsert small.orgdb invitations.jsonl
"$orgdb" dump --kind invitation small.orgdb >dumped.jsonl
check 'nothing has changed' cmp invitations.jsonl dumped.jsonl
sed 's/"roles": \["rol_0000000000000001", /"roles": [/' invitations.jsonl >changed.jsonl
expect 'load over them what differs' 1 'invitation.roles never changes' "$orgdb" load --upsert small.orgdb changed.jsonl
expect 'check' 0 '^clean' "$orgdb" check small.orgdb
expect 'stat' 0 '^invitation +2$' "$orgdb" stat small.orgdb

# Secrets
hides() {
	expect "$1" 0 '"ticket_id": "\(secret\)", "invitation_url": "\(secret\)"' "$@"
	if cat out err | grep -q "$ticket"; then fail "$1" 'shows the ticket'; fi
}
hides "$orgdb" get small.orgdb invitation uinv_0000000000000001
hides "$orgdb" list --json small.orgdb invitation
expect 'list shows no ticket' 0 '^uinv_0000000000000001 +org_0000000000000002 +portal$' "$orgdb" list small.orgdb invitation
if grep -q "$ticket" out; then fail 'list' 'shows the ticket'; fi
expect 'get --secrets' 0 "\"ticket_id\": \"$ticket\", \"invitation_url\": \"https:" \
	"$orgdb" get --secrets small.orgdb invitation uinv_0000000000000001
expect 'list --secrets' 0 "\"ticket_id\": \"$ticket\"" "$orgdb" list --json --secrets small.orgdb invitation
sed "s/$ticket/0000000000000000000000000000TICK/g" small.jsonl invitations.jsonl >other.jsonl
"$orgdb" load other.orgdb other.jsonl >/dev/null
"$orgdb" diff small.orgdb other.orgdb >out 2>err
says 'diff' '"id": "uinv_0000000000000001", "before": \{"ticket_id": "\(secret\)", .*"after": \{"ticket_id": "\(secret\)"'
"$orgdb" diff --secrets small.orgdb other.orgdb >out 2>err
says 'diff --secrets' "\"before\": \\{\"ticket_id\": \"$ticket\", .*\"after\": \\{\"ticket_id\": \"0.*TICK\""

# One organization
"$orgdb" dump --organization initech small.orgdb >initech.jsonl
check 'its invitation and what it names' test "$(grep -Ec '"(invitation|application)"|"con_0000000000000001"|"rol_' initech.jsonl)" -ge 5
if grep -q uinv_0000000000000002 initech.jsonl; then fail 'its invitation' 'has that of another'; fi
expect 'a dump of one organization loads' 0 '^invitation +1$' "$orgdb" load initech.orgdb initech.jsonl
"$orgdb" dump initech.orgdb >again.jsonl
check 'and is the same' cmp initech.jsonl again.jsonl

# create
create() { "$orgdb" create small.orgdb invitation organization_id=org_0000000000000001 client_id=portal \
	'inviter={"name": "Clerk"}' "invitee={\"email\": \"user-02@example.com\"}" "$@"; }
expect 'create' 0 '^created invitation uinv_[A-Za-z0-9]{16}$' create
expect 'create --json' 0 '"created_at": "20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z", "expires_at": .*"ticket_id": "\(secret\)"\}$' \
	create --json
expect 'create --json --secrets' 0 '"ticket_id": "[A-Za-z0-9]{32}"\}$' create --json --secrets ttl_sec=60
made=$(sed 's/.*"ticket_id": "\([^"]*\)".*/\1/' out)
expect 'a passwordless connection' 1 'there is no|no connection has' create connection_id=con_0000000000000009
expect 'a connection that is not enabled' 1 'is not enabled for the organization "org_0000000000000001"' \
	create connection_id=con_0000000000000001
expect 'a role that is not there' 1 'no role has the id "rol_0000000000000009"' create 'roles=["rol_0000000000000009"]'
expect 'too long' 1 'invitation.ttl_sec must be' create ttl_sec=2592001
expect 'not a number' 1 'invitation.ttl_sec: expected a whole number .*got the text' create 'ttl_sec:="60"'
expect 'a ticket that is there' 1 'invitation.ticket_id: another invitation has' create "ticket_id=$ticket"
if grep -q "$ticket" err; then fail 'a ticket that is there' 'is told'; fi
expect 'a change' 1 'invitation.client_id never changes' \
	"$orgdb" update small.orgdb invitation uinv_0000000000000001 client_id=other
expect 'a note' 0 '"note": "x"' "$orgdb" update --json small.orgdb invitation uinv_0000000000000002 note=x

# accept
user='auth0|000000000000000000000001'
expect 'expired' 1 'invitation "uinv_0000000000000001" expired at 2020-01-02T00:00:00.000Z' \
	"$orgdb" accept small.orgdb $ticket "$user"
expect 'a wrong ticket' 1 'no invitation has this ticket' "$orgdb" accept small.orgdb ${ticket}x "$user"
expect 'another user' 1 'for another email' \
	"$orgdb" accept --now 1577836800 small.orgdb $ticket 'auth0|000000000000000000000002'
expect 'no user' 1 'no user has' "$orgdb" accept --now 1577836800 small.orgdb $ticket nobody
expect 'a connection that is not enabled any more' 1 'connection "con_0000000000000001" is not enabled' \
	"$orgdb" accept --now 1577836800 small.orgdb $ticket "$user"
"$orgdb" enable small.orgdb initech password >/dev/null
expect 'no ticket' 1 'standard input: expected a ticket' "$orgdb" accept small.orgdb - "$user" </dev/null
echo $ticket >ticket
expect 'accept' 0 '^accepted membership org_0000000000000002 auth0\|0+1$' \
	sh -c "'$orgdb' accept --now 1577836800 small.orgdb - '$user' <ticket"
expect 'it is gone' 1 'no invitation has this ticket' "$orgdb" accept --now 1577836800 small.orgdb $ticket "$user"
expect 'the roles' 0 '"user_id": "auth0\|0+1",.*"rol_0000000000000001".*"rol_0000000000000002"' \
	"$orgdb" members --json small.orgdb initech
expect 'the metadata' 0 '"app_metadata": \{"a": \[1\]\}' "$orgdb" get small.orgdb user "$user"
"$orgdb" update small.orgdb user 'auth0|000000000000000000000002' email=USER-02@example.com >/dev/null
expect 'accept by the clock' 0 '"organization_id": "org_0000000000000001", "user_id": "auth0\|0+2"\}$' \
	"$orgdb" accept --json small.orgdb "$made" 'auth0|000000000000000000000002'

# sweep
expect 'nothing to sweep' 0 '^removed 0 expired invitations$' "$orgdb" sweep --limit 0 small.orgdb
expect 'not yet' 0 '^removed 0 expired invitations$' "$orgdb" sweep --now 1580428800 small.orgdb
expect 'sweep' 0 '^removed 1 expired invitation$' "$orgdb" sweep small.orgdb
expect 'sweep the rest' 0 '^\{"removed": 2\}$' "$orgdb" sweep --json --now 4000000000 small.orgdb
awk 'BEGIN { for (i = 0; i < 2500; i++) printf "{\"kind\": \"invitation\", \"organization_id\": \"org_0000000000000001\", \"inviter\": {\"name\": \"x\"}, \"invitee\": {\"email\": \"a@b\"}, \"client_id\": \"portal\", \"created_at\": \"2020-01-01T00:00:00Z\", \"ticket_id\": \"%032d\"}\n", i }' >many.jsonl
"$orgdb" load small.orgdb many.jsonl >/dev/null
expect 'sweep some of many' 0 '^removed 1200 expired' "$orgdb" sweep --limit 1200 small.orgdb
expect 'sweep many' 0 '^removed 1300 expired' "$orgdb" sweep small.orgdb
expect 'all is well' 0 '^clean' "$orgdb" check small.orgdb

# delete
"$orgdb" load small.orgdb invitations.jsonl >/dev/null
expect 'revoke' 0 '^deleted invitation uinv_0000000000000002' "$orgdb" delete --yes small.orgdb invitation uinv_0000000000000002
expect 'what would go with the application' 0 '^  invitations +1$' "$orgdb" delete --dry-run small.orgdb application portal
expect 'it goes with its organization' 0 '"invitations": 1, "deleted": true' \
	"$orgdb" delete --yes --json small.orgdb organization initech
expect 'check again' 0 '^clean' "$orgdb" check small.orgdb
finish
