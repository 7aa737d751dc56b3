"""orgdb through ctypes: the structs of orgdb.h, and the shortest way to call what uses them.

The structs of the kinds are not written down here: the library describes them itself (orgdb_schema_of).
SPDX-License-Identifier: MIT
"""
import contextlib
import ctypes
import re
from ctypes import POINTER, Structure, byref, c_bool, c_char, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p


KINDS = ("connection", "application", "role", "user", "organization", "email_template", "discovery_domain",
         "invitation", "application_connection", "enabled_connection", "membership", "organization_application")


class Str(Structure):
    """A view of text; absent text is None."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def __init__(self, text=None):
        self.kept = None if text is None else text.encode()
        data = ctypes.cast(ctypes.c_char_p(self.kept), c_void_p) if self.kept is not None else None
        super().__init__(data, len(self.kept or b""))

    @property
    def text(self):
        return ctypes.string_at(self.data, self.size).decode() if self.data else None


class Value(Structure):
    """A view of a MessagePack value; absent is None."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def __init__(self, packed=None):
        self.kept = packed
        data = ctypes.cast(ctypes.c_char_p(packed), c_void_p) if packed is not None else None
        super().__init__(data, len(packed or b""))

    @property
    def packed(self):
        return ctypes.string_at(self.data, self.size) if self.data else None


class Pair(Structure):
    _fields_ = [("key", Str), ("value", Str)]


class ErrorInfo(Structure):
    _fields_ = [("code", c_int), ("system_error", c_int), ("field", c_char_p), ("message", c_char_p),
                ("rule", c_uint32)]


class Options(Structure):
    _fields_ = [("size", c_size_t), ("read_only", c_bool), ("must_exist", c_bool), ("durability", c_uint32),
                ("map_size", c_uint64), ("map_size_max", c_uint64), ("readers_max", c_uint32),
                ("row_cache_size", c_uint64), ("verify", c_bool), ("reader_age_max", c_uint64)]

    def __init__(self, **given):
        super().__init__(size=ctypes.sizeof(Options), row_cache_size=1 << 27)
        for name, value in given.items():
            setattr(self, name, value)


class Cascade(Structure):
    _fields_ = [(name, c_uint64)
                for name in ("memberships", "member_roles", "enabled_connections", "application_connections",
                             "organization_applications", "roles", "discovery_domains", "invitations")]


class Access(Structure):
    _fields_ = [(name, c_uint32) for name in ("rule", "usage", "prompt", "discovery")]


class LoginOptions(Structure):
    _fields_ = [("size", c_size_t), ("client_id", c_char_p), ("policy", c_uint32)]


class LoginResult(Structure):
    _fields_ = [("outcome", c_uint32), ("ask_organization", c_bool), ("organization_id", c_char * 21)]


class MergeOptions(Structure):
    _fields_ = [("size", c_size_t), ("policy", c_uint32), ("visible_only", c_bool), ("enforce_rules", c_bool),
                ("access", POINTER(Access))]


class TemplateOptions(Structure):
    _fields_ = [("size", c_size_t), ("organization_id", c_char_p), ("client_id", c_char_p), ("connection_id", c_char_p),
                ("user_id", c_char_p), ("user_email", c_char_p), ("inviter_name", c_char_p),
                ("role_ids", POINTER(c_char_p)), ("role_count", c_size_t)]
    _fields_ += [(name, c_char_p) for name in (
        "url", "code", "link", "send", "operation", "source_ip", "city", "country", "request_language", "tenant",
        "friendly_name", "support_email", "support_url", "custom_domain")]
    _fields_ += [("custom_domain_metadata", Value), ("extra", Value), ("for_result_url", c_bool)]


class Discovery(Structure):
    _fields_ = [("organizations", c_uint32), ("organization_id", Str)]


class Metrics(Structure):
    _fields_ = [(name, c_uint64) for name in (
        "read_transactions", "write_transactions", "commits", "aborts", "lookups", "row_cache_hits",
        "row_cache_misses", "catalog_copies", "map_moves", "map_size", "used_size", "file_size", "readers",
        "readers_max", "readers_active", "oldest_reader")]


class Statistics(Structure):
    _fields_ = [("count", c_uint64 * len(KINDS)), ("member_roles", c_uint64), ("lsn", c_uint64), ("file_size", c_uint64),
                ("page_size", c_uint64), ("used_size", c_uint64), ("map_size", c_uint64), ("row_cache_hits", c_uint64),
                ("row_cache_misses", c_uint64), ("readers", c_uint32), ("readers_max", c_uint32),
                ("format_version", c_uint32), ("uuid", c_char * 37)]


class Table(Structure):
    _fields_ = [("ordinal", c_uint64), ("name", c_char_p), ("holds_objects", c_bool), ("depth", c_uint32),
                ("rows", c_uint64), ("branch_pages", c_uint64), ("leaf_pages", c_uint64), ("overflow_pages", c_uint64)]


class Row(Structure):
    _fields_ = [("key", c_void_p), ("key_size", c_size_t), ("value", c_void_p), ("value_size", c_size_t)]


