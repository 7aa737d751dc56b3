/*
 * Text and values: views, maps of texts, and MessagePack as untrusted input.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* A value goes into a store and comes out through an organization's `extra`, which takes any map. */
static int put_extra(orgdb_value value)
{
	orgdb_organization organization = ORGDB_ORGANIZATION_INIT;
	organization.name = orgdb_string("probe");
	organization.extra = value;
	return orgdb_organization_create(txn, &organization, NULL);
}

static orgdb_value get_extra(void)
{
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "probe", &organization));
	return organization.extra;
}

static void forget_extra(void)
{
	orgdb_organization organization;
	must(orgdb_organization_get_by_name(txn, "probe", &organization));
	must(orgdb_organization_delete(txn, copy(organization.id), NULL));
}

/* {"x": `element`}, from the element's bytes. */
static orgdb_value in_map(orgdb_value element)
{
	unsigned char *data = keep(3 + element.size);
	memcpy(data, "\x81\xa1x", 3);
	memcpy(data + 3, element.data, element.size);
	return (orgdb_value){ data, 3 + element.size };
}

/* A copy in memory of exactly its size, so that a sanitizer sees the first byte read beyond it. */
static orgdb_value tight(orgdb_value value, size_t size)
{
	void *data = malloc(size ? size : 1);
	memcpy(data, value.data, size);
	return (orgdb_value){ data, size };
}

TestSuite(text, .timeout = 60);
TestSuite(value, .timeout = 60, .fini = fixture_close, .init = fixture_writing);

Test(text, string_views_text_and_keeps_absence)
{
	static const char text[] = "acme";
	cr_expect_eq(orgdb_string(text).data, text);
	cr_expect_eq(orgdb_string(text).size, 4);
	cr_expect_not_null(orgdb_string("").data);
	cr_expect_eq(orgdb_string("").size, 0);
	cr_expect_null(orgdb_string(NULL).data);
	orgdb_str literal = ORGDB_STR("a\0b");
	cr_expect_eq(literal.size, 3);
}

Test(text, equal_compares_bytes_and_absence)
{
	const orgdb_str absent = { NULL, 0 };
	cr_expect(orgdb_str_equal(orgdb_string("acme"), (orgdb_str){ "acmeX", 4 }));
	cr_expect(!orgdb_str_equal(orgdb_string("acme"), orgdb_string("acmE")));
	cr_expect(!orgdb_str_equal(orgdb_string("acme"), orgdb_string("acm")));
	cr_expect(!orgdb_str_equal((orgdb_str){ "a\0b", 3 }, (orgdb_str){ "a\0c", 3 }));
	cr_expect(orgdb_str_equal(orgdb_string(""), (orgdb_str){ "x", 0 }));
	cr_expect(orgdb_str_equal(absent, absent));
	cr_expect(!orgdb_str_equal(absent, orgdb_string("")));
	cr_expect(!orgdb_str_equal(orgdb_string(""), absent));
}

Test(value, from_pairs_encodes_a_map)
{
	const orgdb_pair pairs[] = { { ORGDB_STR("plan"), ORGDB_STR("gold") }, { ORGDB_STR("seats"), ORGDB_STR("") } };
	char buffer[100];
	orgdb_value map;
	must(orgdb_value_from_pairs(pairs, 2, buffer, sizeof(buffer), &map));
	cr_expect_eq(map.data, buffer);
	expect_value(map, { "plan" : "gold", "seats" : "" });
}

Test(value, from_pairs_takes_absence_for_null)
{
	const orgdb_pair pairs[] = { { ORGDB_STR("plan"), { NULL, 0 } } };
	char buffer[100];
	orgdb_value map;
	must(orgdb_value_from_pairs(pairs, 1, buffer, sizeof(buffer), &map));
	expect_value(map, { "plan" : null });
}

Test(value, from_pairs_of_nothing_is_an_empty_map)
{
	char buffer[1];
	orgdb_value map;
	must(orgdb_value_from_pairs(NULL, 0, buffer, sizeof(buffer), &map));
	expect_value(map, {});
}

Test(value, from_pairs_needs_the_whole_buffer)
{
	const orgdb_pair pairs[] = { { ORGDB_STR("plan"), ORGDB_STR("gold") }, { ORGDB_STR("seats"), ORGDB_STR("ten") } };
	char buffer[100];
	orgdb_value map;
	must(orgdb_value_from_pairs(pairs, 2, buffer, sizeof(buffer), &map));
	size_t needed = map.size;
	for (size_t capacity = 0; capacity < needed; capacity++) {
		memset(buffer, 0x5a, sizeof(buffer));
		int rc = orgdb_value_from_pairs(pairs, 2, buffer, capacity, &map);
		cr_expect_eq(rc, ORGDB_TOO_LARGE, "capacity %zu gave %d", capacity, rc);
		cr_expect_eq(buffer[capacity], 0x5a, "capacity %zu: wrote beyond", capacity);
	}
	must(orgdb_value_from_pairs(pairs, 2, buffer, needed, &map));
}

