/*
 * An object that was read, as changes of one that is stored: what is given replaces what is there, null removes it, the
 * rest stays.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHANGES_H
#define CHANGES_H

#include "object.h"

/* Turn what was read into changes of `stored`, an object of the same kind, for the library's update functions. Fields
 * that never change and are the same are left out. Unknown fields that are not given stay; for those that are given as
 * null, `null_removes` says whether they are removed, or null is their new value.
 * Returns ORGDB_OK, with no bit in `fields` if there is nothing to change; ORGDB_CORRUPT; ORGDB_NO_MEMORY. */
int changes_of(struct object_reader *reader, const void *stored, bool null_removes);

/* The bits of the fields to change. */
uint32_t changed_fields(const struct object_reader *reader);

#endif
