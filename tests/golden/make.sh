#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the golden store of the format that ORGDB writes, and what it holds as JSON Lines: sh make.sh ORGDB
# Only while a format is new: those of formats that were ever released stay as they are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${1:-}" ] || { echo "usage: sh make.sh ORGDB" >&2; exit 2; }
orgdb=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# What a generated tenant has not: large values, ids longer than a key, attributes of edges, fields that orgdb does not know.
extras='BEGIN {
	for (i = 0; i < 5000; i++) large = large "x"
	for (i = 0; i < 240; i++) long = long "u"
	id = "samlp|" long "|" long "|" long
	for (i = 0; i < 4; i++) {
		printf "{\"kind\": \"connection\", \"id\": \"con_golden000000000%d\", \"name\": \"golden-%d\", ", i, i
		printf "\"strategy\": \"samlp\", \"options\": {\"certificate\": \"%s%d\"}, \"unknown\": [1, null, 2.5]}\n", large, i
		printf "{\"kind\": \"application_connection\", \"client_id\": \"%s\", ", application
		printf "\"connection_id\": \"con_golden000000000%d\", \"since\": %d}\n", i, i
		printf "{\"kind\": \"user\", \"user_id\": \"%s%d\", \"name\": \"\u00fcber\", \"blocked\": true}\n", id, i
		printf "{\"kind\": \"membership\", \"organization_id\": \"%s\", \"user_id\": \"%s%d\", \"since\": %d}\n", \
			organization, id, i, i
		printf "{\"kind\": \"enabled_connection\", \"organization_id\": \"%s\", ", organization
		printf "\"connection_id\": \"con_golden000000000%d\", \"is_enabled\": false, \"since\": %d}\n", i, i
	}
	printf "{\"kind\": \"email_template\", \"template\": \"welcome_email\", \"from\": \"\", \"subject\": \"\u00fcber\", "
	printf "\"body\": \"%s\", \"urlLifetimeInSeconds\": 4294967296, \"unknown\": null}\n", large
	printf "{\"kind\": \"organization_application\", \"organization_id\": \"%s\", ", organization
	printf "\"client_id\": \"%s\", \"use_for_member_access\": true, \"since\": 1}\n", application
	for (i = 0; i < 3; i++) {
		printf "{\"kind\": \"invitation\", \"id\": \"uinv_golden000000000%d\", \"organization_id\": \"%s\", ", i, organization
		printf "\"inviter\": {\"name\": \"golden\"}, \"invitee\": {\"email\": \"golden-%d@example.com\"}, ", i
		printf "\"client_id\": \"%s\", \"connection_id\": \"con_golden000000000%d\", \"roles\": [\"%s\"], ", application, i, role
		printf "\"created_at\": \"2026-11-2%dT00:00:00.000Z\", \"expires_at\": \"2026-12-01T00:00:00.000Z\", ", i
		printf "\"ticket_id\": \"GoldenTicketGoldenTicketGolden0%d\", \"since\": %d}\n", i, i
	}
}'

# ids KIND FIELD: of all of a kind.
ids() { "$orgdb" dump golden.orgdb | sed -n "s/^{\"kind\": \"$1\", \"$2\": \"\([^\"]*\)\".*/\1/p"; }

"$orgdb" generate --organizations 33 --users 500 --memberships 1000 | "$orgdb" load golden.orgdb
# Some are deleted again, so that there are free pages and ordinals that nothing has.
ids organization id | sed -n '11p;22p;33p' | while read -r organization; do
	"$orgdb" delete --yes golden.orgdb organization "$organization"
done
ids user user_id | awk 'NR % 10 == 0' | while read -r user; do
	"$orgdb" delete --yes golden.orgdb user "$user"
done
awk -v organization="$(ids organization id | head -1)" -v application="$(ids application client_id | head -1)" \
	-v role="$(ids role id | head -1)" "$extras" |
	"$orgdb" load golden.orgdb
"$orgdb" check golden.orgdb
format=$("$orgdb" stat golden.orgdb | sed -n 's/^format version *//p')
"$orgdb" dump golden.orgdb >"$here/format-$format.jsonl"
cp golden.orgdb "$here/format-$format.orgdb"
"$orgdb" stat golden.orgdb
