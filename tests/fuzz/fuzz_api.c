/*
 * Sequences of calls: the model test, but that each of its choices comes from the input.
 *
 * Promise: every answer is the model's, and the store is sound at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model_driver.h"
#include "fuzz.h"

const bool fuzz_is_noisy = false;

/* As the densest of the model test's: everything meets. */
static const struct shape shape = { "fuzz", 100, { 7, 4, 5, 9, 7, 5, 12 }, 0, 0, 40, 25, 16, 0 };

static void open_store(struct driver *driver)
{
	orgdb_options options = ORGDB_OPTIONS_INIT;
	options.durability = ORGDB_RELAXED;
	options.map_size = (uint64_t)shape.map_mebibytes << 20;
	options.row_cache_size = 1 << 12;
	driver_begin(driver, "open");
	expect_result(driver, 0, orgdb_open(driver->path, &options, &driver->db));
}

/* Until the input ends, or asks for an end. */
static void operate(struct driver *driver, orgdb_txn *txn, const struct model *view, bool writing)
{
	driver->txn = txn;
	driver->view = view;
	driver->writing = writing;
	for (uint32_t left = input_below(&driver->input, shape.transaction); left > 0 && driver->input.script_size > 0;
		 left--)
		operation_random(driver);
	driver->txn = NULL;
	driver->writing = false;
}

static void read_now(struct driver *driver)
{
	orgdb_txn *txn;
	driver_begin(driver, "begin to read");
	expect_result(driver, 0, orgdb_begin_read(driver->db, &txn));
	operate(driver, txn, &driver->model, false);
	orgdb_end(txn);
}

static void write_now(struct driver *driver, bool drop)
{
	orgdb_txn *txn;
	struct model before = { 0 };
	if (drop)
		model_copy(&before, &driver->model);
	driver_begin(driver, "begin to write");
	expect_result(driver, 0, orgdb_begin_write(driver->db, &txn));
	operate(driver, txn, &driver->model, true);
	if (drop) {
		orgdb_end(txn);
		model_free(&driver->model);
		driver->model = before;
		return;
	}
	driver_begin(driver, "commit");
	expect_result(driver, 0, orgdb_commit(txn));
	driver->model.lsn += driver->model.changed;
	driver->model.changed = false;
}

/* An older state, read while the store changes. */
static void write_under_snapshot(struct driver *driver)
{
	orgdb_txn *txn;
	struct model old = { 0 };
	model_copy(&old, &driver->model);
	driver_begin(driver, "keep a snapshot");
	expect_result(driver, 0, orgdb_begin_read(driver->db, &txn));
	write_now(driver, false);
	operate(driver, txn, &old, false);
	orgdb_end(txn);
	model_free(&old);
}

/* Half of each pool, so that there is something to work on; always the same. */
static void fill_pools(struct driver *driver)
{
	orgdb_txn *txn;
	driver_begin(driver, "begin to fill the pools");
	expect_result(driver, 0, orgdb_begin_write(driver->db, &txn));
	driver->txn = txn;
	driver->view = &driver->model;
	driver->writing = true;
	for (uint32_t kind = 0; kind < ORGDB_ENTITY_KINDS; kind++)
		for (uint32_t i = 0; i < shape.pool[kind] / 2; i++)
			operation_create(driver, kind, i);
	driver->writing = false;
	driver_begin(driver, "commit");
	expect_result(driver, 0, orgdb_commit(txn));
	driver->model.lsn += driver->model.changed;
	driver->model.changed = false;
}

static void step(struct driver *driver)
{
	switch (input_below(&driver->input, 16)) {
	case 0:
	case 1:
	case 2:
		read_now(driver);
		break;
	case 3:
		write_now(driver, true);
		break;
	case 4:
	case 5:
		write_under_snapshot(driver);
		break;
	case 6:
		orgdb_close(driver->db);
		open_store(driver);
		break;
	default:
		write_now(driver, false);
	}
}

static void prove(struct driver *driver)
{
	orgdb_txn *txn;
	driver_begin(driver, "begin to read");
	expect_result(driver, 0, orgdb_begin_read(driver->db, &txn));
	driver->txn = txn;
	driver->view = &driver->model;
	if (fuzz_planted())
		driver->model.lsn++;
	expect_everything(driver);
	expect_statistics(driver);
	orgdb_end(txn);
	driver->txn = NULL;
	expect_sound(driver);
}

static bool under_way;

/* How the driver says that something differs. */
static void judge_exit(void)
{
	PROMISE("the store does as the model does", !under_way);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver driver;
	memset(&driver.model, 0, sizeof(driver.model));
	driver.shape = &shape;
	driver.growing = size % 2 == 0;
	snprintf(driver.path, sizeof(driver.path), "%s", fuzz_path());
	fuzz_remove_store(driver.path);
	if (!driver.input.buffer) {
		input_open(&driver.input, 1);
		atexit(judge_exit);
	}
	under_way = true;
	driver.input.state = 0;
	driver.input.pool = shape.pool;
	driver.input.script_size = 0;
	open_store(&driver);
	fill_pools(&driver);
	driver.input.script = data;
	driver.input.script_size = size;
	while (driver.input.script_size > 0)
		step(&driver);
	prove(&driver);
	orgdb_close(driver.db);
	fuzz_remove_store(driver.path);
	model_free(&driver.model);
	under_way = false;
	return 0;
}