Test(value, from_pairs_refuses_more_than_a_map_can_hold)
{
	char buffer[8];
	orgdb_value map;
	expect_error(
		orgdb_value_from_pairs(NULL, (size_t)UINT32_MAX + 1, buffer, sizeof(buffer), &map), ORGDB_TOO_LARGE, "");
}

Test(value, from_pairs_encodes_every_length_of_text)
{
	static const size_t lengths[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
	size_t capacity = 200000;
	char *buffer = keep(capacity);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		orgdb_pair pair = { ORGDB_STR("k"), orgdb_string(repeat("v", lengths[i])) };
		orgdb_value map, found;
		orgdb_str text;
		must(orgdb_value_from_pairs(&pair, 1, buffer, capacity, &map));
		cr_expect(same_value(map, value_of_json(format("{\"k\":\"%s\"}", pair.value.data))), "row %zu", i);
		must(orgdb_value_find(map, "k", &found));
		must(orgdb_value_text(found, &text));
		cr_expect(orgdb_str_equal(text, pair.value), "row %zu: %zu bytes came back", i, text.size);
	}
}

Test(value, from_pairs_encodes_every_count)
{
	static const size_t counts[] = { 1, 15, 16, 17, 65535, 65536 };
	size_t capacity = 2000000;
	char *buffer = keep(capacity);
	orgdb_pair *pairs = keep(65536 * sizeof(*pairs));
	for (size_t i = 0; i < 65536; i++)
		pairs[i] = (orgdb_pair){ orgdb_string(format("k%zu", i)), orgdb_string("v") };
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		orgdb_value map, found;
		must(orgdb_value_from_pairs(pairs, counts[i], buffer, capacity, &map));
		cr_expect(same_value(map, value_of_entries(counts[i], "v")), "row %zu", i);
		must(orgdb_value_find(map, format("k%zu", counts[i] - 1), &found));
		cr_expect_eq(orgdb_value_find(map, format("k%zu", counts[i]), &found), ORGDB_NOT_FOUND, "row %zu", i);
	}
}

Test(value, find_gives_the_keys_value)
{
	orgdb_value map = VALUE({ "a" : 1, "bb" : { "a" : [ 1, 2 ] }, "" : "empty", "z" : null });
	orgdb_value found;
	must(orgdb_value_find(map, "a", &found));
	expect_value(found, 1);
	must(orgdb_value_find(map, "bb", &found));
	expect_value(found, { "a" : [ 1, 2 ] });
	must(orgdb_value_find(found, "a", &found));
	expect_value(found, [ 1, 2 ]);
	must(orgdb_value_find(map, "", &found));
	expect_value(found, "empty");
	must(orgdb_value_find(map, "z", &found));
	expect_value(found, null);
}

Test(value, find_misses_other_keys_and_absent_maps)
{
	orgdb_value map = VALUE({ "a" : 1, "bb" : { "inner" : 2 } });
	orgdb_value found;
	static const char *const missing[] = { "b", "bbb", "", "inner", "A" };
	for (size_t i = 0; i < COUNT_OF(missing); i++)
		cr_expect_eq(orgdb_value_find(map, missing[i], &found), ORGDB_NOT_FOUND, "row %zu", i);
	cr_expect_eq(orgdb_value_find((orgdb_value){ NULL, 0 }, "a", &found), ORGDB_NOT_FOUND);
	cr_expect_eq(orgdb_value_find(VALUE({}), "a", &found), ORGDB_NOT_FOUND);
}

Test(value, find_wants_a_map)
{
	const orgdb_value others[] = { VALUE(["a"]), VALUE("a"), VALUE(1), VALUE(null), VALUE(true), RAW("") };
	orgdb_value found;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		cr_expect_eq(orgdb_value_find(others[i], "a", &found), ORGDB_INVALID, "row %zu", i);
}

Test(value, find_survives_every_truncation)
{
	orgdb_value map = VALUE({ "a" : [ 1, { "b" : "text" }, 2.5 ], "c" : 70000, "d" : "the end" });
	for (size_t size = 0; size < map.size; size++) {
		orgdb_value cut = tight(map, size), found;
		int rc = orgdb_value_find(cut, "d", &found);
		cr_expect(rc == ORGDB_INVALID || rc == ORGDB_NOT_FOUND, "%zu of %zu bytes gave %d", size, map.size, rc);
		free((void *)cut.data);
	}
}

