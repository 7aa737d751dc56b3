/*
 * Rules: what a field's content must obey beyond its type and length, such as the pattern of an organization's name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_RULES_H
#define ORGDB_RULES_H

#include "key.h"

enum rule {
	RULE_NONE = 0,
	/* Texts */
	RULE_CONNECTION_ID,
	RULE_ORGANIZATION_ID,
	RULE_ROLE_ID,
	RULE_DISCOVERY_DOMAIN_ID,
	RULE_INVITATION_ID,
	RULE_CLIENT_ID,
	RULE_USER_ID,
	RULE_CONNECTION_NAME,
	RULE_ORGANIZATION_NAME,
	RULE_STRATEGY,
	RULE_IDENTIFIER,
	RULE_NO_ANGLE_BRACKETS,
	RULE_HTTPS_URI_OR_EMPTY,
	RULE_EMAIL,
	RULE_EMAIL_TEMPLATE,
	RULE_DOMAIN,
	RULE_HEXADECIMAL,
	RULE_MOMENT,
	RULE_TICKET,
	/* Values */
	RULE_TEXTS,
	RULE_REALMS,
	RULE_METADATA,
	RULE_CONNECTION_OPTIONS,
	RULE_DISCOVERY_METHODS,
	RULE_BRANDING,
	RULE_TOKEN_QUOTA,
	RULE_INVITER,
	RULE_INVITEE,
	RULE_ROLE_IDS,
};

/* `text` is valid UTF-8 without NUL. */
bool orgdb__text_obeys(uint32_t rule, orgdb_str text);
/* `value` is a map or an array, whichever the field is. */
bool orgdb__value_obeys(uint32_t rule, struct bytes value);

/* What an email template may say beyond what all may: see lib/template.c. */
enum {
	VARIABLE_USER = 1 << 0,       /* Of the user more than the address. */
	VARIABLE_CONNECTION = 1 << 1, /* The connection's name. */
	VARIABLE_URL = 1 << 2,
	VARIABLE_CODE = 1 << 3,
	VARIABLE_LINK = 1 << 4,
	VARIABLE_OPERATION = 1 << 5,  /* What a login without password is for. */
	VARIABLE_PLACE = 1 << 6,      /* Where the user seemed to be. */
	VARIABLE_INVITATION = 1 << 7, /* Who invites, and to which roles. */
};

/* False for a name that no email template has. */
bool orgdb__email_template_variables(orgdb_str name, uint32_t *variables);

/* False for an unknown strategy. */
bool orgdb__strategy_kind(orgdb_str strategy, orgdb_connection_kind *kind);

#endif
