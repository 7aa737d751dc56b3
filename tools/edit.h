/*
 * What the commands that change a few things share: one transaction, and objects from the command line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EDIT_H
#define EDIT_H

#include "apply.h"
#include "cli.h"

/* --- One transaction ---------------------------------------------------------------------------------------------- */

/* Run `change` in a transaction of the store at `path`. It may run more than once. A signal that comes meanwhile drops
 * the transaction. Complains if that fails; returns an exit status, and then `*db` is to be closed if it is not NULL.
 * Codes of `change` above 0 mean that it wants nothing to be changed; they become EDIT_DROPPED. */
int edit_store(const char *path, orgdb_write_fn *change, void *context, orgdb **db);
enum { EDIT_DROPPED = -1 };

/* --- Objects ------------------------------------------------------------------------------------------------------ */

/* An object that the operands give, from number `first` on. */
struct given_object {
	const orgdb_schema *schema;
	const char *const *ends; /* of an edge: texts for its two ids, which are operands of their own; or NULL */
	char *text;              /* as JSON */
	size_t size;
	struct object_reader reader;
};

/* Read it. Complains if it is none; returns an exit status. given_object_end() is due in any case. */
int given_object_begin(struct given_object *object, const struct arguments *arguments, size_t first);
/* Read it anew, for a transaction that may run again and uses up what was read. */
void given_object_rewind(struct given_object *object);
void given_object_end(struct given_object *object);

/* How the operands give an object, for help. */
#define GIVEN_OBJECT_HELP                                                                                                \
	"An object is given field by field, or as a whole:\n"                                                                \
	"FIELD=VALUE\tthe value as the field takes it: text, true or false, an object or array as JSON; text if orgdb does " \
	"not know the field\n"                                                                                               \
	"FIELD:=JSON\tany value as JSON; null is the same as absent, or removes what is there\n"                             \
	"{...}\tone JSON object, as 'orgdb load' reads it; its \"kind\" may be left out\n"                                   \
	"@FILE, -\tthe same from a file, or from standard input\n"

/* --- Saying what was done ----------------------------------------------------------------------------------------- */

/* Say "created user auth0|1", or write the object as it is now, as JSON. An edge has two ids. Returns an exit status. */
struct edited {
	const char *verb;
	uint32_t kind;
	struct id ids[2];
	bool secrets; /* show them */
};
int print_edited(orgdb *db, const struct arguments *arguments, const struct edited *edited, bool as_json);

#endif
