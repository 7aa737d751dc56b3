/*
 * The tenant of stress_changes: a naive model of it, the changes that it goes through, and the answers that are right.
 *
 * Each change is one transaction, and follows from the seed and the state before it. So whoever knows a snapshot's lsn can
 * bring a model to the same state by itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_STRESS_TENANT_H
#define ORGDB_TESTS_STRESS_TENANT_H

#include "orgdb.h"

enum {
	APPLICATIONS = 5,
	CONNECTIONS = 12,
	ORGANIZATIONS = 96, /* More than the smallest cache has cells for. */
	BUSY = 6,           /* The first organizations: most changes and questions are about them. */
	USERS = 8,
	STRANGER = ORGANIZATIONS, /* An id that no organization ever has ... */
	MISFIT,                   /* ... or could have ... */
	NOWHERE,                  /* ... and no organization at all. */
};

/* The ids are the same in every run. The last application and the last connection never exist. */
extern char client_ids[APPLICATIONS + 1][24];
extern char connection_ids[CONNECTIONS + 1][24];
extern char organization_ids[NOWHERE][24];
void tenant_make_ids(void);

uint64_t next_random(uint64_t *state);
/* 0 .. limit - 1 */
uint32_t below(uint64_t *state, uint32_t limit);
/* Any, but mostly a busy one. */
uint32_t draw_organization(uint64_t *random);

/* An enabled connection in a byte; 0: there is none. */
enum {
	EDGE = 1 << 0,
	EDGE_ENABLED = 1 << 1,
	EDGE_SHOW = 1 << 2,
	EDGE_ASSIGN = 1 << 3,
	EDGE_SIGNUP = 1 << 4,
	EDGE_ACCESS_SHIFT = 5,
	EDGE_OPTIONS = 0x7e,
};

struct connection {
	uint64_t place; /* In creation order; 0: there is none. */
	uint32_t strategy;
	bool show_as_button;
	char display_name[32]; /* "": the name counts. */
};

struct application {
	bool there;
	uint32_t usage;
	uint32_t connections; /* A bit for each. */
};

struct organization {
	bool there;
	uint8_t edges[CONNECTIONS];
	uint8_t members; /* A bit for each user. */
	bool guarded;    /* is_app_entitlement_active */
	uint32_t places; /* A bit for each application whose place lets members in. */
};

struct tenant {
	uint64_t seed;
	uint64_t lsn;
	uint64_t places;
	struct connection connections[CONNECTIONS];
	struct application applications[APPLICATIONS];
	struct organization organizations[ORGANIZATIONS];
};

/* Make the next change in the model and, if @p txn is given, in the store; the first makes the tenant. Another @p salt makes
 * another change. Returns the store's first failure. */
int tenant_change(struct tenant *tenant, orgdb_txn *txn, uint64_t salt);
/* Make the changes up to this lsn in the model. */
void tenant_advance(struct tenant *tenant, uint64_t lsn);

struct question {
	uint32_t application;
	uint32_t organization;
	uint32_t connection; /* Of orgdb_connection_allowed(). */
	size_t capacity;
	orgdb_merge_options options;
};

enum { UNKNOWN_USAGE = 99 };

struct answer {
	int result;
	size_t count;
	uint32_t usage;
	orgdb_merged_connection entries[CONNECTIONS];
	orgdb_connection connections[CONNECTIONS]; /* Of the model's answer: what its entries point to. */
};

/* NULL: none. */
const char *organization_id_of(const struct question *question);

/* What orgdb_merged_connections() and orgdb_connection_allowed() must answer; the latter's entry is the first. */
void tenant_merged(const struct tenant *tenant, const struct question *question, struct answer *answer);
void tenant_allowed(const struct tenant *tenant, const struct question *question, struct answer *answer);
/* Is the error's field about something that is missing? */
bool tenant_lacks(const struct tenant *tenant, const struct question *question, const char *field);

#endif
