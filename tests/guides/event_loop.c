/*
 * The program of the guide "A server with an event loop": lookups are answered at once, changes by another thread.
 *
 * usage: event_loop FOLDER
 *
 * SPDX-License-Identifier: MIT
 */
#include <orgdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "guide.h"

enum { BATCH = 64 };

/* A change that a request asks for; lives until the loop has seen its result. */
struct job {
	const char *organization_id;
	const char *user_id;
	int result;
};

/* Pointers to jobs go to the writer through one pipe and come back through another. */
static int to_writer[2], to_loop[2];

struct batch {
	struct job *jobs[BATCH];
	size_t count;
};

/* A call that fails has changed nothing, so one job's failure is not the others'. */
static int do_jobs(orgdb_txn *txn, void *context)
{
	struct batch *batch = context;
	for (size_t i = 0; i < batch->count; i++) {
		struct job *job = batch->jobs[i];
		job->result = orgdb_membership_add(txn, job->organization_id, job->user_id, NULL);
	}
	return 0;
}

static void *write_jobs(void *context)
{
	orgdb *db = context;
	struct batch batch;
	ssize_t size;
	while ((size = read(to_writer[0], batch.jobs, sizeof(batch.jobs))) > 0) {
		batch.count = (size_t)size / sizeof(batch.jobs[0]);
		int rc = orgdb_write(db, do_jobs, &batch); /* One commit for all that had gathered. */
		for (size_t i = 0; rc != 0 && i < batch.count; i++)
			batch.jobs[i]->result = rc;
		if (write(to_loop[1], batch.jobs, (size_t)size) != size)
			break;
	}
	return NULL;
}

static int answer_lookup(orgdb *db)
{
	orgdb_txn *txn;
	orgdb_merged_connection entries[16];
	size_t count;
	int rc = orgdb_begin_read(db, &txn);
	if (rc != 0)
		return rc;
	rc = orgdb_merged_connections(txn, CLIENT_ID, ORGANIZATION_ID, NULL, entries, 16, &count);
	orgdb_end(txn);
	return rc;
}

/* The loop: a client that looks up for a letter and joins a user for a digit, until it hangs up. */
static void run(orgdb *db, int client)
{
	static char users[10][16];
	static struct job jobs[10];
	struct pollfd fds[2] = { { .fd = client, .events = POLLIN }, { .fd = to_loop[0], .events = POLLIN } };
	int waiting = 0;
	bool open = true;
	while (open || waiting > 0) {
		expect(poll(fds, 2, 10000) > 0);
		char request;
		if (open && fds[0].revents && (open = read(client, &request, 1) == 1)) {
			if (request < '0' || request > '9') {
				must(answer_lookup(db)); /* Takes less than a microsecond or two: no thread is worth it. */
				continue;
			}
			struct job *job = &jobs[request - '0'];
			snprintf(users[request - '0'], sizeof(users[0]), "auth0|user-%c", request);
			*job = (struct job){ ORGANIZATION_ID, users[request - '0'], 0 };
			expect(write(to_writer[1], &job, sizeof(job)) == sizeof(job));
			waiting++;
		}
		if (!open)
			fds[0].fd = -1;
		struct job *done;
		if (fds[1].revents && read(to_loop[0], &done, sizeof(done)) == sizeof(done)) {
			must(done->result);
			waiting--;
		}
	}
}

int main(int argc, char **argv)
{
	static const char requests[] = "ll0l1l2l3llll4l5l6l7l8l9";
	int client[2];
	orgdb *db;
	pthread_t writer;
	const char *path = new_path(argc, argv, "event-loop");
	must(orgdb_open(path, NULL, &db));
	must(orgdb_write(db, fill, NULL));
	expect(pipe(client) == 0 && pipe(to_writer) == 0 && pipe(to_loop) == 0);
	expect(pthread_create(&writer, NULL, write_jobs, db) == 0);
	expect(write(client[1], requests, sizeof(requests) - 1) == sizeof(requests) - 1);
	close(client[1]);
	run(db, client[0]);
	close(to_writer[1]);
	pthread_join(writer, NULL);
	orgdb_metrics metrics;
	must(orgdb_metrics_get(db, &metrics));
	expect(metrics.lookups == 14);
	printf("10 members joined in %llu transactions\n", (unsigned long long)metrics.commits - 1);
	orgdb_close(db);
	remove_store(path);
	return 0;
}