class Reader(Structure):
    _fields_ = [("ordinal", c_uint64), ("process", c_uint64), ("thread", c_uint64), ("behind", c_uint64),
                ("is_active", c_bool), ("is_old", c_bool), ("is_stale", c_bool)]


class Problem(Structure):
    _fields_ = [("table", c_char_p), ("message", c_char_p)]


ProblemFunction = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Problem))
ProgressFunction = ctypes.CFUNCTYPE(None, c_void_p, c_uint64, c_uint64)


class CheckReport(Structure):
    _fields_ = [("size", c_size_t), ("problem", ProblemFunction), ("progress", ProgressFunction),
                ("context", c_void_p), ("entries", c_uint64), ("problems", c_uint64)]


class SalvageReport(Structure):
    _fields_ = [("size", c_size_t), ("problem", ProblemFunction), ("context", c_void_p), ("problems", c_uint64),
                ("saved", c_uint64 * len(KINDS)), ("lost", c_uint64 * len(KINDS)), ("member_roles_saved", c_uint64),
                ("member_roles_lost", c_uint64), ("uncounted", c_uint32)]


class Field(Structure):
    _fields_ = [("name", c_char_p), ("bit", c_uint32), ("type", c_uint32), ("flags", c_uint32), ("offset", c_size_t),
                ("length_min", c_uint32), ("length_max", c_uint32), ("expectation", c_char_p),
                ("choices", POINTER(c_char_p)), ("default_value", c_uint32), ("rule", c_uint32)]


class Schema(Structure):
    _fields_ = [("name", c_char_p), ("kind", c_uint32), ("struct_size", c_size_t), ("extra_offset", c_size_t),
                ("fields_offset", c_size_t), ("fields", POINTER(Field)), ("field_count", c_size_t)]


AllocateFunction = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t)
ReallocateFunction = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)
ReleaseFunction = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)


class Allocator(Structure):
    _fields_ = [("context", c_void_p), ("allocate", AllocateFunction), ("reallocate", ReallocateFunction),
                ("release", ReleaseFunction)]


LogFunction = ctypes.CFUNCTYPE(None, c_void_p, c_uint32, c_char_p)
WriteFunction = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)

MEMBER_TYPES = (Str, c_bool, c_uint32, Value, Value, c_uint64)  # By orgdb_type.


def member_name(field):
    """What C calls a field: the same, but for some that are the service's own names."""
    return "name" if field == "template" else re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), field)


class Error(Exception):
    """A call that failed, with what orgdb_last_error() says."""

    def __init__(self, name, info):
        self.name, self.code = name, info.code
        self.field, self.message, self.rule = info.field.decode(), info.message.decode(), info.rule
        super().__init__(f"{name}: {self.message}")


def struct_of(schema):
    """The struct of a kind, from what the library says of it."""
    members = [(schema.fields[i].offset, member_name(schema.fields[i].name.decode()), MEMBER_TYPES[schema.fields[i].type])
               for i in range(schema.field_count)]
    members += [(0, "ordinal", c_uint64), (schema.fields_offset, "fields", c_uint32),
                (schema.extra_offset, "extra", Value)]
    if schema.name == b"connection":
        members.append((schema.fields_offset + 4, "kind", c_uint32))
    members.sort(key=lambda member: member[0])
    made = type(schema.name.decode(), (Structure,), {"_fields_": [(name, kind) for _, name, kind in members]})
    for offset, name, _ in members:
        assert getattr(made, name).offset == offset, f"{made.__name__}.{name}"
    assert ctypes.sizeof(made) == schema.struct_size, made.__name__
    return made


