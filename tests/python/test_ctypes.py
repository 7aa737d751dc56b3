#!/usr/bin/env python3
"""test_ctypes.py LIBRARY HEADER: is the shared library of use to other languages?

SPDX-License-Identifier: MIT
"""
import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import orgdb

LIBRARY, HEADER = sys.argv[1:3]
library = orgdb.Library(LIBRARY)

# The structs of the header by what they are called here.
STRUCTS = {
    "orgdb_str": orgdb.Str, "orgdb_value": orgdb.Value, "orgdb_pair": orgdb.Pair,
    "orgdb_error_info": orgdb.ErrorInfo, "orgdb_options": orgdb.Options, "orgdb_cascade": orgdb.Cascade,
    "orgdb_access": orgdb.Access, "orgdb_merge_options": orgdb.MergeOptions,
    "orgdb_login_options": orgdb.LoginOptions, "orgdb_login_result": orgdb.LoginResult,
    "orgdb_template_options": orgdb.TemplateOptions, "orgdb_metrics": orgdb.Metrics, "orgdb_statistics": orgdb.Statistics,
    "orgdb_table": orgdb.Table, "orgdb_row": orgdb.Row, "orgdb_reader": orgdb.Reader, "orgdb_problem": orgdb.Problem,
    "orgdb_check_report": orgdb.CheckReport, "orgdb_salvage_report": orgdb.SalvageReport,
    "orgdb_field": orgdb.Field, "orgdb_schema": orgdb.Schema,
    "orgdb_allocator": orgdb.Allocator, "orgdb_merged_connection": library.MergedConnection,
    "orgdb_merge_question": library.MergeQuestion, "orgdb_discovery": orgdb.Discovery,
    "orgdb_discovered": library.Discovered,
    **{f"orgdb_{kind}": struct for kind, struct in library.structs.items()},
}


