/*
 * The program of the guide "A server with threads": threads that show login pages while others make users members.
 *
 * usage: threads FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <pthread.h>
#include <stdio.h>

#include "guide.h"

enum { THREADS = 4, PAGES = 2000 };

struct page {
	char buttons[256];
	size_t size;
};

static void add_button(struct page *page, orgdb_str name)
{
	int size =
		snprintf(page->buttons + page->size, sizeof(page->buttons) - page->size, "[%.*s]", (int)name.size, name.data);
	page->size += (size_t)size;
}

static int show_login_page(orgdb *db, const char *client_id, const char *organization_id, struct page *page)
{
	orgdb_txn *txn;
	orgdb_merged_connection entries[16];
	size_t count = 0;
	int rc = orgdb_begin_read(db, &txn);
	if (rc != 0)
		return rc;
	rc = orgdb_merged_connections(txn, client_id, organization_id, NULL, entries, 16, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (entries[i].visible)
			add_button(page, entries[i].connection->display_name); /* Copies it: a view ends with txn. */
	orgdb_end(txn);
	return rc;
}

struct joining {
	const char *organization_id;
	const char *user_id;
};

static int join(orgdb_txn *txn, void *context)
{
	const struct joining *who = context;
	int rc = orgdb_membership_add(txn, who->organization_id, who->user_id, NULL);
	return rc == ORGDB_EXISTS ? 0 : rc; /* Another request was faster. */
}

static int finish_login(orgdb *db, const char *organization_id, const char *user_id)
{
	struct joining who = { organization_id, user_id };
	return orgdb_write(db, join, &who);
}

static orgdb *db;

static void *work(void *context)
{
	const char *user_id = context;
	for (int i = 0; i < PAGES; i++) {
		struct page page = { .size = 0 };
		must(show_login_page(db, CLIENT_ID, ORGANIZATION_ID, &page));
		expect(page.size == sizeof("[password][google][acme-saml]") - 1);
	}
	must(finish_login(db, ORGANIZATION_ID, user_id));
	return NULL;
}

int main(int argc, char **argv)
{
	static char users[2][16] = { "auth0|user-0", "auth0|user-1" };
	pthread_t threads[THREADS];
	const char *path = new_path(argc, argv, "threads");
	must(orgdb_open(path, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	for (int i = 0; i < THREADS; i++)
		expect(pthread_create(&threads[i], NULL, work, users[i % 2]) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	orgdb_txn *txn;
	uint64_t members;
	must(orgdb_begin_read(db, &txn));
	must(orgdb_organization_member_count(txn, ORGANIZATION_ID, &members));
	expect(members == 2);
	orgdb_end(txn);
	orgdb_close(db);
	remove_store(path);
	printf("%d login pages\n", THREADS * PAGES);
	return 0;
}
