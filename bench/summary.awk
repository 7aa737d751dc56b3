# SPDX-License-Identifier: MIT
#
# Reads results.jsonl and says which targets are met. Ratios are of times for an operation at full speed: contestants take
# turns in rounds, so a ratio is the median of the rounds' ratios. Beside it stands the ratio of the median latencies.
# Variables: latency and targets, files to write for the plots.

# The value of a field in a row; "" if it is not there.
function field(row, name,    at, rest)
{
	at = index(row, "\"" name "\":")
	if (!at)
		return ""
	rest = substr(row, at + length(name) + 3)
	if (substr(rest, 1, 1) == "\"") {
		rest = substr(rest, 2)
		return substr(rest, 1, index(rest, "\"") - 1)
	}
	if (substr(rest, 1, 1) == "[")
		return substr(rest, 2, index(rest, "]") - 2)
	match(rest, /^[^,}]*/)
	return substr(rest, 1, RLENGTH)
}

function median_of(values, count,    i, j, value)
{
	for (i = 2; i <= count; i++) {
		value = values[i]
		for (j = i - 1; j >= 1 && values[j] > value; j--)
			values[j + 1] = values[j]
		values[j + 1] = value
	}
	return (values[int((count + 1) / 2)] + values[int(count / 2) + 1]) / 2
}

function lookup_key(engine, mode, size, threads, writer)
{
	return "merged_lookup " engine " " mode " " size " " threads " " writer
}

{
	bench = field($0, "bench")
	key = bench " " field($0, "engine") " " field($0, "mode")
	if (bench == "merged_lookup") {
		if (field($0, "distribution") != "uniform" || field($0, "connections") != 200)
			next
		size = field($0, "organizations")
		if (!(size in seen)) {
			seen[size] = 1
			sizes[++size_count] = size
		}
		key = lookup_key(field($0, "engine"), field($0, "mode"), size, field($0, "threads"), field($0, "writer"))
	}
	row[key] = $0
}

# Time of `above` divided by time of `below`, round by round. Of what was measured as a whole `times`, else `rates`.
function ratio(above, below,    name, a, b, n, i, quotients)
{
	name = field(row[above], "times") != "" ? "times" : "rates"
	n = split(field(row[above], name), a, ",")
	if (split(field(row[below], name), b, ",") != n)
		return ratio_of("ns_per_op", above, below)
	for (i = 1; i <= n; i++)
		quotients[i] = name == "times" ? a[i] / b[i] : b[i] / a[i]
	return median_of(quotients, n)
}

function ratio_of(name, above, below)
{
	return field(row[above], name) / field(row[below], name)
}

function have(above, below)
{
	return (above in row) && (below in row)
}

# sign: "<" at most the limit, ">" at least.
function say(what, value, sign, limit, beside,    good)
{
	good = sign == "<" ? value <= limit : value >= limit
	met += good
	missed += !good
	printf "%-64s %8.2f  %s %-5s %-8s %s\n", what, value, sign == "<" ? "<=" : ">=", limit, good ? "met" : "not met", beside
	if (limit > 0 && value > 0)
		printf "%s\t%g\t%d\n", what, sign == "<" ? limit / value : value / limit, good > targets
}

# A ratio without a target, for comparison.
function note(what, value)
{
	printf "%-64s %8.2f  for comparison\n", what, value
}

function missing(what)
{
	unmeasured++
	printf "%-64s not measured\n", what
}

function time_target(what, above, below, sign, limit)
{
	if (!have(above, below))
		missing(what)
	else
		say(what, ratio(above, below), sign, limit, sprintf("%.2f", ratio_of("ns_median", above, below)))
}

function single(engine, size)
{
	return lookup_key(engine, "single", size, 1, "none")
}

function sized(size)
{
	return size >= 1000000 ? size / 1000000 " M" : size / 1000 " k"
}

function lookup_target(what, above, below, size, sign, limit)
{
	time_target(what ", " sized(size), single(above, size), single(below, size), sign, limit)
}

function lookup_note(what, above, below, size)
{
	if (have(single(above, size), single(below, size)))
		note("  " what ", " sized(size) ": without a merge", ratio(single(above, size), single(below, size)))
}

function growth_target(size,    what, own, floor_growth)
{
	what = "growth of orgdb / of lmdb_two_gets, 10 k to " sized(size)
	if (!have(single("orgdb", size), single("orgdb", 10000)) || !have(single("lmdb_two_gets", size), single("lmdb_two_gets", 10000))) {
		missing(what)
		return
	}
	own = ratio_of("ns_per_op", single("orgdb", size), single("orgdb", 10000))
	floor_growth = ratio_of("ns_per_op", single("lmdb_two_gets", size), single("lmdb_two_gets", 10000))
	say(what, own / floor_growth, "<", 1, sprintf("%.2f times and %.2f times", own, floor_growth))
}

