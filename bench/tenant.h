/*
 * The tenant that merged lookups are asked about. Everything follows from the numbers of its entities, so no list of it
 * is kept and every peer builds the same.
 *
 * - Connections: the first few (databases, social, passwordless) are shared by many organizations and applications, all
 *   others are enterprise connections.
 * - Applications: 50, each with 2 to 8 connections.
 * - Organizations: each with 1 to 5 enabled connections, of which at most one is an enterprise connection; 1 in 16 of
 *   the enabled ones is switched off, which takes it out of the answer.
 * - Users: a pool from which writers take members while lookups go on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TENANT_H
#define BENCH_TENANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TENANT_APPLICATIONS = 50,
	TENANT_USERS = 10000,
	TENANT_SHARED = 8, /* connections */
	TENANT_APPLICATION_EDGES = 8,
	TENANT_ORGANIZATION_EDGES = 5,
	ANSWER_MAX = TENANT_APPLICATION_EDGES + TENANT_ORGANIZATION_EDGES,
};

struct tenant {
	uint64_t organizations;
	uint32_t connections;
};

/* Ids as a service makes them. Users' begin with the time of creation, so their order as text is that of creation. */
struct organization_id {
	char text[24]; /* org_ and 16 letters or digits */
};
struct client_id {
	char text[40]; /* 32 letters or digits */
};
struct user_id {
	char text[32]; /* auth0| and 24 hexadecimal digits */
};
#define ORGANIZATION_ID_LENGTH 20
#define CLIENT_ID_LENGTH 32
#define USER_ID_LENGTH 30

struct organization_id organization_id(uint64_t organization);
struct client_id client_id(uint64_t application);
struct user_id user_id(uint64_t user);

struct connection_fields {
	char id[24];
	char name[40];
	char display_name[48];
	const char *strategy;
	uint32_t kind; /* an orgdb_connection_kind */
	bool show_as_button;
};

struct connection_fields tenant_connection(uint32_t connection);

/* An edge to a connection, with its options. An application's have none. */
enum {
	EDGE_ENABLED = 1 << 0,
	EDGE_SHOW_AS_BUTTON = 1 << 1,
	EDGE_ASSIGN_MEMBERSHIP = 1 << 2,
	EDGE_SIGNUP = 1 << 3,
	EDGE_ACCESS_SHIFT = 4, /* an orgdb_access_level above */
};

struct edge {
	uint32_t connection; /* number of creation, so edges are in the order of answers */
	uint32_t options;
};

/* Both fill `edges` in ascending order and give how many there are. */
size_t application_edges(const struct tenant *tenant, uint32_t application, struct edge *edges);
size_t organization_edges(const struct tenant *tenant, uint64_t organization, struct edge *edges);

/* The membership that a writer adds as its `number`th; no two are the same. */
struct new_membership {
	uint64_t organization, user;
};
struct new_membership new_membership(const struct tenant *tenant, uint64_t number);

/* One question: a cache line. */
struct query {
	struct organization_id organization;
	struct client_id application;
};

#endif
