#!/bin/sh
# What organizations own: roles and discovery domains, in and out, and where email addresses lead.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
make_small
acme=org_0000000000000001

# Lines that come before their owners wait, and go before what refers to them.
cat >early.jsonl <<'JSON'
{"kind": "role", "id": "rol_000000000000000a", "name": "admin", "type": "organization", "owner_id": "org_000000000000000a"}
{"kind": "discovery_domain", "organization_id": "org_000000000000000b", "domain": "b.example"}
{"kind": "user", "user_id": "auth0|1"}
{"kind": "role", "id": "rol_000000000000000b", "name": "admin", "type": "organization", "owner_id": "org_000000000000000b"}
{"kind": "organization", "id": "org_000000000000000a", "name": "a"}
{"kind": "membership", "organization_id": "org_000000000000000a", "user_id": "auth0|1", "roles": ["rol_000000000000000a"]}
{"kind": "organization", "id": "org_000000000000000b", "name": "b"}
JSON
expect 'load what comes before its owner' 0 '^total +7$' "$orgdb" load early.orgdb early.jsonl
expect 'that is sound' 0 '^clean' "$orgdb" check early.orgdb
"$orgdb" dump early.orgdb >late.jsonl
check 'a dump needs no waiting' sh -c "head -3 late.jsonl | grep -vq owner_id && ! grep -n owner_id late.jsonl | grep -q '^[123]:'"
for size in 1 2 3 5 100; do
	rm -f parts.orgdb*
	expect "load it in parts of $size" 0 '^total +7$' "$orgdb" load --batch $size parts.orgdb early.jsonl
	expect "from a pipe in parts of $size" 0 '^total +7 +0 new +7 there already$' \
		sh -c "cat early.jsonl | '$orgdb' load --upsert --batch $size parts.orgdb"
	expect "both are sound: $size" 0 '^clean' "$orgdb" check parts.orgdb
done
sed '$d' early.jsonl >orphans.jsonl
expect 'an owner that never comes' 1 'orphans.jsonl:2: discovery_domain.organization_id: no organization has the id "org_000000000000000b"' \
	"$orgdb" load new.orgdb orphans.jsonl
nothing_left 'nothing of a load with orphans'
expect 'an owner that never comes, in parts' 1 'orphans.jsonl:2: discovery_domain.organization_id' "$orgdb" load --batch 2 orphans.orgdb orphans.jsonl
says 'which lines are not loaded' 'Line 4 is not loaded: it waits for the organization that owns its object.'
says 'and which are' 'The other lines 1 to 6 are loaded'
expect 'what is loaded is sound' 0 '^clean' "$orgdb" check orphans.orgdb

# Roles.
expect 'a role of an organization' 0 '^created role rol_' "$orgdb" create small.orgdb role id=rol_00000000000000aa \
	name=admin type=organization owner_id=$acme
expect 'list what it owns' 0 '^rol_00000000000000aa +admin' "$orgdb" list small.orgdb role --organization acme
check 'and nothing else' test "$(grep -c . out)" = 1
expect 'list of what nobody owns' 2 'organizations own no users' "$orgdb" list small.orgdb user --organization acme
expect 'a role without its type' 1 'role.type must be "organization"' "$orgdb" create small.orgdb role name=x owner_id=$acme
expect 'a role without its owner' 1 'role.owner_id is required' "$orgdb" create small.orgdb role name=x type=organization
expect 'a role of nobody' 1 'role.owner_id: no organization has the id' "$orgdb" create small.orgdb role name=x \
	type=organization owner_id=org_9999999999999999
expect 'to another organization it cannot be given' 1 "the role \"rol_00000000000000aa\" is another organization's own" \
	"$orgdb" add-member small.orgdb initech 'auth0|000000000000000000000002' --role rol_00000000000000aa
"$orgdb" dump --kind role small.orgdb >roles.jsonl
expect 'upsert finds it by its name' 0 '^role +1 +0 new +1 there already' sh -c \
	"echo '{\"kind\": \"role\", \"name\": \"admin\", \"type\": \"organization\", \"owner_id\": \"$acme\"}' | '$orgdb' load --upsert small.orgdb"
"$orgdb" dump --kind role small.orgdb >again.jsonl
check 'and changes nothing' cmp roles.jsonl again.jsonl
expect 'update' 0 '"type": "organization"' "$orgdb" update --json small.orgdb role rol_00000000000000aa name=boss
expect 'its owner stays' 1 'role.owner_id never changes' "$orgdb" update small.orgdb role rol_00000000000000aa owner_id=org_0000000000000002

