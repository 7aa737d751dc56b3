#!/bin/sh
# Real tenants: load, check, look up, round trip, delete. The data is not part of the project.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"
tenant=$data/auth0-tenant.jsonl
kubernetes=$data/kubernetes-orgs.jsonl

# same_twice NAME FILE [OPTION]...: load, check, and load the dump again.
same_twice() {
	name=$1 file=$2
	shift 2
	check "$name: load" "$orgdb" load "$@" "$name.orgdb" "$file"
	expect "$name: check" 0 '^clean' "$orgdb" check "$name.orgdb"
	"$orgdb" dump "$name.orgdb" >one.jsonl
	check "$name: load the dump" "$orgdb" load "$name-2.orgdb" one.jsonl
	"$orgdb" dump "$name-2.orgdb" >two.jsonl
	check "$name: the second dump has the same bytes" cmp one.jsonl two.jsonl
	check "$name: load in parts" "$orgdb" load "$@" --batch 100 "$name-3.orgdb" "$file"
	check "$name: load over it" "$orgdb" load "$@" --upsert --batch 70 "$name-3.orgdb" "$file"
	"$orgdb" dump "$name-3.orgdb" >two.jsonl
	check "$name: that has the same bytes" cmp one.jsonl two.jsonl
	expect "$name: it is sound" 0 '^clean' "$orgdb" check "$name-3.orgdb"
	if have_python; then
		check "$name: the dump is the same data" python3 "$here/compare.py" "$file" one.jsonl
	else
		skip "$name: the dump is the same data" "no python3"
	fi
}

if [ -r "$tenant" ]; then
	same_twice tenant "$tenant"
	expect 'tenant: counts' 0 '^organization +67$' "$orgdb" stat tenant.orgdb
	expect 'tenant: a skipped kind is counted' 0 '^email_template +2  skipped$' \
		"$orgdb" load --skip email_template again.orgdb "$tenant"
	expect 'tenant: email templates' 0 '^email_template +2$' "$orgdb" stat tenant.orgdb
	if have_liquid; then
		client=$(sed -n 's/^{"kind": "application", "client_id": "\([^"]*\)".*/\1/p' one.jsonl | head -1)
		name=$("$orgdb" get tenant.orgdb application "$client" | sed 's/.*"name": "\([^"]*\)".*/\1/')
		expect 'tenant: render a mail' 0 "^ *<h1>Welcome to $name!</h1>\$" "$orgdb" render tenant.orgdb verify_email \
			--application "$client" --set url=https://example.com/verify
		says 'tenant: with its link' 'href="https://example.com/verify">Confirm my account'
	else
		skip 'tenant: render a mail' 'no ruby with liquid'
	fi
	# Every application in every organization that has a connection can be looked up.
	client=$(sed -n 's/.*"kind": "application_connection", "client_id": "\([^"]*\)".*/\1/p' one.jsonl | head -1)
	for organization in $(sed -n 's/^{"kind": "enabled_connection", "organization_id": "\([^"]*\)".*/\1/p' one.jsonl | sort -u); do
		expect "tenant: look up $organization" 0 'organization|both' "$orgdb" lookup tenant.orgdb "$client" "$organization"
	done
else
	skip 'the recorded tenant' "$tenant is not there"
fi

if [ -r "$kubernetes" ]; then
	same_twice kubernetes "$kubernetes"
	expect 'kubernetes: look up' 0 '^github +github +social +both +yes ' \
		"$orgdb" lookup kubernetes.orgdb K8sCommunityPortal0000000000000a kubernetes
	members=$(grep -c "\"membership\", \"organization_id\": \"$(sed -n 's/.*"organization", "id": "\([^"]*\)", "name": "kubernetes".*/\1/p' one.jsonl)\"" one.jsonl)
	expect 'kubernetes: delete the organization' 0 "^  memberships +$members\$" \
		"$orgdb" delete --yes kubernetes.orgdb organization kubernetes
	[ "$members" -gt 0 ] || fail 'kubernetes: members' 'none were found'
	expect 'kubernetes: all users stay' 0 '^user +1509$' "$orgdb" stat kubernetes.orgdb
	expect 'kubernetes: all roles stay' 0 '^role +633$' "$orgdb" stat kubernetes.orgdb
	expect 'kubernetes: 7 organizations stay' 0 '^organization +7$' "$orgdb" stat kubernetes.orgdb
	expect 'kubernetes: the other memberships stay' 0 "^membership +$((2666 - members))\$" "$orgdb" stat kubernetes.orgdb
	expect 'kubernetes: check' 0 '^clean' "$orgdb" check kubernetes.orgdb
	expect 'kubernetes: it is gone' 1 'kubernetes' \
		"$orgdb" lookup kubernetes.orgdb K8sCommunityPortal0000000000000a kubernetes
else
	skip 'the kubernetes organizations' "$kubernetes is not there"
fi
finish