class Layouts(unittest.TestCase):
    """Python's structs are C's."""

    def test_every_struct_of_the_header_is_here(self):
        with open(HEADER, encoding="utf-8") as header:
            names = re.findall(r"^typedef struct (\w+) \{", header.read(), re.MULTILINE)
        self.assertEqual(sorted(names), sorted(STRUCTS))

    def test_members_are_where_c_has_them(self):
        wanted, lines = [], []
        for name, struct in STRUCTS.items():
            wanted.append(f"{name} {ctypes.sizeof(struct)}")
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            for member, _ in struct._fields_:
                at = getattr(struct, member)
                wanted.append(f"{name}.{member} {at.offset} {at.size}")
                lines.append(f'printf("{name}.{member} %zu %zu\\n", offsetof({name}, {member}), '
                             f"sizeof((({name} *)0)->{member}));")
        program = "#include <orgdb.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) + "\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            binary = os.path.join(folder, "layouts")
            subprocess.run(["cc", "-x", "c", "-I", os.path.dirname(HEADER), "-o", binary, "-"],
                           input=program.encode(), check=True)
            found = subprocess.run([binary], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        self.assertEqual(found, wanted)


class Stores(unittest.TestCase):
    """What a server would do, in another language."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("ORGDB_TEST_DIR"))
        self.path = os.path.join(self.folder.name, "python.orgdb")
        self.store = library.open(self.path, map_size=1 << 24, durability=1)

    def tearDown(self):
        self.store.close()
        self.folder.cleanup()

    def fill(self):
        with self.store.writing() as txn:
            self.google = txn.create("connection", name="google", strategy="google-oauth2", display_name="Google")
            self.saml = txn.create("connection", name="saml", strategy="samlp", display_name="Zürich ✓")
            txn.create("application", client_id="portal", name="Portal", organization_usage=1)
            self.acme = txn.create("organization", name="acme", display_name="Acme")
            txn.call("orgdb_application_connection_enable", "portal", self.google, None)
            edge = library.entity("enabled_connection", show_as_button=True, is_enabled=True,
                                  assign_membership_on_login=True)
            txn.call("orgdb_enabled_connection_create", self.acme, self.saml, ctypes.byref(edge))

    def test_lookups(self):
        self.fill()
        with self.store.reading() as txn:
            both = txn.merged("portal", self.acme)
            self.assertEqual([entry.connection.contents.display_name.text for entry in both], ["Google", "Zürich ✓"])
            self.assertEqual([getattr(entry, "from") for entry in both], [1, 2])
            self.assertEqual([entry.assign_membership_on_login for entry in both], [False, True])
            self.assertEqual([entry.connection.contents.kind for entry in both], [1, 2])
            only = txn.merged("portal", self.acme, policy=1)
            self.assertEqual([entry.connection.contents.id.text for entry in only], [self.saml])
            access = orgdb.Access(usage=9)
            txn.merged("portal", None, access=ctypes.pointer(access))
            self.assertEqual(access.usage, 1)

    def log_in(self, connection, organization=None):
        result = orgdb.LoginResult()
        options = orgdb.LoginOptions(size=ctypes.sizeof(orgdb.LoginOptions), client_id=b"portal")
        library.call("orgdb_login_and_join", self.store.handle, organization, connection, "auth0|1",
                     ctypes.byref(options), ctypes.byref(result))
        return result.outcome, result.organization_id.decode()

    def test_logins(self):
        self.fill()
        with self.store.writing() as txn:
            txn.create("user", user_id="auth0|1")
        with self.assertRaises(orgdb.Error) as caught:
            self.log_in(self.google, self.acme)
        self.assertEqual(caught.exception.name, "ORGDB_FORBIDDEN")
        self.assertEqual(library.c.orgdb_rule_name(caught.exception.rule), b"not_a_member")
        self.assertEqual(self.log_in(self.saml, self.acme), (2, self.acme))  # ORGDB_LOGIN_JOINED
        self.assertEqual(self.log_in(self.google, self.acme), (1, self.acme))  # ORGDB_LOGIN_MEMBER
        self.assertEqual(self.log_in(self.google), (0, ""))  # ORGDB_LOGIN_OUTSIDE

    def test_batches(self):
        self.fill()
        arrays = [(library.MergedConnection * 4)() for _ in range(2)]
        questions = (library.MergeQuestion * 2)()
        for question, array, client_id in zip(questions, arrays, (b"portal", b"nobody")):
            question.client_id, question.organization_id = client_id, self.acme.encode()
            question.array, question.capacity = array, 4
        with self.store.reading() as txn:
            with self.assertRaises(orgdb.Error) as caught:
                txn.call("orgdb_merged_connections_batch", questions, ctypes.c_size_t(2), None)
            self.assertEqual(caught.exception.name, "ORGDB_NOT_FOUND")
            self.assertEqual([(question.result, question.count) for question in questions],
                             [(0, 2), (caught.exception.code, 0)])

    def test_entities_come_back_as_they_went_in(self):
        pairs = (orgdb.Pair * 2)(orgdb.Pair(orgdb.Str("plan"), orgdb.Str("gold")),
                                 orgdb.Pair(orgdb.Str("region"), orgdb.Str()))
        buffer, value, found, text = ctypes.create_string_buffer(100), orgdb.Value(), orgdb.Value(), orgdb.Str()
        library.call("orgdb_value_from_pairs", pairs, 2, buffer, 100, ctypes.byref(value))
        with self.store.writing() as txn:
            for i in range(8):
                txn.create("organization", name=f"organization-{i}", metadata=value.packed)
            first = txn.create("organization", name="first")
            txn.update("organization", first, name="renamed")
        with self.store.reading() as txn:
            listed = list(txn.list("organization"))
            self.assertEqual([entry.name.text for entry in listed],
                             [f"organization-{i}" for i in range(8)] + ["renamed"])
            library.call("orgdb_value_find", listed[0].metadata, "plan", ctypes.byref(found))
            library.call("orgdb_value_text", found, ctypes.byref(text))
            self.assertEqual(text.text, "gold")
            self.assertIsNone(listed[8].metadata.packed)
            self.assertEqual(txn.get("organization", first).name.text, "renamed")

    def test_errors_say_what_is_wrong(self):
        self.fill()
        with self.store.writing() as txn:
            for act, name, field, status in (
                    (lambda: txn.create("organization", name="acme"), "ORGDB_EXISTS", "organization.name", 409),
                    (lambda: txn.create("organization", name="No!"), "ORGDB_INVALID", "organization.name", 400),
                    (lambda: txn.get("user", "auth0|nobody"), "ORGDB_NOT_FOUND", "user", 404)):
                with self.assertRaises(orgdb.Error) as caught:
                    act()
                self.assertEqual(caught.exception.name, name)
                self.assertIn(field, caught.exception.field)
                self.assertEqual(library.c.orgdb_error_http_status(caught.exception.code), status)
                self.assertTrue(library.c.orgdb_strerror(caught.exception.code))

    def test_cascades_and_counts(self):
        self.fill()
        with self.store.writing() as txn:
            user = txn.create("user", email="someone@example.com")
            txn.call("orgdb_membership_add", self.acme, user, None)
            gone = txn.delete("organization", self.acme)
            self.assertEqual((gone.memberships, gone.enabled_connections), (1, 1))
        statistics = orgdb.Statistics()
        with self.store.reading() as txn:
            txn.call("orgdb_stat", ctypes.byref(statistics))
        self.assertEqual(list(statistics.count), [2, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0])
        self.assertEqual(len(statistics.uuid), 36)
        self.assertEqual(statistics.lsn, 2)

    def test_template_variables(self):
        self.fill()
        roles = (ctypes.c_char_p * 1)()
        with self.store.writing() as txn:
            roles[0] = txn.create("role", name="Zürich <admins>").encode()
            txn.create("email_template", name="user_invitation", **{"from": "", "subject": "Join", "body": "{{ url }}"})
        with self.store.reading() as txn:
            self.assertEqual(txn.get("email_template", "user_invitation").url_lifetime_in_seconds, 432000)
            found = json.loads(txn.template_context(
                "user_invitation", organization_id=self.acme.encode(), inviter_name=b'"Ed"\n', url=b"https://example.com/?a&b",
                role_ids=roles, role_count=1))
        self.assertEqual(found["organization"]["id"], self.acme)
        self.assertEqual((found["inviter"], found["url"]), ({"name": '"Ed"\n'}, "https://example.com/?a&b"))
        self.assertEqual(found["roles"], [{"id": roles[0].decode(), "name": "Zürich <admins>"}])

    def test_an_exception_changes_nothing(self):
        with self.assertRaises(ZeroDivisionError):
            with self.store.writing() as txn:
                txn.create("organization", name="acme")
                raise ZeroDivisionError
        with self.store.reading() as txn:
            self.assertEqual(list(txn.list("organization")), [])

    def test_callbacks(self):
        def add(txn, context):
            return library.c.orgdb_entity_create(ctypes.c_void_p(txn), 4, ctypes.c_void_p(context), None)
        organization = library.entity("organization", name="acme")
        library.call("orgdb_write", self.store.handle, orgdb.WriteFunction(add), ctypes.byref(organization))
        seen = []
        report = orgdb.CheckReport(size=ctypes.sizeof(orgdb.CheckReport),
                                   progress=orgdb.ProgressFunction(lambda _, done, total: seen.append((done, total))))
        library.call("orgdb_check", self.store.handle, ctypes.byref(report))
        self.assertEqual((report.problems, seen[-1][0]), (0, report.entries))

    def test_the_log_is_heard(self):
        self.store.close()
        lines = []
        hook = orgdb.LogFunction(lambda _, level, message: lines.append((level, message.decode())))
        library.call("orgdb_set_log", hook, None)
        other = library.open(self.path + ".other")
        other.close()
        library.call("orgdb_set_log", None, None)
        self.assertEqual(lines, [(2, f"{self.path}.other: created")])
        self.store = library.open(self.path)

    def test_threads(self):
        """ctypes lets go of Python's lock in a call, so these run at once."""
        self.fill()
        results = []

        def look_up():
            for _ in range(200):
                with self.store.reading() as txn:
                    results.append(len(txn.merged("portal", self.acme)))
        threads = [threading.Thread(target=look_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [2] * 800)
        metrics = orgdb.Metrics()
        library.call("orgdb_metrics_get", self.store.handle, ctypes.byref(metrics))
        self.assertEqual((metrics.lookups, metrics.readers_active), (800, 0))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
