#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Mails of a real shape, rendered by real Liquid: the three templates that organizations make their own, for organizations
# with and without branding and metadata, and with text that would break the HTML were it not escaped.
# usage: run.sh ORGDB [renew]     renew writes what comes out into expected/, to be read before it is believed
here=$(cd "$(dirname "$0")" && pwd) || exit 2
renew=${2:-}
set -- "$1" ''
. "$here/../tool/common.sh"
have_liquid || { echo 'SKIP templates: ruby and ruby-liquid are not both here' && exit 77; }

"$orgdb" load tenant.orgdb "$here/tenant.jsonl" >/dev/null || exit 2
for template in welcome_email reset_email user_invitation; do
	check "create $template" "$orgdb" create tenant.orgdb email_template "template=$template" from= enabled=true \
		"subject=$(cat "$here/$template.subject")" "body=$(cat "$here/$template.html")"
done

# renders NAME TEMPLATE OPTION...: the mail is the one in expected/.
renders() {
	name=$1
	shift
	"$orgdb" render tenant.orgdb "$@" >"$name.txt" 2>err || fail "$name" "ended with $?"
	[ -z "$renew" ] || cp "$name.txt" "$here/expected/"
	check "$name" diff -u "$here/expected/$name.txt" "$name.txt"
}
first='auth0|000000000000000000000001' second='auth0|000000000000000000000002' third='auth0|000000000000000000000003'
tenant() { renders "$@" --set friendly_name='Example & Co' --set support_email=help@example.com --set support_url='https://example.com/help?a&b'; }

tenant welcome-branded welcome_email --organization branded --application portal_1 --user "$first"
tenant welcome-plain welcome_email --organization plain --application portal_1 --user "$second" --set request_language=de
tenant welcome-awkward welcome_email --organization awkward --application awkward-1 --user "$third"
tenant welcome-alone welcome_email --application portal_1 --user "$first"
url='https://login.example.com/reset?ticket=a&b="c"#d'
renders reset-branded reset_email --organization branded --application portal_1 --user "$first" --set "url=$url" \
	--connection staff-directory --set tenant=acme --set custom_domain=login.acme.example
renders reset-plain reset_email --organization plain --application portal_1 --user "$second" --set "url=$url"
renders reset-awkward reset_email --organization awkward --application awkward-1 --user "$third" --set "url=$url" --set tenant='<t>'
renders reset-alone reset_email --application portal_1 --user "$first" --set "url=$url"
renders invitation-branded user_invitation --organization branded --application portal_1 --email new@example.com \
	--inviter 'The front desk' --role Administrator --role rol_0000000000000002 --set "url=$url"
renders invitation-plain user_invitation --organization plain --application portal_1 --email new@example.com \
	--inviter 'The front desk' --set "url=$url"
renders invitation-awkward user_invitation --organization awkward --application awkward-1 --email "o'new@example.com" \
	--inviter 'The "front" <desk> & 😀
second line' --role '"Reader" 📖' --set "url=$url"

# No text of a tenant's makes a tag of its own, and no subject a second header.
for name in welcome-awkward reset-awkward invitation-awkward; do
	check "$name: nothing gets out of its place" sh -c "! tail -n +2 $name.txt | grep -E '<script|<b>bold|<desk>|<&>|^Bcc|href=\"[^\"]*\"c'"
	check "$name: the subject is one line" sh -c "sed -n 2p $name.txt | grep -qx '' && head -1 $name.txt | grep -q '^Subject: '"
done
finish
