#!/usr/bin/env python3
"""compare.py FILE FILE [SKIPPED_KIND...]: are two JSON Lines files the same data?

The same objects, each kind in the same order of creation, with the same members and exactly the same values: an integer
is not a real, and numbers compare by their text where Python would round. What a dump may change: the order of members,
of edges, of roles of organizations among other roles, and of a membership's roles; no roles are the same as an empty array; null is the same as absent for a field
that orgdb knows.
SPDX-License-Identifier: MIT
"""
import json
import sys

EDGES = {"application_connection", "enabled_connection", "organization_application", "membership"}


def exact(value):
    """A value in which equal means the same type too, with the members of objects in one order."""
    if isinstance(value, dict):
        return ("object", sorted((key, exact(member)) for key, member in value.items()))
    if isinstance(value, list):
        return ("array", [exact(item) for item in value])
    return (type(value).__name__, repr(value))


def read(path, skipped):
    kinds = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            record = json.loads(line)
            kind = record["kind"]
            if kind in skipped:
                continue
            if kind == "membership":
                record["roles"] = sorted(record.get("roles") or [])
            if "owner_id" in record:  # May come before its owner, and is created behind it then.
                kind += " of organizations"
            kinds.setdefault(kind, []).append(exact(record))
    for kind in EDGES & set(kinds):
        kinds[kind].sort()
    return kinds


def main():
    skipped = set(sys.argv[3:])
    left, right = read(sys.argv[1], skipped), read(sys.argv[2], skipped)
    for kind in sorted(set(left) | set(right)):
        ours, theirs = left.get(kind, []), right.get(kind, [])
        if len(ours) != len(theirs):
            sys.exit(f"{kind}: {len(ours)} and {len(theirs)} objects")
        for a, b in zip(ours, theirs):
            if a != b:
                sys.exit(f"{kind} differs:\n{a}\n{b}")
    if not left:
        sys.exit("there is nothing to compare")


main()
