/*
 * The header with every macro of it in use, for the strictest warnings to look at. Valid C and C++.
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>

int main(void)
{
	const orgdb_options options = ORGDB_OPTIONS_INIT;
	const orgdb_merge_options merge = ORGDB_MERGE_OPTIONS_INIT;
	const orgdb_check_report report = ORGDB_CHECK_REPORT_INIT;
	const orgdb_connection connection = ORGDB_CONNECTION_INIT;
	const orgdb_application application = ORGDB_APPLICATION_INIT;
	const orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	const orgdb_user user = ORGDB_USER_INIT;
	const orgdb_role role = ORGDB_ROLE_INIT;
	const orgdb_enabled_connection edge = ORGDB_ENABLED_CONNECTION_INIT;
	const orgdb_str text = ORGDB_STR("text");
	const uint64_t sum = options.size + merge.size + report.size + connection.ordinal + application.ordinal +
		organization.ordinal + user.ordinal + role.ordinal + edge.ordinal + text.size;
	return (sum & ORGDB_EXTRA) != 0 ? ORGDB_VERSION_MAJOR + ORGDB_VERSION_MINOR + ORGDB_VERSION_PATCH : 0;
}
