/*
 * Invitations: what they need beyond what every entity has.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_INVITATION_H
#define ORGDB_INVITATION_H

#include "moment.h"
#include "schema.h"
#include "store.h"

/* For the schema: make up the times and the ticket that were not given; judge the times together. */
int orgdb__invitation_generate(void *entity, uint32_t *mask, char room[GENERATED_MAX]);
int orgdb__invitation_judge_times(const void *entity);

/* Was it made before? Of such a one less is asked. */
bool orgdb__invitation_is_recorded(uint32_t given);
/* Judge what it refers to, which is there; of a new one also whether it could be accepted. ORGDB_INVALID names the field. */
int orgdb__invitation_judge(orgdb_txn *txn, const orgdb_invitation *invitation, bool is_new);

/* The row by which it is found when it has expired. */
bool orgdb__invitation_expiry(const orgdb_invitation *invitation, struct key *key);
int orgdb__invitation_attach(orgdb_txn *txn, const orgdb_invitation *invitation);
int orgdb__invitation_detach(orgdb_txn *txn, const orgdb_invitation *invitation);

#endif