function own_targets(size,    one, two, writer)
{
	one = single("orgdb", size)
	two = lookup_key("orgdb", "single", size, 2, "none")
	writer = lookup_key("orgdb", "single", size, 1, "memberships")
	if (!(one in row)) {
		missing("orgdb alone, " sized(size))
		return
	}
	# The rate of both threads: `ratio` divides rates of `below` by those of `above`.
	say("2 threads / 1 thread, lookups a second, " sized(size), ratio(one, two), ">", 1.9, "")
	if (have(single("hashmap", size), lookup_key("hashmap", "single", size, 2, "none")))
		note("  the same of hashmap: what this machine can give", \
			ratio(single("hashmap", size), lookup_key("hashmap", "single", size, 2, "none")))
	say("p99 with the membership writer / without, " sized(size), ratio_of("ns_p99", writer, one), "<", 1.5, "")
	if (field(row[one], "allocations_per_op") != "null")
		say("allocations per lookup, " sized(size), field(row[one], "allocations_per_op"), "<", 0, "")
}

function lookup_targets(    i, size)
{
	lookup_target("orgdb_uncached / lmdb_two_gets, single", "orgdb_uncached", "lmdb_two_gets", 10000, "<", 0.85)
	lookup_target("orgdb_uncached / lmdb_two_gets, single", "orgdb_uncached", "lmdb_two_gets", 1000000, "<", 0.70)
	lookup_note("lmdb_one_get / lmdb_two_gets, single", "lmdb_one_get", "lmdb_two_gets", 10000)
	lookup_note("lmdb_one_get / lmdb_two_gets, single", "lmdb_one_get", "lmdb_two_gets", 1000000)
	lookup_target("orgdb / lmdb_two_gets, single", "orgdb", "lmdb_two_gets", 10000, "<", 0.45)
	lookup_target("orgdb / lmdb_two_gets, single", "orgdb", "lmdb_two_gets", 1000000, "<", 0.55)
	for (i = 1; i <= size_count; i++)
		time_target("orgdb / lmdb_two_gets, batch64, " sized(sizes[i]), lookup_key("orgdb", "batch64", sizes[i], 1, "none"),
			lookup_key("lmdb_two_gets", "batch64", sizes[i], 1, "none"), "<", 0.60)
	lookup_target("sqlite_join / orgdb, single", "sqlite_join", "orgdb", 10000, ">", 30)
	lookup_target("sqlite_join / orgdb, single", "sqlite_join", "orgdb", 1000000, ">", 18)
	lookup_target("sqlite_best / orgdb, single", "sqlite_best", "orgdb", 10000, ">", 16)
	lookup_target("sqlite_best / orgdb, single", "sqlite_best", "orgdb", 1000000, ">", 10)
	lookup_target("orgdb / hashmap, single", "orgdb", "hashmap", 1000000, "<", 3)
	growth_target(1000000)
	if (10000000 in seen)
		growth_target(10000000)
	for (i = 1; i <= size_count; i++)
		own_targets(sizes[i])
}

function other_targets(    above, below)
{
	above = "cascade sqlite delete_organization"
	below = "cascade orgdb delete_organization"
	time_target("cascade of " field(row[below], "members") " members, sqlite / orgdb", above, below, ">", 10)
	above = "cascade sqlite_integer delete_organization"
	if (have(above, below))
		note("  the same, sqlite_integer / orgdb", ratio(above, below))
	bytes_targets()
	time_target("durable single commit, orgdb / lmdb", "commit orgdb one_membership", "commit lmdb one_membership", "<", 1.25)
	above = "commit orgdb one_membership"
	below = "commit lmdb_one_put one_membership"
	if (have(above, below))
		note("  the same, orgdb / lmdb_one_put", ratio(above, below))
}

function bytes_targets(    own, text, integer)
{
	own = "bulk_load orgdb api"
	text = "bulk_load sqlite api"
	integer = "bulk_load sqlite_integer api"
	if (!have(text, own)) {
		missing("bytes per membership, sqlite / orgdb")
		return
	}
	say("bytes per membership, sqlite / orgdb", ratio_of("bytes_per_membership", text, own), ">", 2, "")
	if (integer in row)
		note("  the same, sqlite_integer / orgdb", ratio_of("bytes_per_membership", integer, own))
}

# A line for each engine and size, for the plot.
function write_latencies(    engines, n, i, j)
{
	n = split("orgdb orgdb_uncached lmdb_two_gets lmdb_one_get lmdb_naive sqlite_best sqlite_join rocksdb hashmap", engines, " ")
	for (i = 1; i <= n; i++) {
		printf "%s%s\n", (i > 1 ? "\n\n" : ""), engines[i] > latency
		for (j = 1; j <= size_count; j++)
			if (single(engines[i], sizes[j]) in row)
				printf "%s\t%s\n", sizes[j], field(row[single(engines[i], sizes[j])], "ns_per_op") > latency
	}
}

END {
	printf "%-64s %8s  %-8s %-8s %s\n", "what", "measured", "target", "", "by median latency"
	printf "" > targets
	lookup_targets()
	other_targets()
	write_latencies()
	printf "\n%d met, %d not met, %d not measured.\n", met, missed, unmeasured
}
