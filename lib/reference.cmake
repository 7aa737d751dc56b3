# SPDX-License-Identifier: MIT
#
# The reference, made from the header: `cmake --build build --target reference` leaves it in build/reference/html. A test
# runs the same with warnings as errors, so everything public is documented.
find_package(Doxygen 1.9.4 QUIET)
if(NOT DOXYGEN_FOUND)
	return()
endif()

set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/reference)
set(DOXYGEN_OPTIMIZE_OUTPUT_FOR_C YES)
set(DOXYGEN_TYPEDEF_HIDES_STRUCT YES)
set(DOXYGEN_EXTRACT_ALL NO)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_QUIET YES)
# The header's conventions say what arguments are; only what they leave open is told for each.
set(DOXYGEN_WARN_IF_INCOMPLETE_DOC NO)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
# The lists of errors and rules make enumerations, with the texts as comments.
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_PREDEFINED ORGDB_API:= ORGDB_MUST_USE:= __GNUC__ __cplusplus)
set(DOXYGEN_EXCLUDE_SYMBOLS ORGDB_ERROR_VALUE ORGDB_RULE_VALUE)
doxygen_add_docs(reference include/orgdb.h COMMENT "The reference, into reference/html")