Test(value, text_wants_a_text)
{
	orgdb_str text;
	must(orgdb_value_text(VALUE("gold"), &text));
	expect_text(text, "gold");
	must(orgdb_value_text(VALUE(""), &text));
	expect_text(text, "");
	const orgdb_value others[] = { VALUE(1), VALUE(null), VALUE({}), VALUE(["gold"]), VALUE(true), RAW(""),
		RAW("\xa4gol"), RAW("\xd9"), RAW("\xdb\xff\xff\xff\xff"), RAW("\xc4\x01x"), { NULL, 0 } };
	for (size_t i = 0; i < COUNT_OF(others); i++)
		cr_expect_eq(orgdb_value_text(others[i], &text), ORGDB_INVALID, "row %zu", i);
}

Test(value, every_shape_is_kept)
{
	const orgdb_value values[] = {
		VALUE({}),
		VALUE({ "a" : null, "b" : true, "c" : false }),
		VALUE({ "a" : 0, "b" : 127, "c" : 128, "d" : 65536, "e" : 4294967296, "f" : 9223372036854775807 }),
		VALUE({ "a" : -1, "b" : -32, "c" : -33, "d" : -129, "e" : -32769, "f" : -2147483649 }),
		VALUE({ "a" : -9223372036854775808 }),
		VALUE({ "a" : 0.5, "b" : -1.5e300, "c" : 3.141592653589793, "d" : 5e-324 }),
		VALUE({ "a" : "", "b" : "ünïcödé \u4e16\u754c \ud83d\ude00" }),
		VALUE({ "a" : [], "b" : [ [[]], {}, [ { "x" : [ 1, "two", null ] } ] ] }),
		VALUE({ "" : 1 }),
		in_map(RAW("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")),
		value_of_entries(10, "v"),
		in_map(value_of_texts(70000, "t")),
	};
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		must(put_extra(values[i]));
		orgdb_value back = get_extra();
		cr_expect(same_value(back, values[i]), "row %zu: %s became %s", i, show(values[i]), show(back));
		forget_extra();
	}
}

Test(value, numbers_keep_their_value_whatever_their_encoding)
{
	static const struct {
		orgdb_value given;
		orgdb_value back;
	} rows[] = {
		{ RAW("\xcc\x05"), RAW("\x05") },
		{ RAW("\xcd\0\x05"), RAW("\x05") },
		{ RAW("\xce\0\0\xff\xff"), RAW("\xcd\xff\xff") },
		{ RAW("\xcf\0\0\0\0\0\0\0\x80"), RAW("\xcc\x80") },
		{ RAW("\xd0\0"), RAW("\0") },
		{ RAW("\xd0\xff"), RAW("\xff") },
		{ RAW("\xd1\xff\x7f"), RAW("\xd1\xff\x7f") },
		{ RAW("\xd2\xff\xff\xff\x80"), RAW("\xd0\x80") },
		{ RAW("\xd3\xff\xff\xff\xff\xff\xff\xff\xe0"), RAW("\xe0") },
		{ RAW("\xd3\0\0\0\0\0\0\x01\0"), RAW("\xcd\x01\0") },
		{ RAW("\xca\x3f\x80\0\0"), RAW("\xcb\x3f\xf0\0\0\0\0\0\0") },
		{ RAW("\xcb\x80\0\0\0\0\0\0\0"), RAW("\xcb\x80\0\0\0\0\0\0\0") },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		must(put_extra(in_map(rows[i].given)));
		cr_expect(same_value(get_extra(), in_map(rows[i].back)), "row %zu became %s", i, show(get_extra()));
		forget_extra();
	}
}

Test(value, numbers_are_finite)
{
	const orgdb_value rows[] = { RAW("\xca\x7f\xc0\0\0"), RAW("\xca\xff\x80\0\0"), RAW("\xcb\x7f\xf8\0\0\0\0\0\0"),
		RAW("\xcb\x7f\xf0\0\0\0\0\0\0") };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		cr_expect_eq(put_extra(in_map(rows[i])), ORGDB_INVALID, "row %zu", i);
}

Test(value, texts_and_keys_inside_hold_no_nul)
{
	cr_expect_eq(put_extra(RAW("\x81\xa1x\243a\0b")), ORGDB_INVALID);
	cr_expect_eq(put_extra(RAW("\x81\xa2x\0\xa1y")), ORGDB_INVALID);
}

