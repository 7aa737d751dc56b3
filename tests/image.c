/*
 * A store's file in memory, to be damaged on purpose, and the ways about it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image.h"

#include <stdio.h>
#include <sys/stat.h>

#include "exercise.h"
#include "fixture.h"

uint8_t *image;
size_t image_size;

void image_load(const char *path)
{
	struct stat info;
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file);
	cr_assert_eq(fstat(fileno(file), &info), 0);
	image_size = (size_t)info.st_size;
	image = keep(image_size);
	cr_assert_eq(fread(image, 1, image_size, file), image_size);
	fclose(file);
	cr_assert_eq(little_get32(image + 40), PAGE);
}

void image_take(bool compact)
{
	const char *path = path_in_directory(compact ? "compact.orgdb" : "changed.orgdb");
	exercise_create(path, compact);
	image_load(path);
}

void image_write(const char *path)
{
	FILE *file = fopen(path, "wb");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(image, 1, image_size, file), image_size);
	cr_assert_eq(fclose(file), 0);
}

/* ---- Finding one's way about the image --------------------------------------------------------------------------- */

uint8_t *page_at(uint64_t number)
{
	cr_assert_lt(number, image_size / PAGE);
	return image + number * PAGE;
}

size_t node_count(const uint8_t *page)
{
	return (little_get16(page + 12) - (size_t)PAGE_HEADER) / 2;
}

uint8_t *offset_of_node(uint8_t *page, size_t i)
{
	cr_assert_lt(i, node_count(page));
	return page + PAGE_HEADER + 2 * i;
}

uint8_t *node_at(uint8_t *page, size_t i)
{
	return page + little_get16(offset_of_node(page, i));
}

uint8_t *value_of(uint8_t *node)
{
	return node + 8 + little_get16(node + 6);
}

uint8_t *meta_tree(int which)
{
	const uint8_t *first = image, *second = image + PAGE;
	bool newer = little_get64(second + 144) > little_get64(first + 144);
	return image + (newer ? PAGE : 0) + 40 + 48 * which;
}

uint8_t *root_of(const uint8_t *tree)
{
	return page_at(little_get64(tree + offsetof(struct tree, root)));
}

uint8_t *table_tree(const char *name)
{
	uint8_t *page = root_of(meta_tree(1));
	for (size_t i = 0; i < node_count(page); i++) {
		uint8_t *node = node_at(page, i);
		if (little_get16(node + 6) == strlen(name) && memcmp(node + 8, name, strlen(name)) == 0)
			return value_of(node);
	}
	cr_assert_fail("no table %s", name);
	return NULL;
}

uint8_t *first_leaf(const char *table)
{
	uint8_t *page = root_of(table_tree(table));
	while (little_get16(page + 10) == 1)
		page = page_at(little_get32(node_at(page, 0)));
	return page;
}