# Discovery domains.
expect 'a domain' 0 '"domain": "Acme.example", "status": "pending", .*"verification_host": "_ss-verification.org_0000000000000001.Acme.example"' \
	"$orgdb" create --json small.orgdb discovery_domain id=ord_000000000000000000000a organization_id=$acme domain=Acme.example status=pending
expect 'leads nowhere yet' 0 '^it leads to no organization$' "$orgdb" discover small.orgdb someone@acme.example
expect 'verify it' 0 '^updated' "$orgdb" update small.orgdb discovery_domain ord_000000000000000000000a status=verified
expect 'once more' 1 'another discovery_domain has "acme.example"' \
	"$orgdb" create small.orgdb discovery_domain organization_id=$acme domain=acme.example
expect 'leads to its organization' 0 '^acme \(org_0000000000000001\)$' "$orgdb" discover small.orgdb someone@ACME.example
says 'and its enterprise connections' '^  acme-saml  samlp  con_0000000000000003$'
expect 'as JSON' 0 '^\{"id": "org_0000000000000001", "name": "acme", "display_name": "Acme, Inc.", "connections": \[\{"id": "con_0000000000000003", "name": "acme-saml", "strategy": "samlp"\}\], "connection_count": 1\}$' \
	"$orgdb" discover small.orgdb acme.example --json
expect 'with an application' 0 '^organizations +one$' "$orgdb" discover small.orgdb a@acme.example --application portal
says 'the merged connections' '^google .* both '
expect 'with an application, as JSON' 0 '^\{"organizations": "one", "organization_id": "org_0000000000000001", "choices": \[\], "connections": \[\{"id": "con_0000000000000001", .*"from": "both"' \
	"$orgdb" discover small.orgdb a@acme.example --application portal --json
expect 'with an application, elsewhere' 0 '^organizations +none$' "$orgdb" discover small.orgdb a@example.org --application portal
says 'its own connections' '^connections +2$'
"$orgdb" create small.orgdb discovery_domain organization_id=org_0000000000000002 domain=acme.example status=verified >/dev/null
expect 'two of them' 0 '^organizations +several$' "$orgdb" discover small.orgdb a@acme.example --application portal
says 'to choose among' '^initech \(org_0000000000000002\)$'
expect 'two of them, as JSON' 0 '^\{"organizations": "several", "choices": \[\{"id": "org_0000000000000001".*\{"id": "org_0000000000000002".*\], "connections": \[\]\}$' \
	"$orgdb" discover small.orgdb a@acme.example --application portal --json
expect 'no such application' 1 'no application has the client_id "x"' "$orgdb" discover small.orgdb a@acme.example --application x

# In and out.
"$orgdb" dump small.orgdb >dump.jsonl
check 'a dump loads' "$orgdb" load copy.orgdb dump.jsonl
"$orgdb" dump copy.orgdb >again.jsonl
check 'and gives the same bytes' cmp dump.jsonl again.jsonl
"$orgdb" update copy.orgdb discovery_domain ord_000000000000000000000a use_for_organization_discovery=false >/dev/null
"$orgdb" diff small.orgdb copy.orgdb >out 2>err
says 'diff' '"kind": "discovery_domain", "id": "ord_000000000000000000000a", .*"after": \{"use_for_organization_discovery": false\}'
expect 'stat counts them' 0 '^discovery_domain +2$' "$orgdb" stat small.orgdb
expect 'they go with their organization' 0 '"roles": 1, "discovery_domains": 1, "invitations": 0, "deleted": true' \
	"$orgdb" delete --yes --json small.orgdb organization acme
expect 'what is left is sound' 0 '^clean' "$orgdb" check small.orgdb

# Made up ones.
check 'generate' sh -c "'$orgdb' generate --organizations 40 --own-roles 30 --domains 20 >made.jsonl"
expect 'load them' 0 '^discovery_domain +20$' "$orgdb" load made.orgdb made.jsonl
says 'the roles too' '^role +38$'
expect 'they are sound' 0 '^clean' "$orgdb" check made.orgdb
expect 'they lead somewhere' 0 '^library-1 ' "$orgdb" discover made.orgdb clerk-1@library-1.example
expect 'no more than organizations' 2 'domains: expected at most 5, got 6' "$orgdb" generate --organizations 5 --domains 6
finish