Test(value, keys_come_back_in_byte_order)
{
	must(put_extra(
		VALUE({ "b" : 1, "é" : 2, "a" : { "z" : 1, "Z" : 2, "aa" : 3, "a" : 4 }, "" : [ { "y" : 1, "x" : 2 } ] })));
	expect_value(get_extra(),
		{ "" : [ { "x" : 2, "y" : 1 } ], "a" : { "Z" : 2, "a" : 4, "aa" : 3, "z" : 1 }, "b" : 1, "é" : 2 });
}

Test(value, long_maps_come_back_in_byte_order)
{
	const char *mixed = "", *sorted = "";
	size_t *order = shuffled(1000, 7);
	for (size_t i = 0; i < 1000; i++) {
		mixed = format("%s%s\"key-%04zu\":%zu", mixed, i ? "," : "", order[i], order[i]);
		sorted = format("%s%s\"key-%04zu\":%zu", sorted, i ? "," : "", i, i);
	}
	must(put_extra(value_of_json(format("{%s}", mixed))));
	cr_expect(same_value(get_extra(), value_of_json(format("{%s}", sorted))));
}

Test(value, depth_is_limited)
{
	must(put_extra(value_of_depth(ORGDB_VALUE_DEPTH_MAX)));
	cr_expect(same_value(get_extra(), value_of_depth(ORGDB_VALUE_DEPTH_MAX)));
	forget_extra();
	static const size_t too_deep[] = { ORGDB_VALUE_DEPTH_MAX + 1, 1000 };
	for (size_t i = 0; i < COUNT_OF(too_deep); i++) {
		int rc = put_extra(value_of_depth(too_deep[i]));
		cr_expect(rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE, "depth %zu gave %d", too_deep[i], rc);
	}
}

Test(value, arrays_count_as_depth)
{
	/* One map around as many arrays. */
	static const size_t arrays[] = { ORGDB_VALUE_DEPTH_MAX - 1, ORGDB_VALUE_DEPTH_MAX };
	static const int expected[] = { 0, ORGDB_INVALID };
	for (size_t i = 0; i < 2; i++) {
		const char *nested = format("%s%s", repeat("[", arrays[i]), repeat("]", arrays[i]));
		int rc = put_extra(in_map(value_of_json(nested)));
		cr_expect(rc == expected[i] || (expected[i] && rc == ORGDB_TOO_LARGE), "%zu arrays gave %d", arrays[i], rc);
	}
}

Test(value, depth_cannot_exhaust_the_stack)
{
	size_t size = 1000000;
	char *bytes = keep(size);
	memset(bytes, 0x91, size); /* Arrays of one element, without an end. */
	memcpy(bytes, "\x81\xa1x", 3);
	int rc = put_extra((orgdb_value){ bytes, size });
	cr_expect(rc == ORGDB_INVALID || rc == ORGDB_TOO_LARGE, "%d", rc);
}

Test(value, malformed_bytes_are_refused)
{
	const orgdb_value malformed[] = {
		RAW(""),
		RAW("\xc1"), /* Never used. */
		RAW("\x81\xa1x\xc1"),
		RAW("\x81"), /* Ends too early. */
		RAW("\x81\xa1"),
		RAW("\x81\xa1x"),
		RAW("\x81\xa1x\245four"),
		RAW("\x81\xa1x\xcd\x01"),
		RAW("\x81\xa1x\xcb\0\0\0"),
		RAW("\x82\xa1x\x01"),
		RAW("\x80\xc0"), /* Ends too late. */
		RAW("\x81\xa1x\x01\x01"),
		RAW("\xdf\xff\xff\xff\xff"), /* Counts beyond the bytes that are there. */
		RAW("\xdf\xff\xff\xff\xff\xa1x\x01"),
		RAW("\xde\xff\xff\xa1x\x01"),
		RAW("\x81\xa1x\xdd\xff\xff\xff\xff"),
		RAW("\x81\xa1x\xdd\x7f\xff\xff\xff\xc0\xc0"),
		RAW("\x81\xa1x\xdb\xff\xff\xff\377a"),
		RAW("\x81\xdb\xff\xff\xff\xff"),
		RAW("\x81\xa1x\xc4\x01z"), /* Binary. */
		RAW("\x81\xa1x\xc5\0\x01z"),
		RAW("\x81\xa1x\xc6\0\0\0\x01z"),
		RAW("\x81\xa1x\xd4\x01z"), /* Extensions, a timestamp among them. */
		RAW("\x81\xa1x\xd5\x01zz"),
		RAW("\x81\xa1x\xd6\xff\0\0\0\0"),
		RAW("\x81\xa1x\xc7\x01\x01z"),
		RAW("\x81\xa1x\xc9\0\0\0\x01\x01z"),
		RAW("\x81\x01\x01"), /* A key that is no text. */
		RAW("\x81\xc0\x01"),
		RAW("\x81\x80\x01"),
		RAW("\x81\xc4\x01x\x01"),
		RAW("\x81\xa1x\xa1\xff"), /* Text that is not UTF-8. */
		RAW("\x81\xa1\xff\x01"),
		RAW("\x81\xa1x\xa2\xc0\x80"),
		RAW("\x81\xa1x\xa3\xed\xa0\x80"),
		RAW("\x81\xa1x\xa2\xe4\xb8"),
		RAW("\x81\xa1x\xa4\xf4\x90\x80\x80"),
		RAW("\x91\x01"), /* No map. */
		RAW("\xa1x"),
		RAW("\x01"),
		RAW("\xc0"),
	};
	for (size_t i = 0; i < COUNT_OF(malformed); i++) {
		orgdb_value value = tight(malformed[i], malformed[i].size);
		int rc = put_extra(value);
		cr_expect_eq(rc, ORGDB_INVALID, "row %zu gave %s", i, orgdb_error_name(rc));
		if (rc == 0)
			forget_extra();
		free((void *)value.data);
	}
	cr_expect_eq(statistics().count[ORGDB_KIND_ORGANIZATION], 0);
	commit_and_check();
}