class Library:
    """The functions of a liborgdb.so, and the structs of its kinds by name."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.describe("orgdb_version", c_char_p)
        self.describe("orgdb_strerror", c_char_p, c_int)
        self.describe("orgdb_error_name", c_char_p, c_int)
        self.describe("orgdb_error_http_status", c_int, c_int)
        self.describe("orgdb_rule_name", c_char_p, c_uint32)
        self.describe("orgdb_rule_text", c_char_p, c_uint32)
        self.describe("orgdb_error_service_code", c_char_p, POINTER(ErrorInfo))
        self.describe("orgdb_last_error", POINTER(ErrorInfo))
        self.describe("orgdb_schema_of", POINTER(Schema), c_uint32)
        self.describe("orgdb_close", None, c_void_p)
        self.describe("orgdb_end", None, c_void_p)
        self.describe("orgdb_value_from_pairs", c_int, POINTER(Pair), c_size_t, c_void_p, c_size_t, POINTER(Value))
        self.describe("orgdb_value_find", c_int, Value, c_char_p, POINTER(Value))
        self.describe("orgdb_value_text", c_int, Value, POINTER(Str))
        self.describe("orgdb_value_json", c_int, Value, c_bool, c_char_p, c_size_t, POINTER(Str))
        self.schemas = {kind: self.c.orgdb_schema_of(i).contents for i, kind in enumerate(KINDS)}
        self.structs = {kind: struct_of(schema) for kind, schema in self.schemas.items()}
        connection = self.structs["connection"]

        class MergedConnection(Structure):
            _fields_ = [("connection", POINTER(connection)), ("from", c_uint32),
                        ("organization_access_level", c_uint32), ("visible", c_bool), ("show_as_button", c_bool),
                        ("assign_membership_on_login", c_bool), ("is_signup_enabled", c_bool)]

        class MergeQuestion(Structure):
            _fields_ = [("client_id", c_char_p), ("organization_id", c_char_p),
                        ("array", POINTER(MergedConnection)), ("capacity", c_size_t), ("count", c_size_t),
                        ("result", c_int), ("usage", c_uint32)]

        class Discovered(Structure):
            _fields_ = [("organization", self.structs["organization"]), ("connections", POINTER(connection) * 10),
                        ("connection_count", c_size_t)]

        self.MergedConnection, self.MergeQuestion, self.Discovered = MergedConnection, MergeQuestion, Discovered

    def describe(self, name, result, *arguments):
        function = getattr(self.c, name)
        function.restype, function.argtypes = result, arguments

    def call(self, name, *arguments):
        """Call a function that returns an error code; text goes in as str, handles as they are."""
        given = [argument.encode() if isinstance(argument, str) else argument for argument in arguments]
        code = getattr(self.c, name)(*given)
        if code != 0:
            raise Error(self.c.orgdb_error_name(code).decode(), self.c.orgdb_last_error().contents)

    def entity(self, kind, /, **members):
        """A struct of a kind with these members, and their bits set."""
        schema, made = self.schemas[kind], self.structs[kind]()
        bits = {member_name(schema.fields[i].name.decode()): schema.fields[i].bit for i in range(schema.field_count)}
        made.kept = []
        for name, value in members.items():
            if isinstance(value, (str, bytes)):
                value = Str(value) if isinstance(value, str) else Value(value)
                made.kept.append(value)  # A struct keeps the address alone.
            setattr(made, name, value)
            made.fields |= bits[name]
        return made

    def open(self, path, **options):
        handle = c_void_p()
        self.call("orgdb_open", path, byref(Options(**options)), byref(handle))
        return Store(self, handle)


class Store:
    """An open store."""

    def __init__(self, library, handle):
        self.library, self.handle = library, handle

    def close(self):
        self.library.c.orgdb_close(self.handle)

    @contextlib.contextmanager
    def transaction(self, begin):
        handle = c_void_p()
        self.library.call(begin, self.handle, byref(handle))
        try:
            yield Transaction(self.library, handle)
        except BaseException:
            self.library.c.orgdb_end(handle)
            raise
        self.library.call("orgdb_commit", handle)

    def reading(self):
        return self.transaction("orgdb_begin_read")

    def writing(self):
        return self.transaction("orgdb_begin_write")


class Transaction:
    """Calls in one transaction; what they return are copies."""

    def __init__(self, library, handle):
        self.library, self.handle = library, handle

    def call(self, name, *arguments):
        self.library.call(name, self.handle, *arguments)

    def create(self, kind, /, **members):
        created = Str()
        self.call("orgdb_entity_create", c_uint32(KINDS.index(kind)), byref(self.library.entity(kind, **members)),
                  byref(created))
        return created.text

    def update(self, kind, entity_id, /, **members):
        self.call("orgdb_entity_update", c_uint32(KINDS.index(kind)), entity_id,
                  byref(self.library.entity(kind, **members)))

    def delete(self, kind, entity_id):
        gone = Cascade()
        self.call("orgdb_entity_delete", c_uint32(KINDS.index(kind)), entity_id, byref(gone))
        return gone

    def get(self, kind, entity_id):
        found = self.library.structs[kind]()
        self.call("orgdb_entity_get", c_uint32(KINDS.index(kind)), entity_id, byref(found))
        return found

    def list(self, kind, page=3):
        """All of a kind, page by page."""
        after = 0
        while True:
            array, count = (self.library.structs[kind] * page)(), c_size_t()
            self.call("orgdb_entity_list", c_uint32(KINDS.index(kind)), c_uint64(after), array, c_size_t(page),
                      byref(count))
            yield from array[:count.value]
            if count.value < page:
                return
            after = array[page - 1].ordinal

    def template_context(self, name, **given):
        """The variables of an email template, as JSON."""
        asked = TemplateOptions(size=ctypes.sizeof(TemplateOptions), **given)
        packed, context, text = ctypes.create_string_buffer(1 << 16), Value(), Str()
        self.call("orgdb_template_context", name, byref(asked), packed, c_size_t(len(packed)), byref(context))
        json = ctypes.create_string_buffer(1 << 17)
        self.library.call("orgdb_value_json", context, False, json, c_size_t(len(json)), byref(text))
        return text.text

    def merged(self, application, organization, capacity=16, **options):
        asked = MergeOptions(size=ctypes.sizeof(MergeOptions), **options)
        array, count = (self.library.MergedConnection * capacity)(), c_size_t()
        self.call("orgdb_merged_connections", application, organization, byref(asked), array, c_size_t(capacity),
                  byref(count))
        return array[:count.value]
