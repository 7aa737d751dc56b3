/*
 * A store's file in memory, to be damaged on purpose, and the ways about it. Whatever is asked for must be there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_TESTS_IMAGE_H
#define ORGDB_TESTS_IMAGE_H

#include "little.h"
#include "pages.h"

enum { PAGE = 4096 };

extern uint8_t *image;
extern size_t image_size;

/* Take the file at `path`; or that of a new store as exercise_create() makes it. */
void image_load(const char *path);
void image_take(bool compact);
/* Write it to `path`, anew. */
void image_write(const char *path);

uint8_t *page_at(uint64_t number);
size_t node_count(const uint8_t *page);
uint8_t *offset_of_node(uint8_t *page, size_t i);
uint8_t *node_at(uint8_t *page, size_t i);
uint8_t *value_of(uint8_t *node);

/* The newest meta page's trees: 0 the free list, 1 the tables. */
uint8_t *meta_tree(int which);
uint8_t *root_of(const uint8_t *tree);
uint8_t *table_tree(const char *name);
uint8_t *first_leaf(const char *table);

#endif