Test(value, every_truncation_is_refused)
{
	orgdb_value map = VALUE({ "a" : [ 1, { "b" : "text" }, 2.5, -70000 ], "c" : 70000, "d" : "the end" });
	for (size_t size = 0; size < map.size; size++) {
		orgdb_value cut = tight(map, size);
		int rc = put_extra(cut);
		cr_expect_eq(rc, ORGDB_INVALID, "%zu of %zu bytes gave %s", size, map.size, orgdb_error_name(rc));
		free((void *)cut.data);
	}
}

Test(value, a_key_given_twice_is_refused)
{
	expect_error(put_extra(RAW("\x82\xa1x\x01\xa1x\x02")), ORGDB_INVALID, "");
	expect_error(put_extra(in_map(RAW("\x83\xa1x\x01\xa1y\x02\xa1x\x03"))), ORGDB_INVALID, "");
}

Test(value, every_field_that_takes_a_value_checks_it)
{
	const orgdb_value malformed[] = { RAW("\x81"), RAW("\x91"), RAW("\x80\x80"), RAW("\x90\x90"),
		RAW("\xdf\xff\xff\xff\xff"), RAW("\xdd\xff\xff\xff\xff"), RAW("\x81\xa1x\xc4\0"), RAW("\x91\xd4\x01z"),
		RAW("") };
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (field->type != ORGDB_TYPE_MAP && field->type != ORGDB_TYPE_ARRAY)
				continue;
			for (size_t j = 0; j < COUNT_OF(malformed); j++) {
				any_entity entity = valid_entity(kind, "probe");
				*value_at(&entity, field) = malformed[j];
				int rc = orgdb_entity_create(txn, kind, &entity, NULL);
				cr_expect_eq(
					rc, ORGDB_INVALID, "%s.%s, row %zu gave %s", schema->name, field->name, j, orgdb_error_name(rc));
				cr_expect(rc == 0 || strstr(orgdb_last_error()->field, field->name), "%s.%s, row %zu: about \"%s\"",
					schema->name, field->name, j, orgdb_last_error()->field);
			}
		}
	}
}

Test(value, maps_and_arrays_are_told_apart)
{
	for (uint32_t kind = 0; kind < OWNERLESS_KINDS; kind++) {
		const orgdb_schema *schema = orgdb_schema_of(kind);
		for (size_t i = 0; i < schema->field_count; i++) {
			const orgdb_field *field = &schema->fields[i];
			if (field->type != ORGDB_TYPE_MAP && field->type != ORGDB_TYPE_ARRAY)
				continue;
			const orgdb_value wrong[] = { field->type == ORGDB_TYPE_MAP ? VALUE([]) : VALUE({}), VALUE("text"),
				VALUE(1), VALUE(null), VALUE(true) };
			for (size_t j = 0; j < COUNT_OF(wrong); j++) {
				any_entity entity = valid_entity(kind, "probe");
				*value_at(&entity, field) = wrong[j];
				int rc = orgdb_entity_create(txn, kind, &entity, NULL);
				cr_expect_eq(
					rc, ORGDB_INVALID, "%s.%s, row %zu gave %s", schema->name, field->name, j, orgdb_error_name(rc));
			}
		}
	}
}
