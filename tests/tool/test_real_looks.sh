#!/bin/sh
# Looking into real tenants: organizations by themselves, backups, differences. The data is not part of the project.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/common.sh"

# looks NAME FILE [OPTION]...
looks() {
	name=$1 file=$2
	shift 2
	"$orgdb" load "$@" "$name.orgdb" "$file" >/dev/null
	"$orgdb" dump "$name.orgdb" >all.jsonl
	"$orgdb" list "$name.orgdb" organization | cut -d' ' -f1 >organizations
	check "$name: has organizations" test -s organizations
	: >edges
	bad=0
	while read -r organization; do
		rm -f part.orgdb*
		"$orgdb" dump "$name.orgdb" --organization "$organization" >part.jsonl
		"$orgdb" load part.orgdb part.jsonl >out 2>err && "$orgdb" dump part.orgdb | cmp -s - part.jsonl || bad=$((bad + 1))
		grep -E '^\{"kind": "(enabled_connection|membership)"' part.jsonl >>edges
	done <organizations
	check "$name: every organization loads by itself" test $bad -eq 0
	grep -E '^\{"kind": "(enabled_connection|membership)"' all.jsonl | sort >wanted
	sort edges >got
	check "$name: together they have all edges" cmp got wanted

	for option in '' --compact; do
		# shellcheck disable=SC2086
		check "$name: copy $option" "$orgdb" copy "$name.orgdb" "copy$option.orgdb" $option
		check "$name: nothing differs" "$orgdb" diff "$name.orgdb" "copy$option.orgdb"
		"$orgdb" dump "copy$option.orgdb" | cmp -s - all.jsonl
		check "$name: the copy dumps the same" test $? -eq 0
	done
	# What a delete says went is what differs.
	organization=$(head -1 organizations)
	"$orgdb" delete copy.orgdb organization "$organization" --yes >gone 2>/dev/null || "$orgdb" delete copy.orgdb organization "$organization" >gone
	"$orgdb" diff "$name.orgdb" copy.orgdb >differences
	check "$name: an organization is gone" grep -q "^{\"change\": \"removed\", \"kind\": \"organization\", \"id\": \"$organization\"" differences
	check "$name: with all its edges" test "$(wc -l <differences)" -eq "$(grep -c "^{\"kind\": \"[a-z_]*\", \"\(organization_\)*id\": \"$organization\"" all.jsonl)"
	check "$name: and nothing else" sh -c "! grep -qv '\"change\": \"removed\"' differences"
	"$orgdb" dump --raw "$name.orgdb" >raw
	check "$name: rows" test "$(wc -l <raw)" -gt "$(wc -l <all.jsonl)"
	check "$name: objects are MessagePack" sh -c "! grep -E '\"table\": \"(users|organizations)\"' raw | grep -qv msgpack"
	rm -f copy*.orgdb*
}

for tenant in kubernetes-orgs auth0-tenant; do
	if [ -r "$data/$tenant.jsonl" ]; then
		looks $tenant "$data/$tenant.jsonl"
	else
		skip "$tenant" "$data/$tenant.jsonl is not there"
	fi
done
finish
