# SPDX-License-Identifier: MIT
#
# The benchmarks that compare orgdb with its peers. They are built where the peers' libraries are; ./bench/run installs
# them. A plain build needs none of this.

pkg_check_modules(SQLITE IMPORTED_TARGET QUIET sqlite3>=3.31)
find_path(UTHASH_INCLUDE_DIR uthash.h)
find_path(ROCKSDB_INCLUDE_DIR rocksdb/c.h)
find_library(ROCKSDB_LIBRARY rocksdb)
mark_as_advanced(UTHASH_INCLUDE_DIR ROCKSDB_INCLUDE_DIR ROCKSDB_LIBRARY)

if(NOT SQLITE_FOUND OR NOT UTHASH_INCLUDE_DIR)
	message(STATUS "Benchmarks against peers are left out: SQLite or uthash is missing; ./bench/run installs them")
	return()
endif()

add_library(orgdb_bench_harness OBJECT bench/allocations.c bench/harness.c bench/heat.c bench/results.c)
target_compile_options(orgdb_bench_harness PRIVATE ${orgdb_strict})
target_include_directories(orgdb_bench_harness PRIVATE include)

# A program of the suite, from bench/NAME.c and what else is given.
function(orgdb_bench name)
	list(TRANSFORM ARGN PREPEND bench/)
	add_executable(orgdb_bench_${name} bench/${name}.c ${ARGN})
	target_compile_options(orgdb_bench_${name} PRIVATE ${orgdb_strict})
	target_link_libraries(orgdb_bench_${name} PRIVATE orgdb_bench_harness orgdb_static PkgConfig::LMDB PkgConfig::SQLITE
		Threads::Threads m)
	set_target_properties(orgdb_bench_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY bench)
endfunction()

orgdb_bench(merged_lookup peer_hashmap.c peer_lmdb.c peer_orgdb.c peer_sqlite.c rows.c sqlite_help.c tenant.c)
target_include_directories(orgdb_bench_merged_lookup SYSTEM PRIVATE ${UTHASH_INCLUDE_DIR})
if(ROCKSDB_INCLUDE_DIR AND ROCKSDB_LIBRARY)
	target_sources(orgdb_bench_merged_lookup PRIVATE bench/peer_rocksdb.c)
	target_include_directories(orgdb_bench_merged_lookup SYSTEM PRIVATE ${ROCKSDB_INCLUDE_DIR})
	target_link_libraries(orgdb_bench_merged_lookup PRIVATE ${ROCKSDB_LIBRARY})
	target_compile_definitions(orgdb_bench_merged_lookup PRIVATE BENCH_ROCKSDB)
endif()

foreach(name IN ITEMS bulk_load cascade commit membership)
	orgdb_bench(${name} members.c members_lmdb.c members_orgdb.c members_sqlite.c sqlite_help.c tenant.c)
endforeach()
