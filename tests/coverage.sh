#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How much of lib/ the tests reach: fails below 95 of 100 lines or 90 of 100 branches. `build/coverage/coverage.txt` says
# which lines they do not. What cannot be reached is marked where it stands, with the reason:
#
#     GCOVR_EXCL_LINE, or GCOVR_EXCL_BR_LINE for its branches alone
#
# usage: tests/coverage.sh
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc 2>/dev/null || echo 2)
build=build/coverage

cmake --preset coverage
cmake --build --preset coverage --parallel "$jobs"
find $build -name '*.gcda' -delete # What earlier runs have reached.
ctest --preset coverage --parallel "$jobs"

gcovr --root . --filter 'lib/' --fail-under-line 95 --fail-under-branch 90 --print-summary \
	--output $build/coverage.txt $build
