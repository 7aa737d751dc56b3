/*
 * orgdb - an embeddable storage engine for organizations.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ORGDB_H
#define ORGDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @file orgdb.h
 *
 * # What it is
 *
 * A server links orgdb to keep, in one file, what one tenant knows about who may log in where: its connections,
 * applications, organizations, users and roles, which connections an organization has enabled, and who is a member.
 * At every login page it answers: *which connections may this application offer inside this organization?*
 *
 * | word                   | meaning                                                                                   |
 * |------------------------|-------------------------------------------------------------------------------------------|
 * | store                  | one tenant's data: one file, with a lock file beside it                                     |
 * | connection             | a way to log in (`con_...`), of a strategy (`auth0`, `google-oauth2`, `samlp`) and so a kind |
 * | application            | a client (`client_id`) that users log in to                                               |
 * | organization           | `org_...`, with a unique name                                                              |
 * | user                   | `provider|id`; belongs to the tenant, never to an organization                            |
 * | role                   | `rol_...`; the tenant's or one organization's; given to a member inside one organization  |
 * | email template         | what one of the tenant's emails looks like, in Liquid; one for each occasion              |
 * | enabled connection     | organization-connection, with options                                                     |
 * | application connection | application-connection                                                                    |
 * | membership             | organization-user, with roles                                                             |
 * | organization application | organization-application: may the organization's members log in to it?                  |
 * | discovery domain       | `ord_...`; a domain, once verified, leads email addresses to the organization that owns it |
 * | invitation             | `uinv_...`; asks somebody to become a member, with a secret ticket                        |
 *
 * # Conventions
 *
 * 1. Functions return 0 or a negative #orgdb_error. A call that fails for a reason of the caller's (not found, exists,
 *    invalid ...) has changed nothing and leaves its transaction usable. A failure of the store (disk full, I/O ...)
 *    ends a write transaction's usefulness: every later call in it, and orgdb_commit(), returns that same error.
 *    orgdb_last_error() says more about this thread's last failure: which field, what was expected.
 * 2. The handle comes first, inputs next, outputs last. Outputs that a comment does not call optional must not be NULL.
 *    After an error outputs are unspecified.
 * 3. Ids and names go in as NUL-terminated UTF-8. Text comes back as an #orgdb_str, a view that is *not*
 *    NUL-terminated and lives **until the transaction ends or next writes**. Copy what must live longer.
 * 4. Lists fill the caller's array from a position on and set `*count` to how many were filled in; less than
 *    `capacity` means that the end was reached. Pass the last entry's `ordinal` as the next `after`; begin with 0.
 *    An entry deleted in between does no harm.
 * 5. Every handle has one function that ends it; that function takes NULL and does nothing.
 * 6. An option struct begins with its size; initialize it with its `_INIT`. A zero member means the default, unless its
 *    comment says otherwise.
 *
 * # Threads, processes, signals
 *
 * | handle            | threads                                                                                      |
 * |-------------------|----------------------------------------------------------------------------------------------|
 * | orgdb             | any thread, at the same time                                                                 |
 * | read transaction  | one thread at a time; it may move between threads                                            |
 * | write transaction | only the thread that began it; one at a time in each store, others wait in the begin         |
 * | views, entities   | read by any thread while their transaction lives and does not write                          |
 *
 * Many processes may open a store at once, on a local file system. One process has one handle for a store: opening it
 * again, by any path, gives the same handle, and each open needs its own orgdb_close().
 * A handle does not survive fork(): in the child every call returns #ORGDB_FORKED, except orgdb_close() and orgdb_end(),
 * which only let go; open the store in the child instead. No function may be called from a signal handler.
 * A process that dies at any instant leaves the store as its last commit made it.
 *
 * # Damaged files
 *
 * Stores rest on LMDB, which believes what the pages of a file say. Where they lie, it crashes, loops or writes over what is
 * in use. So pages are read by bounded code of orgdb's own before LMDB is let near them:
 *
 * - **Every orgdb_open()** judges that the file is an LMDB file that is not cut off, and whatever opening reads: both meta
 *   pages, the pages of the table of tables, how each table describes itself, and all of the table "meta". So opening a file
 *   never crashes, whatever is in it, and costs a few microseconds more.
 * - **`verify`**, and orgdb_check() each time, walks every page in use and the free list: that each page is there, is what it
 *   should be and is used once, that its rows lie within it and in order, that trees and large values end. After that
 *   neither reading nor writing can go astray. It takes 2 microseconds a page, half a second for 1 GB that is in memory, and
 *   a bit of memory a page. Use it for files that come from elsewhere.
 * - Rows are judged whenever they are read, `verify` or not: counts, lengths and text are bounded and checked; damage is
 *   #ORGDB_CORRUPT.
 *
 * | damage                                                                | seen by                                    |
 * |-----------------------------------------------------------------------|--------------------------------------------|
 * | no LMDB file, another byte order, a newer format                      | opening                                    |
 * | a file that is cut off, anywhere                                      | opening                                    |
 * | meta pages: wild numbers, exchanged, disagreeing                      | opening                                    |
 * | the table of tables, the table "meta", how tables describe themselves | opening                                    |
 * | a page that is zeroed, or of another place                            | `verify`, check                            |
 * | ways that lead nowhere, in circles, or twice to a page                | `verify`, check                            |
 * | sizes, places and order of rows; counts of pages and rows             | `verify`, check                            |
 * | a free list that names pages in use, twice, or that are not there     | `verify`, check                            |
 * | rows that do not decode or break a rule                               | check; whoever reads them: #ORGDB_CORRUPT  |
 * | rows that contradict each other                                       | check                                      |
 * | an older version of a page                                            | these, if counts differ or rows contradict |
 * | later pages of a large value                                          | check, unless they hold valid text         |
 * | one valid text or number made into another                            | nobody: pages have no checksums            |
 *
 * What is left: without `verify`, damage that opening does not see may crash a process when it comes across it. And a file
 * that something else changes while it is open is beyond help.
 *
 * There is no repair in place. orgdb_salvage() makes a new store of what can be read of a damaged one: also where meta pages,
 * roots or branches are gone, for it finds their leaf pages by what is in them.
 */

#if defined(__GNUC__)
/** Exported by the shared library. */
#define ORGDB_API __attribute__((visibility("default")))
/** Whoever calls it must look at what it returns. */
#define ORGDB_MUST_USE __attribute__((warn_unused_result))
#else
#define ORGDB_API
#define ORGDB_MUST_USE
#endif

/** @name Version */
/**@{*/
#define ORGDB_VERSION_MAJOR 0 /**< While it is 0, each minor version may change the interface ... */
#define ORGDB_VERSION_MINOR 1 /**< ... and has a shared library of its own; see ORGDB_VERSION. */
#define ORGDB_VERSION_PATCH 0 /**< Changes nothing that a program could notice. */
/** The version of this header. Programs run with any library that has the same soname: `liborgdb.so.0.MINOR` before 1.0, from
 * then on `liborgdb.so.MAJOR`. */
#define ORGDB_VERSION "0.1.0"

/** The version of the library that is linked, such as "0.1.0"; lives forever. */
ORGDB_API const char *orgdb_version(void);
/**@}*/

/** @name Errors */
/**@{*/

/**
 * Every error: name, value, what it means, and the HTTP status that a management API would answer.
 * One list makes the enumeration, orgdb_error_name(), orgdb_strerror() and orgdb_error_http_status().
 */
#define ORGDB_ERRORS(X)                                                                                             \
	X(ORGDB_NOT_FOUND, -1001, "not found", 404)                                                                     \
	X(ORGDB_EXISTS, -1002, "exists already", 409)                                                                   \
	X(ORGDB_INVALID, -1003, "invalid value", 400)                                                                   \
	X(ORGDB_TOO_LARGE, -1004, "larger than the limit", 413)                                                         \
	X(ORGDB_FORBIDDEN, -1005, "not allowed", 403)                                                                    \
	X(ORGDB_TRUNCATED, -1006, "the array is too small for the whole answer", 500)                                   \
	X(ORGDB_MISUSE, -1007, "the call is not allowed here", 500)                                                     \
	X(ORGDB_READ_ONLY, -1008, "the transaction or the store is read-only", 403)                                     \
	X(ORGDB_BUSY, -1009, "in use in a way that excludes this call", 503)                                            \
	X(ORGDB_FORKED, -1010, "the handle was opened before fork()", 500)                                              \
	X(ORGDB_NO_STORE, -1011, "there is no store at this path", 404)                                                 \
	X(ORGDB_NOT_A_STORE, -1012, "the file is not an orgdb store", 500)                                              \
	X(ORGDB_VERSION_MISMATCH, -1013, "the store needs another version of orgdb", 500)                               \
	X(ORGDB_CORRUPT, -1014, "the store is damaged", 500)                                                            \
	X(ORGDB_MAP_FULL, -1015, "the map is full", 507)                                                                \
	X(ORGDB_TXN_FULL, -1016, "the transaction changes too much", 413)                                               \
	X(ORGDB_READERS_FULL, -1017, "too many read transactions at once", 503)                                         \
	X(ORGDB_DISK_FULL, -1018, "no space left on the device", 507)                                                   \
	X(ORGDB_PERMISSION, -1019, "permission denied", 500)                                                            \
	X(ORGDB_IO, -1020, "input or output failed", 500)                                                               \
	X(ORGDB_NO_MEMORY, -1021, "out of memory", 500)                                                                 \
	X(ORGDB_PANIC, -1022, "the store failed for good; close it and open it again", 500)

/** What functions return. */
typedef enum orgdb_error {
	ORGDB_OK = 0, /**< It went well. */
#define ORGDB_ERROR_VALUE(name, value, text, http) name = value, /**< text */
	ORGDB_ERRORS(ORGDB_ERROR_VALUE)
#undef ORGDB_ERROR_VALUE
} orgdb_error;

/** What happened to the last call that failed in this thread. */
typedef struct orgdb_error_info {
	int code;             /**< The #orgdb_error that it returned. */
	int system_error;     /**< The errno behind it, or 0. */
	const char *field;    /**< The field at fault, such as "organization.name", or "". */
	const char *message;  /**< One sentence: what is wrong and what was expected. */
	uint32_t rule;        /**< With #ORGDB_FORBIDDEN: the #orgdb_rule that refuses; else 0. */
} orgdb_error_info;

/** Text for an error code; for other numbers "unknown error". Lives forever. */
ORGDB_API const char *orgdb_strerror(int code);
/** The name of an error code, such as "ORGDB_EXISTS"; for other numbers "ORGDB_UNKNOWN". Lives forever. */
ORGDB_API const char *orgdb_error_name(int code);
/** The HTTP status that a management API answers for a code: 200 for 0, 500 for unknown ones. */
ORGDB_API int orgdb_error_http_status(int code);
/**
 * The error code that a management API answers beside the status, as its `errorCode`; "" where it has none. Lives forever.
 *
 * | status | what failed                                                        | error code                                |
 * |--------|--------------------------------------------------------------------|-------------------------------------------|
 * | 400    | a field of an entity or an edge is not valid                       | `invalid_body`                            |
 * | 404    | no such user, application, connection; invitation                  | `inexistent_user`, `inexistent_client`, `inexistent_connection`; `inexistent_invitation` |
 * | 404    | no such organization, edge or anything else                        | none                                      |
 * | 409    | another organization has the name                                  | `organization_conflict`                   |
 * | 409    | another connection has the name                                    | `connection_conflict`                     |
 * | 409    | anything else that exists already                                  | none                                      |
 * | others | see #ORGDB_ERRORS                                                  | none                                      |
 *
 * @param info such as orgdb_last_error() gives: the code, and the field, which begins with the kind that the failure is about.
 */
ORGDB_API const char *orgdb_error_service_code(const orgdb_error_info *info);
/** Details of this thread's last failed call. Never NULL; valid until the next call in this thread fails. */
ORGDB_API const orgdb_error_info *orgdb_last_error(void);
/**@}*/

/** @name Text and values */
/**@{*/

/** A view of UTF-8 text, not NUL-terminated. `data == NULL` means absent; "" is present and empty. */
typedef struct orgdb_str {
	const char *data; /**< The first byte. */
	size_t size;      /**< In bytes. */
} orgdb_str;

/** A view of one MessagePack value (a map, an array ...). `data == NULL` means absent. */
typedef struct orgdb_value {
	const void *data; /**< The first byte. */
	size_t size;      /**< In bytes. */
} orgdb_value;

/** A view of a string literal, for initializers. */
#define ORGDB_STR(literal) { "" literal, sizeof(literal) - 1 }

/** A view of NUL-terminated @p text; absent for NULL. */
ORGDB_API orgdb_str orgdb_string(const char *text);
/** True if @p a and @p b are both present and equal, or both absent. */
ORGDB_API bool orgdb_str_equal(orgdb_str a, orgdb_str b);

/** One entry of a map of texts; an absent @p value stands for null. */
typedef struct orgdb_pair {
	orgdb_str key;   /**< Present. */
	orgdb_str value; /**< Or absent. */
} orgdb_pair;

/**
 * Encode @p count pairs as a map, such as an organization's `metadata`, into @p buffer.
 * @p out views the buffer. For anything richer use any MessagePack library.
 * @return 0; #ORGDB_TOO_LARGE if @p capacity is too small.
 */
ORGDB_API int orgdb_value_from_pairs(
	const orgdb_pair *pairs, size_t count, void *buffer, size_t capacity, orgdb_value *out);

/**
 * Find @p key in a map.
 * @return 0; #ORGDB_NOT_FOUND if @p map is absent or has no such key; #ORGDB_INVALID if it is no map.
 */
ORGDB_API int orgdb_value_find(orgdb_value map, const char *key, orgdb_value *out);

/** View a text value. @return 0; #ORGDB_INVALID if @p value is not a text. */
ORGDB_API int orgdb_value_text(orgdb_value value, orgdb_str *out);

/**
 * Write a value as JSON into @p buffer: always valid, in UTF-8, nothing escaped that need not be. Integers have no point,
 * other numbers have one or an exponent.
 * @param pretty each member and element on a line of its own; else all on one.
 * @param out views the buffer; not NUL-terminated.
 * @return 0; #ORGDB_TRUNCATED: nothing was written, for it takes `out->size` bytes; #ORGDB_INVALID: the value is not
 *         well-formed MessagePack of what JSON has, too, or has more than twice #ORGDB_VALUE_DEPTH_MAX levels.
 */
ORGDB_API int orgdb_value_json(orgdb_value value, bool pretty, char *buffer, size_t capacity, orgdb_str *out);
/**@}*/

/** @name Limits
 * In bytes unless said otherwise. Longer ones are refused with #ORGDB_TOO_LARGE or #ORGDB_INVALID. */
/**@{*/
#define ORGDB_RECORD_SIZE_MAX 1048576 /**< One entity as stored: all its fields together. */
#define ORGDB_VALUE_DEPTH_MAX 32      /**< Levels of maps and arrays inside one another. */
#define ORGDB_ID_LENGTH_MAX 1024      /**< Characters of the longest id, a user's. */
#define ORGDB_ORGANIZATION_ROLES_MAX 350 /**< Roles that one organization owns. */
#define ORGDB_ORGANIZATION_DOMAINS_MAX 100 /**< Discovery domains of one organization. */
#define ORGDB_MEMBER_ROLES_MAX 50     /**< Roles of one member in one organization. */
/**@}*/

/** @name Hooks
 * What a process can put in place of what orgdb does by itself, for all of its stores. To be set first of all: while no
 * store is open and no other thread is in a function of orgdb's. Hooks must not call orgdb's functions. */
/**@{*/

/** Where memory comes from, called by many threads at once. LMDB takes its memory from the C library all the same: some
 * KiB for each store and open transaction, and a page for each page that a write transaction changes. So does the C
 * library itself, for a while, to sort. MessagePack-c takes none. */
typedef struct orgdb_allocator {
	void *context; /**< Handed to the functions. */
	/** As aligned_alloc(): @p alignment is a power of two, at least malloc()'s, and divides @p size. NULL if there is none. */
	void *(*allocate)(void *context, size_t alignment, size_t size);
	/** As realloc(), of memory with malloc()'s alignment; @p memory may be NULL, @p size is not 0. */
	void *(*reallocate)(void *context, void *memory, size_t size);
	/** As free(); @p memory is not NULL. */
	void (*release)(void *context, void *memory);
} orgdb_allocator;

/** Take memory from @p allocator, which is copied, or with NULL from the C library again.
 * @return 0; #ORGDB_INVALID: a function is missing; #ORGDB_BUSY: a store is open. */
ORGDB_API int orgdb_set_allocator(const orgdb_allocator *allocator);

/** How bad it is. */
typedef enum orgdb_log_level {
	ORGDB_LOG_ERROR = 0, /**< The store is damaged, its disk is full or failing: somebody must act. */
	ORGDB_LOG_WARNING,   /**< It works, but not as it should: a commit or a wait of more than a second, a process that died,
	                        * an old reader. */
	ORGDB_LOG_NOTICE,    /**< Good to know: a store was created, its map has grown. */
} orgdb_log_level;

/** Takes a line of the log, without its end; called by any thread, by many at once, which may hold locks: so it should be
 * quick. Damage is logged each time it is met, which may be often. @p message is valid during the call. */
typedef void orgdb_log_fn(void *context, uint32_t level, const char *message);

/** Hand what an operator should know to @p log, with @p context; with NULL to nobody, as at the beginning.
 * @return 0; #ORGDB_BUSY: a store is open. */
ORGDB_API int orgdb_set_log(orgdb_log_fn *log, void *context);
/**@}*/

/** @name Stores */
/**@{*/
typedef struct orgdb orgdb;         /**< An open store. */
typedef struct orgdb_txn orgdb_txn; /**< A transaction. */

/** What a power cut may cost; a crash of the process alone never costs anything. */
typedef enum orgdb_durability {
	ORGDB_DURABLE = 0, /**< Nothing that was committed. */
	/** The last commit, whole: the store is as it was after that one or the one before. About twice as fast. */
	ORGDB_RELAXED = 1,
} orgdb_durability;

/** How to open a store. */
typedef struct orgdb_options {
	size_t size;           /**< sizeof(orgdb_options); set by #ORGDB_OPTIONS_INIT. */
	bool read_only;        /**< Never change the store; write transactions are refused. */
	bool must_exist;       /**< #ORGDB_NO_STORE instead of creating one; implied by read_only. */
	uint32_t durability;   /**< An #orgdb_durability. */
	/** Bytes of address space to reserve; costs nothing on disk. 0: 64 GiB, or what the process may have.
	 * Rounded up to whole MiB. The store grows past it by itself, up to map_size_max. */
	uint64_t map_size;
	uint64_t map_size_max; /**< The store never grows past this many bytes. 0: no limit but the disk's. */
	uint32_t readers_max;  /**< Read transactions at once, all processes together. 0: 1022. The first opener's counts. */
	/** Bytes that the cache of organizations' rows may take, which answers most lookups; taken as organizations
	 * become many: 128 to 256 bytes for each. Rows of more than eight connections are not kept. 0 means no cache;
	 * #ORGDB_OPTIONS_INIT has the default. */
	uint64_t row_cache_size;
	bool verify;           /**< Prove that every page is sound before any is used: see "Damaged files". A handle that is open
	                        * already is not verified again. */
	/** A read transaction that so many changes have followed is old, whichever process's it is: space that they freed cannot
	 * be used again, so the store grows. Whoever writes names it in the log, then and each time that as many more have
	 * followed; orgdb_readers() marks it. 0: 10,000. */
	uint64_t reader_age_max;
} orgdb_options;

#define ORGDB_ROW_CACHE_SIZE 134217728 /**< The default row_cache_size: 128 MiB, enough for a million organizations. */
/** The defaults. */
#define ORGDB_OPTIONS_INIT { sizeof(orgdb_options), false, false, 0, 0, 0, 0, ORGDB_ROW_CACHE_SIZE, false, 0 }

/**
 * Open the store in file @p path, or create it there (mode 0600, whole or not at all).
 * The lock file is @p path with "-lock" appended. If this process has the store open, the same handle is given again.
 *
 * @param options NULL for the defaults. A handle that is open already keeps those it was opened with; it is refused if it is
 *         read-only and wanted for writing, or relaxed and wanted durable, and may be able to write where read_only is asked.
 * @return 0; #ORGDB_NO_STORE; #ORGDB_NOT_A_STORE; #ORGDB_VERSION_MISMATCH (the message says which version is needed);
 *         #ORGDB_CORRUPT; #ORGDB_BUSY (open here already with options that promise less, or the file was replaced since);
 *         #ORGDB_INVALID (options); or a system error. Never replace or rename a store's file while anyone has it open.
 *
 * With read_only the store's file is only read; the lock file is still written, for it tells writers which pages are being
 * read. Where it cannot be (a read-only file system, folder or lock file), the store opens without it, provided that no
 * process has the store open at that moment: else, or if the lock file cannot even be read, #ORGDB_PERMISSION. Nobody
 * notices such a reader: **a process that opens the store for writing later may reuse the pages that it reads**, and it may
 * then read nonsense, report #ORGDB_CORRUPT or crash. So keep writers away from it, or give it write access to the lock file.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_open(const char *path, const orgdb_options *options, orgdb **out);

/** Let go of a store. What is still in a transaction stays usable; the file is closed when the last one ends. */
ORGDB_API void orgdb_close(orgdb *db);
/**@}*/

/** @name Transactions */
/**@{*/

/** Begin a snapshot: it sees what was committed before, whatever happens meanwhile. Never waits for writers; only, for a
 * moment, while this process's map grows, which waits for the transactions that are open: so a thread that holds one and
 * begins another may keep all waiting, for 10 seconds at most. End it soon: while it lives, space freed since then cannot be
 * used again.
 * @return 0; #ORGDB_READERS_FULL; #ORGDB_BUSY: another process has grown the store, and transactions of this one stayed open
 *         for 10 seconds, so that it could not follow; or a store error. */
ORGDB_API ORGDB_MUST_USE int orgdb_begin_read(orgdb *db, orgdb_txn **out);

/**
 * Begin to change the store; waits while another write transaction, of any thread or process, is open.
 * @return 0; #ORGDB_READ_ONLY; #ORGDB_BUSY if this thread has a write transaction open; or a store error.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_begin_write(orgdb *db, orgdb_txn **out);

/**
 * Commit a write transaction and end it, also when this fails (then nothing was changed). For a read transaction, end it.
 * @return 0, with all changes durable as the store's durability says; #ORGDB_MAP_FULL: the map was full and has grown
 *         since, so run the transaction again (orgdb_write() does that by itself), or is at map_size_max; #ORGDB_BUSY: it
 *         must grow, but read transactions of this process stayed open for 10 seconds; #ORGDB_MISUSE: another thread
 *         began the transaction, which stays open; or a store error.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_commit(orgdb_txn *txn);

/** End a transaction; a write transaction's changes are dropped. */
ORGDB_API void orgdb_end(orgdb_txn *txn);

/** What orgdb_write() runs. It may run more than once, so it must not keep what an earlier run made.
 * @return 0 to commit; anything else to change nothing, and to be returned by orgdb_write(). */
typedef int orgdb_write_fn(orgdb_txn *txn, void *context);

/** Run @p fn in a write transaction and commit; when the map is full, grow it and run @p fn again.
 * @return 0; what @p fn returned; or what orgdb_begin_write() and orgdb_commit() return. */
ORGDB_API ORGDB_MUST_USE int orgdb_write(orgdb *db, orgdb_write_fn *fn, void *context);

/** The store's own clock as this transaction sees it: how many transactions have changed the store.
 * A write transaction that changes something will be number `*lsn + 1`. */
ORGDB_API int orgdb_lsn(orgdb_txn *txn, uint64_t *lsn);
/**@}*/

/** @name Kinds and fields
 *
 * Connections, applications, organizations, users, roles, email templates, discovery domains and invitations are *entities*:
 * each has an id that never changes and fields. Every entity struct begins with the same members:
 *
 * - `ordinal`: its place in creation order, never used again; set by the library, ignored on input.
 * - `fields`: one bit for each member that counts, such as `ORGDB_ORGANIZATION_NAME`:
 *   - **create**: the members that are given. 0 is short for all of them as they stand: absent text and values
 *     (`data == NULL`) are not given, flags, choices and numbers are. Each struct's `_INIT` holds the defaults.
 *   - **update**: the members to change, at least one; the others stay. An absent text or value removes the field.
 *   - **get, list**: the members that are stored; the others hold their defaults.
 * - `extra`: fields that orgdb does not know, as a map; kept and given back. Updated as a whole under #ORGDB_EXTRA. A key
 *   that is a known field's name, or `kind`, or a membership's `roles`, is refused.
 *
 * Text, also inside values, must be valid UTF-8 without NUL. Values are MessagePack maps and arrays of text, numbers, booleans, nulls, maps and
 * arrays; keys are text, each once; infinities and not-a-number are refused. They come back in one canonical form: map keys
 * in byte order, integers as short as they can be, other numbers in 64 bits.
 */
/**@{*/
/** What a store holds. */
typedef enum orgdb_kind {
	ORGDB_KIND_CONNECTION = 0,
	ORGDB_KIND_APPLICATION,
	ORGDB_KIND_ROLE,
	ORGDB_KIND_USER,
	ORGDB_KIND_ORGANIZATION,
	ORGDB_KIND_EMAIL_TEMPLATE,
	ORGDB_KIND_DISCOVERY_DOMAIN,
	ORGDB_KIND_INVITATION,
	ORGDB_KIND_APPLICATION_CONNECTION, /* from here on: edges */
	ORGDB_KIND_ENABLED_CONNECTION,
	ORGDB_KIND_MEMBERSHIP,
	ORGDB_KIND_ORGANIZATION_APPLICATION,
} orgdb_kind;

#define ORGDB_ENTITY_KINDS 8 /**< The first kinds are the entities. */
#define ORGDB_KINDS 12       /**< All kinds. */

#define ORGDB_EXTRA (UINT32_C(1) << 31) /**< The bit of `extra` in every `fields`. */

/** What went with a deleted entity. */
typedef struct orgdb_cascade {
	uint64_t memberships;             /**< How many memberships. */
	uint64_t member_roles;            /**< How many roles that members had. */
	uint64_t enabled_connections;     /**< How many connections' use by organizations. */
	uint64_t application_connections; /**< How many connections' use by applications. */
	uint64_t organization_applications; /**< How many applications' places in organizations. */
	uint64_t roles;                   /**< How many roles that the organization owned ... */
	uint64_t discovery_domains;       /**< ... and of its discovery domains. */
	uint64_t invitations;             /**< How many invitations. */
} orgdb_cascade;
/**@}*/

/** @name Connections */
/**@{*/

/** The kind of a connection follows from its strategy. */
typedef enum orgdb_connection_kind {
	ORGDB_DATABASE = 0,
	ORGDB_SOCIAL,
	ORGDB_ENTERPRISE,
	ORGDB_PASSWORDLESS,
} orgdb_connection_kind;

/** Bits for the members of an #orgdb_connection. */
enum {
	ORGDB_CONNECTION_ID = 1 << 0,
	ORGDB_CONNECTION_NAME = 1 << 1,
	ORGDB_CONNECTION_STRATEGY = 1 << 2,
	ORGDB_CONNECTION_DISPLAY_NAME = 1 << 3,
	ORGDB_CONNECTION_REALMS = 1 << 4,
	ORGDB_CONNECTION_IS_DOMAIN_CONNECTION = 1 << 5,
	ORGDB_CONNECTION_SHOW_AS_BUTTON = 1 << 6,
	ORGDB_CONNECTION_OPTIONS = 1 << 7,
	ORGDB_CONNECTION_METADATA = 1 << 8,
};

/** A way to log in. */
typedef struct orgdb_connection {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	uint32_t kind;             /**< Out: an #orgdb_connection_kind. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str id;              /**< `con_` and 16 letters or digits; generated when not given; never changes. */
	orgdb_str name;            /**< Required, unique, never changes: 1..128 letters, digits and single inner `-`. */
	orgdb_str strategy;        /**< Required, never changes; one of the service's (see #orgdb_strategy_kind). */
	orgdb_str display_name;    /**< 1..128 characters; default: the name. */
	orgdb_value realms;        /**< Array of at most 10 texts, unique in the store; default: none stored, the name counts. */
	bool is_domain_connection; /**< Open to third-party applications; at most one for each strategy. Default: false. */
	bool show_as_button;       /**< Enterprise: shown on an application's own login page. Default: false. */
	orgdb_value options;       /**< Map; the strategy's settings. Of these only `domain_aliases` (at most 1000) is checked. */
	orgdb_value metadata;      /**< Map of at most 10 texts or nulls; keys and texts of at most 255 characters. */
} orgdb_connection;

/** The defaults. */
#define ORGDB_CONNECTION_INIT { 0, 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
	false, false, { NULL, 0 }, { NULL, 0 } }

/** The kind that a strategy is of. @return 0; #ORGDB_NOT_FOUND for an unknown strategy. */
ORGDB_API int orgdb_strategy_kind(const char *strategy, orgdb_connection_kind *out);
/** "database", "social", "enterprise" or "passwordless". Lives forever. */
ORGDB_API const char *orgdb_connection_kind_name(uint32_t kind);

/** Create a connection. @param id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_EXISTS (id, name, realm or the strategy's domain connection); #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_connection_create(orgdb_txn *txn, const orgdb_connection *connection, orgdb_str *id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_connection_get(orgdb_txn *txn, const char *id, orgdb_connection *out);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_connection_get_by_name(orgdb_txn *txn, const char *name, orgdb_connection *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_EXISTS; #ORGDB_INVALID. */
ORGDB_API int orgdb_connection_update(orgdb_txn *txn, const char *id, const orgdb_connection *changes);
/** Delete it, and with it every application's and organization's use of it, and the invitations that name it.
 * @param gone optional. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_connection_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
/** List in creation order. */
ORGDB_API int orgdb_connection_list(
	orgdb_txn *txn, uint64_t after, orgdb_connection *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_connection_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Applications */
/**@{*/

/** Whether users log in to an application as members of an organization. */
typedef enum orgdb_organization_usage {
	ORGDB_USAGE_DENY = 0, /**< Never in an organization. */
	ORGDB_USAGE_ALLOW,    /**< With or without one. */
	ORGDB_USAGE_REQUIRE,  /**< Only in one. */
} orgdb_organization_usage;

/** How an application that requires an organization learns which. */
typedef enum orgdb_require_behavior {
	ORGDB_NO_PROMPT = 0,     /**< From the request alone. */
	ORGDB_PRE_LOGIN_PROMPT,  /**< The user is asked first of all. */
	ORGDB_POST_LOGIN_PROMPT, /**< The user is asked when the credentials are known. */
} orgdb_require_behavior;

/** Bits for the members of an #orgdb_application. */
enum {
	ORGDB_APPLICATION_CLIENT_ID = 1 << 0,
	ORGDB_APPLICATION_NAME = 1 << 1,
	ORGDB_APPLICATION_DESCRIPTION = 1 << 2,
	ORGDB_APPLICATION_APP_TYPE = 1 << 3,
	ORGDB_APPLICATION_IS_FIRST_PARTY = 1 << 4,
	ORGDB_APPLICATION_CALLBACKS = 1 << 5,
	ORGDB_APPLICATION_INITIATE_LOGIN_URI = 1 << 6,
	ORGDB_APPLICATION_GRANT_TYPES = 1 << 7,
	ORGDB_APPLICATION_CLIENT_METADATA = 1 << 8,
	ORGDB_APPLICATION_DEFAULT_ORGANIZATION = 1 << 9,
	ORGDB_APPLICATION_ORGANIZATION_USAGE = 1 << 10,
	ORGDB_APPLICATION_ORGANIZATION_REQUIRE_BEHAVIOR = 1 << 11,
	ORGDB_APPLICATION_ORGANIZATION_DISCOVERY_METHODS = 1 << 12,
};

/** A client that users log in to. */
typedef struct orgdb_application {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str client_id;      /**< 1..64 letters, digits, `-` or `_`; when not given, 32 letters and digits. Never changes. */
	orgdb_str name;           /**< Required: 1..255 characters, no `<` or `>`. */
	orgdb_str description;    /**< At most 140 characters. */
	orgdb_str app_type;       /**< `native`, `spa`, `regular_web`, `non_interactive` ...: 1..64 of `a-z0-9_`. */
	bool is_first_party;      /**< Default: true. */
	orgdb_value callbacks;    /**< Array of texts. */
	orgdb_str initiate_login_uri; /**< An https URI, or empty. */
	orgdb_value grant_types;  /**< Array of texts. */
	orgdb_value client_metadata; /**< Map of at most 10 texts or nulls; keys and texts of at most 255 characters. */
	orgdb_value default_organization; /**< Map. */
	uint32_t organization_usage;      /**< An #orgdb_organization_usage. Default: deny. */
	uint32_t organization_require_behavior; /**< An #orgdb_require_behavior. Default: no prompt. */
	orgdb_value organization_discovery_methods; /**< Array, not empty, of `email` and `organization_name`. */
} orgdb_application;

/** The defaults. */
#define ORGDB_APPLICATION_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, true,     \
	{ NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, 0, { NULL, 0 } }

/** "deny", "allow" or "require". Lives forever. */
ORGDB_API const char *orgdb_organization_usage_name(uint32_t usage);

/** Create an application. @param client_id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_EXISTS; #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_application_create(orgdb_txn *txn, const orgdb_application *application, orgdb_str *client_id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_application_get(orgdb_txn *txn, const char *client_id, orgdb_application *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID. */
ORGDB_API int orgdb_application_update(orgdb_txn *txn, const char *client_id, const orgdb_application *changes);
/** Delete it, and with it its use of connections, its places in organizations and the invitations to it.
 * @param gone optional. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_application_delete(orgdb_txn *txn, const char *client_id, orgdb_cascade *gone);
/** List in creation order. */
ORGDB_API int orgdb_application_list(
	orgdb_txn *txn, uint64_t after, orgdb_application *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_application_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Organizations */
/**@{*/
/** Bits for the members of an #orgdb_organization. */
enum {
	ORGDB_ORGANIZATION_ID = 1 << 0,
	ORGDB_ORGANIZATION_NAME = 1 << 1,
	ORGDB_ORGANIZATION_DISPLAY_NAME = 1 << 2,
	ORGDB_ORGANIZATION_BRANDING = 1 << 3,
	ORGDB_ORGANIZATION_METADATA = 1 << 4,
	ORGDB_ORGANIZATION_TOKEN_QUOTA = 1 << 5,
	ORGDB_ORGANIZATION_THIRD_PARTY_CLIENT_ACCESS = 1 << 6,
	ORGDB_ORGANIZATION_IS_APP_ENTITLEMENT_ACTIVE = 1 << 7,
};

/** Whether third-party applications may use an organization. */
typedef enum orgdb_third_party_access {
	ORGDB_THIRD_PARTY_BLOCK = 0,
	ORGDB_THIRD_PARTY_ALLOW,
} orgdb_third_party_access;

/** A customer of the tenant: its members log in together. */
typedef struct orgdb_organization {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str id;           /**< `org_` and 16 letters or digits; generated when not given; never changes. */
	orgdb_str name;         /**< Required, unique: 1..50 of `a-z0-9-_`, first and last `a-z0-9`, not beginning `org_`.
	                         * May change; the old name is then free again. */
	orgdb_str display_name; /**< 1..255 characters. */
	orgdb_value branding;   /**< Map: `logo_url` (https or null), `colors` with both `primary` and `page_background`
	                         * (`#rgb` or `#rrggbb`). */
	orgdb_value metadata;   /**< Map of at most 25 texts or nulls; keys and texts of at most 255 characters. */
	orgdb_value token_quota; /**< Map: `client_credentials` with `enforce`, `per_day`, `per_hour`. */
	uint32_t third_party_client_access; /**< An #orgdb_third_party_access. Default: block. */
	bool is_app_entitlement_active;     /**< Default: false. */
} orgdb_organization;

/** The defaults. */
#define ORGDB_ORGANIZATION_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
	{ NULL, 0 }, 0, false }

/** Create an organization. @param id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_EXISTS (id or name); #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_organization_create(orgdb_txn *txn, const orgdb_organization *organization, orgdb_str *id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_get(orgdb_txn *txn, const char *id, orgdb_organization *out);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_get_by_name(orgdb_txn *txn, const char *name, orgdb_organization *out);
/** Change the members named in `changes->fields`; a given `metadata` replaces the old one whole.
 * @return 0; #ORGDB_NOT_FOUND; #ORGDB_EXISTS (name); #ORGDB_INVALID. */
ORGDB_API int orgdb_organization_update(orgdb_txn *txn, const char *id, const orgdb_organization *changes);
/** Delete it, and with it its memberships, its members' roles in it, its enabled connections, its applications' places in it
 * and what it owns: roles, discovery domains and invitations; users, connections, applications and the tenant's roles
 * stay.
 * @param gone optional. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
/** List in creation order. */
ORGDB_API int orgdb_organization_list(
	orgdb_txn *txn, uint64_t after, orgdb_organization *array, size_t capacity, size_t *count);
/** List in byte order of the names. @param after_name NULL to begin; then the last entry's name. */
ORGDB_API int orgdb_organization_list_by_name(
	orgdb_txn *txn, const char *after_name, orgdb_organization *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_organization_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Users */
/**@{*/
/** Bits for the members of an #orgdb_user. */
enum {
	ORGDB_USER_ID = 1 << 0,
	ORGDB_USER_EMAIL = 1 << 1,
	ORGDB_USER_EMAIL_VERIFIED = 1 << 2,
	ORGDB_USER_NAME = 1 << 3,
	ORGDB_USER_GIVEN_NAME = 1 << 4,
	ORGDB_USER_FAMILY_NAME = 1 << 5,
	ORGDB_USER_NICKNAME = 1 << 6,
	ORGDB_USER_USERNAME = 1 << 7,
	ORGDB_USER_PICTURE = 1 << 8,
	ORGDB_USER_BLOCKED = 1 << 9,
	ORGDB_USER_IDENTITIES = 1 << 10,
	ORGDB_USER_APP_METADATA = 1 << 11,
	ORGDB_USER_USER_METADATA = 1 << 12,
};

/** Somebody who logs in. */
typedef struct orgdb_user {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str user_id;     /**< `provider|id`: at most 1024 characters, after the last `|` 1..255 without white space; when
	                        * not given, `auth0|` and 24 hexadecimal digits. Never changes. */
	orgdb_str email;       /**< Local part, at sign, domain: at most 320 characters. Not unique. */
	bool email_verified;   /**< Default: false. */
	orgdb_str name;        /**< 1..300 characters. */
	orgdb_str given_name;  /**< 1..150 characters. */
	orgdb_str family_name; /**< 1..150 characters. */
	orgdb_str nickname;    /**< 1..300 characters. */
	orgdb_str username;    /**< 1..128 characters. */
	orgdb_str picture;     /**< At most 8192 characters. */
	bool blocked;          /**< Default: false. */
	orgdb_value identities; /**< Array. */
	orgdb_value app_metadata;  /**< Map. */
	orgdb_value user_metadata; /**< Map. */
} orgdb_user;

/** The defaults. */
#define ORGDB_USER_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, false, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
	{ NULL, 0 }, { NULL, 0 }, { NULL, 0 }, false, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }

/** Create a user. @param user_id optional; the new id, NUL-terminated, valid until the transaction ends. @return 0; #ORGDB_EXISTS; #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_user_create(orgdb_txn *txn, const orgdb_user *user, orgdb_str *user_id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_user_get(orgdb_txn *txn, const char *user_id, orgdb_user *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID. */
ORGDB_API int orgdb_user_update(orgdb_txn *txn, const char *user_id, const orgdb_user *changes);
/** Delete the user, and with it its memberships and roles. @param gone optional. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_user_delete(orgdb_txn *txn, const char *user_id, orgdb_cascade *gone);
/** List in creation order. */
ORGDB_API int orgdb_user_list(orgdb_txn *txn, uint64_t after, orgdb_user *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_user_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Roles */
/**@{*/
/** Bits for the members of an #orgdb_role. */
enum {
	ORGDB_ROLE_ID = 1 << 0,
	ORGDB_ROLE_NAME = 1 << 1,
	ORGDB_ROLE_DESCRIPTION = 1 << 2,
	ORGDB_ROLE_TYPE = 1 << 3,
	ORGDB_ROLE_OWNER_ID = 1 << 4,
};

/** Who owns a role. */
typedef enum orgdb_role_type {
	ORGDB_ROLE_OF_TENANT = 0,   /**< Given to members of any organization. */
	ORGDB_ROLE_OF_ORGANIZATION, /**< Given to its own members only; goes with it. */
} orgdb_role_type;

/** What a member may do inside one organization. */
typedef struct orgdb_role {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str id;          /**< `rol_` and 16 letters or digits; generated when not given; never changes. */
	orgdb_str name;        /**< Required, 1..255 characters; unique among the tenant's roles, or among its owner's. */
	orgdb_str description; /**< At most 1024 characters. */
	uint32_t type;         /**< An #orgdb_role_type; never changes. Default: the tenant's. */
	orgdb_str owner_id;    /**< The organization that owns it: with that type always, else never; never changes. */
} orgdb_role;

/** The defaults. */
#define ORGDB_ROLE_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, { NULL, 0 } }

/** Create a role. @param id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_EXISTS (id or name); #ORGDB_NOT_FOUND (owner_id); #ORGDB_INVALID; #ORGDB_TOO_LARGE, also where the
 *         organization owns #ORGDB_ORGANIZATION_ROLES_MAX already. */
ORGDB_API int orgdb_role_create(orgdb_txn *txn, const orgdb_role *role, orgdb_str *id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_role_get(orgdb_txn *txn, const char *id, orgdb_role *out);
/** A role of the tenant's. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_role_get_by_name(orgdb_txn *txn, const char *name, orgdb_role *out);
/** A role of an organization's own. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_role_get_by_name(
	orgdb_txn *txn, const char *organization_id, const char *name, orgdb_role *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_EXISTS (name); #ORGDB_INVALID. */
ORGDB_API int orgdb_role_update(orgdb_txn *txn, const char *id, const orgdb_role *changes);
/** Delete it; every member in every organization loses it, and so do invitations, which stay. @param gone optional.
 * @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_role_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
/** List the roles that an organization owns, in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_roles(
	orgdb_txn *txn, const char *organization_id, uint64_t after, orgdb_role *array, size_t capacity, size_t *count);
/** List in creation order. */
ORGDB_API int orgdb_role_list(orgdb_txn *txn, uint64_t after, orgdb_role *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_role_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Email templates
 * What the tenant's emails look like: one template for each occasion, the same for all organizations. What makes them an
 * organization's are their variables: orgdb_template_context(). */
/**@{*/
/** Bits for the members of an #orgdb_email_template. */
enum {
	ORGDB_EMAIL_TEMPLATE_NAME = 1 << 0,
	ORGDB_EMAIL_TEMPLATE_FROM = 1 << 1,
	ORGDB_EMAIL_TEMPLATE_SUBJECT = 1 << 2,
	ORGDB_EMAIL_TEMPLATE_SYNTAX = 1 << 3,
	ORGDB_EMAIL_TEMPLATE_BODY = 1 << 4,
	ORGDB_EMAIL_TEMPLATE_ENABLED = 1 << 5,
	ORGDB_EMAIL_TEMPLATE_RESULT_URL = 1 << 6,
	ORGDB_EMAIL_TEMPLATE_URL_LIFETIME_IN_SECONDS = 1 << 7,
	ORGDB_EMAIL_TEMPLATE_INCLUDE_EMAIL_IN_REDIRECT = 1 << 8,
};

/** What an email of one occasion looks like. In JSON, some members have the names that the service gave them. */
typedef struct orgdb_email_template {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str name;    /**< `template` in JSON. Its id, required: `verify_email`, `verify_email_by_code`, `auth_email_by_code`,
	                    * `reset_email`, `reset_email_by_code`, `welcome_email`, `blocked_account`, `stolen_credentials`,
	                    * `enrollment_email`, `mfa_oob_code`, `user_invitation`, `async_approval`, or of old `change_password`
	                    * or `password_reset`. Never changes. */
	orgdb_str from;    /**< Required; may be empty: the tenant's own address. */
	orgdb_str subject; /**< Required; may be empty. A template, too: put the rendered text on one line. */
	orgdb_str syntax;  /**< What subject and body are written in: 1..64 characters; default: `liquid`. */
	orgdb_str body;    /**< Required; may be empty. */
	bool enabled;      /**< Whether it is used instead of the service's own. Default: false. */
	orgdb_str result_url; /**< `resultUrl` in JSON: where a link in the mail leads to in the end. */
	uint64_t url_lifetime_in_seconds; /**< `urlLifetimeInSeconds` in JSON: how long that link works. Default: 432000, five
	                                   * days. */
	bool include_email_in_redirect;   /**< `includeEmailInRedirect` in JSON: tell `result_url` the address. Default: true. */
} orgdb_email_template;

/** The defaults. */
#define ORGDB_EMAIL_TEMPLATE_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
	false, { NULL, 0 }, 432000, true }

/** Create a template. @param name optional; its name, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_EXISTS; #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_email_template_create(
	orgdb_txn *txn, const orgdb_email_template *email_template, orgdb_str *name);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_email_template_get(orgdb_txn *txn, const char *name, orgdb_email_template *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID; #ORGDB_TOO_LARGE. */
ORGDB_API int orgdb_email_template_update(orgdb_txn *txn, const char *name, const orgdb_email_template *changes);
/** Delete it. @param gone optional; always nothing. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_email_template_delete(orgdb_txn *txn, const char *name, orgdb_cascade *gone);
/** List in creation order. */
ORGDB_API int orgdb_email_template_list(
	orgdb_txn *txn, uint64_t after, orgdb_email_template *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_email_template_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Discovery domains
 * The domains of organizations' email addresses: orgdb_discover() follows those that are verified. Several organizations may
 * claim the same one. */
/**@{*/

/** Bits for the members of an #orgdb_discovery_domain. */
enum {
	ORGDB_DISCOVERY_DOMAIN_ID = 1 << 0,
	ORGDB_DISCOVERY_DOMAIN_ORGANIZATION_ID = 1 << 1,
	ORGDB_DISCOVERY_DOMAIN_DOMAIN = 1 << 2,
	ORGDB_DISCOVERY_DOMAIN_STATUS = 1 << 3,
	ORGDB_DISCOVERY_DOMAIN_USE_FOR_ORGANIZATION_DISCOVERY = 1 << 4,
	ORGDB_DISCOVERY_DOMAIN_VERIFICATION_TXT = 1 << 5,
	ORGDB_DISCOVERY_DOMAIN_VERIFICATION_HOST = 1 << 6,
};

/** Whether it has been seen that the organization rules over a domain. */
typedef enum orgdb_domain_status {
	ORGDB_DOMAIN_PENDING = 0, /**< Not yet: it leads nowhere. */
	ORGDB_DOMAIN_VERIFIED,    /**< It has. */
} orgdb_domain_status;

/** A domain that an organization claims. Only `status` and `use_for_organization_discovery` ever change. */
typedef struct orgdb_discovery_domain {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str id;              /**< `ord_` and 22 letters or digits; generated when not given. */
	orgdb_str organization_id; /**< Required: who owns it. */
	orgdb_str domain;          /**< Required, unique in the organization, whichever way its letters are written: 3..255
	                            * characters; two labels or more, with `.` between, of 1..63 letters, digits and inner `-`. */
	uint32_t status;           /**< An #orgdb_domain_status. Default: pending. */
	bool use_for_organization_discovery; /**< Lead to the organization, if verified. Default: true. */
	orgdb_str verification_txt;  /**< What a TXT record must hold to prove it: 32 hexadecimal digits; random ones when not
	                              * given. */
	orgdb_str verification_host; /**< Whose record that is: `_ss-verification.`, organization_id, `.` and domain; made when not
	                              * given, else it must be that. */
} orgdb_discovery_domain;

/** The defaults. */
#define ORGDB_DISCOVERY_DOMAIN_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, 0, true, { NULL, 0 }, \
	{ NULL, 0 } }

/** Create a discovery domain. @param id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_NOT_FOUND (organization); #ORGDB_EXISTS (id, or the organization's domain); #ORGDB_INVALID;
 *         #ORGDB_TOO_LARGE, also where the organization has #ORGDB_ORGANIZATION_DOMAINS_MAX already. */
ORGDB_API int orgdb_discovery_domain_create(orgdb_txn *txn, const orgdb_discovery_domain *domain, orgdb_str *id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_discovery_domain_get(orgdb_txn *txn, const char *id, orgdb_discovery_domain *out);
/** @return 0; #ORGDB_NOT_FOUND (organization, or not one of its domains). */
ORGDB_API int orgdb_discovery_domain_get_by_domain(
	orgdb_txn *txn, const char *organization_id, const char *domain, orgdb_discovery_domain *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID. */
ORGDB_API int orgdb_discovery_domain_update(orgdb_txn *txn, const char *id, const orgdb_discovery_domain *changes);
/** @param gone optional: nothing goes with it. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_discovery_domain_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
/** List an organization's in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_discovery_domains(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_discovery_domain *array, size_t capacity, size_t *count);
/** List in creation order. */
ORGDB_API int orgdb_discovery_domain_list(
	orgdb_txn *txn, uint64_t after, orgdb_discovery_domain *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_discovery_domain_count(orgdb_txn *txn, uint64_t *count);
/**@}*/

/** @name Application connections
 * Which connections an application offers by itself. */
/**@{*/
/** Bits for the members of an #orgdb_application_connection. */
enum {
	ORGDB_APPLICATION_CONNECTION_CLIENT_ID = 1 << 0,
	ORGDB_APPLICATION_CONNECTION_CONNECTION_ID = 1 << 1,
};

/** An application's use of a connection. */
typedef struct orgdb_application_connection {
	uint64_t ordinal;  /**< Out: the connection's. */
	uint32_t fields;   /**< As for entities. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str client_id;     /**< Out. */
	orgdb_str connection_id; /**< Out. */
} orgdb_application_connection;

/** Enable a connection for an application. @param attributes optional: `extra`, the fields that orgdb does not know.
 * @return 0; #ORGDB_NOT_FOUND (application or connection); #ORGDB_EXISTS. */
ORGDB_API int orgdb_application_connection_enable(orgdb_txn *txn, const char *client_id, const char *connection_id,
	const orgdb_application_connection *attributes);
/** @param out optional. @return 0 if enabled; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_application_connection_get(
	orgdb_txn *txn, const char *client_id, const char *connection_id, orgdb_application_connection *out);
/** @return 0; #ORGDB_NOT_FOUND (application, connection, or not enabled). */
ORGDB_API int orgdb_application_connection_disable(orgdb_txn *txn, const char *client_id, const char *connection_id);
/** List an application's connections in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_application_connections(orgdb_txn *txn, const char *client_id, uint64_t after,
	orgdb_connection *array, size_t capacity, size_t *count);
/** List the applications that a connection is enabled for, in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_connection_applications(orgdb_txn *txn, const char *connection_id, uint64_t after,
	orgdb_application *array, size_t capacity, size_t *count);
/**@}*/

/** @name Enabled connections
 * Which connections an organization offers, and how. */
/**@{*/

/** What an organization's own administrators may change of an enabled connection. */
typedef enum orgdb_access_level {
	ORGDB_ACCESS_NONE = 0,
	ORGDB_ACCESS_READONLY,
	ORGDB_ACCESS_LIMITED,
	ORGDB_ACCESS_FULL,
} orgdb_access_level;

/** Bits for the members of an #orgdb_enabled_connection. */
enum {
	ORGDB_ENABLED_CONNECTION_ORGANIZATION_ID = 1 << 0,
	ORGDB_ENABLED_CONNECTION_CONNECTION_ID = 1 << 1,
	ORGDB_ENABLED_CONNECTION_ASSIGN_MEMBERSHIP_ON_LOGIN = 1 << 2,
	ORGDB_ENABLED_CONNECTION_SHOW_AS_BUTTON = 1 << 3,
	ORGDB_ENABLED_CONNECTION_IS_SIGNUP_ENABLED = 1 << 4,
	ORGDB_ENABLED_CONNECTION_IS_ENABLED = 1 << 5,
	ORGDB_ENABLED_CONNECTION_ORGANIZATION_ACCESS_LEVEL = 1 << 6,
	ORGDB_ENABLED_CONNECTION_ORGANIZATION_CONNECTION_NAME = 1 << 7,
};

/** An organization's use of a connection. */
typedef struct orgdb_enabled_connection {
	uint64_t ordinal;  /**< Out: the connection's. */
	uint32_t fields;   /**< As for entities; 0 on create: all members as they stand. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str organization_id; /**< Out. */
	orgdb_str connection_id;   /**< Out. */
	bool assign_membership_on_login; /**< The first login makes the user a member. Default: false. */
	bool show_as_button;             /**< Enterprise: shown on the organization's login page. Default: true. */
	bool is_signup_enabled;          /**< Database only, and only with assign_membership_on_login. Default: false. */
	bool is_enabled;                 /**< false: kept, but not offered. Default: true. */
	uint32_t organization_access_level;   /**< An #orgdb_access_level. Default: none. */
	orgdb_str organization_connection_name; /**< 1..50 characters. */
} orgdb_enabled_connection;

/** The defaults. */
#define ORGDB_ENABLED_CONNECTION_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, false, true, false, true, 0, \
	{ NULL, 0 } }

/**
 * Enable a connection for an organization.
 * @param options NULL for the defaults.
 * @return 0; #ORGDB_NOT_FOUND (organization or connection); #ORGDB_EXISTS; #ORGDB_INVALID: is_signup_enabled needs a
 *         database connection and assign_membership_on_login; an access level needs an organization_connection_name.
 */
ORGDB_API int orgdb_enabled_connection_create(orgdb_txn *txn, const char *organization_id, const char *connection_id,
	const orgdb_enabled_connection *options);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_enabled_connection_get(
	orgdb_txn *txn, const char *organization_id, const char *connection_id, orgdb_enabled_connection *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID. */
ORGDB_API int orgdb_enabled_connection_update(orgdb_txn *txn, const char *organization_id, const char *connection_id,
	const orgdb_enabled_connection *changes);
/** Memberships that it has made stay. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_enabled_connection_delete(
	orgdb_txn *txn, const char *organization_id, const char *connection_id);
/** List an organization's, in creation order of the connections. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_enabled_connection_list(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_enabled_connection *array, size_t capacity, size_t *count);
/** How many an organization has. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_enabled_connection_count(orgdb_txn *txn, const char *organization_id, uint64_t *count);
/** List the organizations that have a connection, in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_connection_organizations(orgdb_txn *txn, const char *connection_id, uint64_t after,
	orgdb_organization *array, size_t capacity, size_t *count);
/**@}*/

/** @name Memberships */
/**@{*/
/** Bits for the members of an #orgdb_membership. */
enum {
	ORGDB_MEMBERSHIP_ORGANIZATION_ID = 1 << 0,
	ORGDB_MEMBERSHIP_USER_ID = 1 << 1,
};

/** A user's membership in an organization. */
typedef struct orgdb_membership {
	uint64_t ordinal;  /**< Out: the user's. */
	uint32_t fields;   /**< As for entities. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str organization_id; /**< Out. */
	orgdb_str user_id;         /**< Out. */
} orgdb_membership;

/** Make a user a member. @param attributes optional: `extra`, the fields that orgdb does not know.
 * @return 0; #ORGDB_NOT_FOUND (organization or user); #ORGDB_EXISTS. */
ORGDB_API int orgdb_membership_add(
	orgdb_txn *txn, const char *organization_id, const char *user_id, const orgdb_membership *attributes);
/** @param out optional. @return 0 if a member; #ORGDB_NOT_FOUND (organization, user, or not a member). */
ORGDB_API int orgdb_membership_get(
	orgdb_txn *txn, const char *organization_id, const char *user_id, orgdb_membership *out);
/** Is the user a member? @return 0; #ORGDB_NOT_FOUND (organization or user). */
ORGDB_API int orgdb_membership_contains(
	orgdb_txn *txn, const char *organization_id, const char *user_id, bool *is_member);
/** End a membership; its roles go with it. @return 0; #ORGDB_NOT_FOUND (organization, user, or not a member). */
ORGDB_API int orgdb_membership_remove(orgdb_txn *txn, const char *organization_id, const char *user_id);
/** List an organization's members in creation order of the users. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_members(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_user *array, size_t capacity, size_t *count);
/** How many members an organization has. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_member_count(orgdb_txn *txn, const char *organization_id, uint64_t *count);
/** List a user's organizations in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_user_organizations(orgdb_txn *txn, const char *user_id, uint64_t after,
	orgdb_organization *array, size_t capacity, size_t *count);
/** How many organizations a user is a member of. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_user_organization_count(orgdb_txn *txn, const char *user_id, uint64_t *count);

/** Give a member a role. @return 0; #ORGDB_NOT_FOUND (organization, user, role, or not a member); #ORGDB_EXISTS;
 *         #ORGDB_FORBIDDEN: another organization owns the role; #ORGDB_TOO_LARGE: the member has
 *         #ORGDB_MEMBER_ROLES_MAX. */
ORGDB_API int orgdb_member_role_assign(
	orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id);
/** @return 0; #ORGDB_NOT_FOUND (organization, user, role, or not assigned). */
ORGDB_API int orgdb_member_role_remove(
	orgdb_txn *txn, const char *organization_id, const char *user_id, const char *role_id);
/** List a member's roles in creation order. @return 0; #ORGDB_NOT_FOUND (organization, user, or not a member). */
ORGDB_API int orgdb_member_roles(orgdb_txn *txn, const char *organization_id, const char *user_id, uint64_t after,
	orgdb_role *array, size_t capacity, size_t *count);
/** List the members of an organization that have a role. @return 0; #ORGDB_NOT_FOUND (organization or role). */
ORGDB_API int orgdb_role_members(orgdb_txn *txn, const char *organization_id, const char *role_id, uint64_t after,
	orgdb_user *array, size_t capacity, size_t *count);
/**@}*/

/** @name Organization applications
 * Which applications an organization's members may log in to, where the organization's `is_app_entitlement_active` says that
 * this counts. They may be kept while it does not. */
/**@{*/
/** Bits for the members of an #orgdb_organization_application. */
enum {
	ORGDB_ORGANIZATION_APPLICATION_ORGANIZATION_ID = 1 << 0,
	ORGDB_ORGANIZATION_APPLICATION_CLIENT_ID = 1 << 1,
	ORGDB_ORGANIZATION_APPLICATION_USE_FOR_MEMBER_ACCESS = 1 << 2,
};

/** An application's place in an organization. */
typedef struct orgdb_organization_application {
	uint64_t ordinal;  /**< Out: the application's. */
	uint32_t fields;   /**< As for entities; 0 on adding: all members as they stand. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str organization_id; /**< Out. */
	orgdb_str client_id;       /**< Out. */
	bool use_for_member_access; /**< Members may log in to it. Default: false. */
} orgdb_organization_application;

/** The defaults. */
#define ORGDB_ORGANIZATION_APPLICATION_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, false }

/** Give an application a place in an organization. @param attributes NULL for the defaults.
 * @return 0; #ORGDB_NOT_FOUND (organization or application); #ORGDB_EXISTS; #ORGDB_INVALID. */
ORGDB_API int orgdb_organization_application_add(orgdb_txn *txn, const char *organization_id, const char *client_id,
	const orgdb_organization_application *attributes);
/** @param out optional. @return 0 if it has one; #ORGDB_NOT_FOUND (organization, application, or none). */
ORGDB_API int orgdb_organization_application_get(
	orgdb_txn *txn, const char *organization_id, const char *client_id, orgdb_organization_application *out);
/** Change the members named in `changes->fields`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID. */
ORGDB_API int orgdb_organization_application_update(orgdb_txn *txn, const char *organization_id, const char *client_id,
	const orgdb_organization_application *changes);
/** @return 0; #ORGDB_NOT_FOUND (organization, application, or none). */
ORGDB_API int orgdb_organization_application_remove(
	orgdb_txn *txn, const char *organization_id, const char *client_id);
/** List an organization's, in creation order of the applications. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_application_list(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_organization_application *array, size_t capacity, size_t *count);
/** How many an organization has. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_application_count(orgdb_txn *txn, const char *organization_id, uint64_t *count);
/** List the organizations that an application has a place in, in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_application_organizations(orgdb_txn *txn, const char *client_id, uint64_t after,
	orgdb_organization *array, size_t capacity, size_t *count);
/**@}*/

/** @name Access
 * May an application be used in an organization, or without one? What refuses is a rule with a name:
 *
 * - The application's `organization_usage`: under deny there is no login in an organization, under require none without;
 *   under require and a `post_login_prompt` a login may begin without one, which must then be asked for.
 * - Where the organization's `is_app_entitlement_active` is true, an application that has a place in it (see "Organization
 *   applications") is let in by `use_for_member_access`, and a first-party application that has none is not.
 * - Any other third-party application (`is_first_party` is false) is let in by the organization's `third_party_client_access`.
 * - A third-party application may use only connections with `is_domain_connection`, in an organization only of those that it
 *   has enabled.
 *
 * The rules count where a call is told to enforce them (see #orgdb_merge_options), and in orgdb_login(). */
/**@{*/

/**
 * Every rule by which a login may be refused: name, value, its name for programs, the field that decides, and what it says.
 * One list makes the enumeration, orgdb_rule_name() and orgdb_rule_text().
 */
#define ORGDB_RULES(X)                                                                                               \
	X(ORGDB_RULE_ORGANIZATION_DENIED, 1, "organization_denied", "application.organization_usage",                    \
		"the application's organization_usage is \"deny\", so it may not be used in an organization")                 \
	X(ORGDB_RULE_ORGANIZATION_REQUIRED, 2, "organization_required", "application.organization_usage",                \
		"the application's organization_usage is \"require\", so it may not be used without an organization")         \
	X(ORGDB_RULE_NO_MEMBER_ACCESS, 3, "no_member_access", "organization_application.use_for_member_access",          \
		"the organization lets its members log in to some applications only, and this is none of them")              \
	X(ORGDB_RULE_THIRD_PARTY_BLOCKED, 4, "third_party_blocked", "organization.third_party_client_access",            \
		"the organization lets no third-party applications in")                                                      \
	X(ORGDB_RULE_NO_DOMAIN_CONNECTION, 5, "no_domain_connection", "connection.is_domain_connection",                 \
		"third-party applications may use domain connections only")                                                  \
	X(ORGDB_RULE_CONNECTION_NOT_ENABLED, 6, "connection_not_enabled", "enabled_connection",                          \
		"the organization has not enabled it")                                                                       \
	X(ORGDB_RULE_CONNECTION_NOT_OFFERED, 7, "connection_not_offered", "application_connection",                      \
		"the application does not offer it")                                                                         \
	X(ORGDB_RULE_CONNECTION_HIDDEN, 8, "connection_hidden", "connection.show_as_button",                             \
		"it is not visible, and only what is visible was asked for")                                                 \
	X(ORGDB_RULE_USER_BLOCKED, 9, "user_blocked", "user.blocked", "the user is blocked")                             \
	X(ORGDB_RULE_NOT_A_MEMBER, 10, "not_a_member", "membership",                                                     \
		"the user is no member of the organization, and the connection makes no members")

/** Which rule refuses. */
typedef enum orgdb_rule {
	ORGDB_RULE_NONE = 0, /**< None: it is allowed. */
#define ORGDB_RULE_VALUE(rule, value, name, field, text) rule = value, /**< text */
	ORGDB_RULES(ORGDB_RULE_VALUE)
#undef ORGDB_RULE_VALUE
} orgdb_rule;

/** The name of a rule, such as "organization_denied"; "none" for 0; for other numbers "unknown". Lives forever. */
ORGDB_API const char *orgdb_rule_name(uint32_t rule);
/** What a rule says, in words. Lives forever. */
ORGDB_API const char *orgdb_rule_text(uint32_t rule);

/** How a prompt may find the organization: the application's `organization_discovery_methods`. */
enum {
	ORGDB_DISCOVERY_EMAIL = 1 << 0, /**< By the domain of an email address. The default. */
	ORGDB_DISCOVERY_NAME = 1 << 1,  /**< By the organization's name. */
};

/** What the rules say of an application in an organization, or without one. */
typedef struct orgdb_access {
	uint32_t rule;      /**< The #orgdb_rule that refuses, or 0. */
	uint32_t usage;     /**< The application's #orgdb_organization_usage. */
	uint32_t prompt;    /**< Without an organization: when to ask for one, an #orgdb_require_behavior. Under require it must be
	                     * asked for, and before the login `rule` refuses until it is; under allow it may be. */
	uint32_t discovery; /**< With a prompt before the login: ORGDB_DISCOVERY_... for how it may find the organization. */
} orgdb_access;

/** Ask the rules. @param organization_id NULL: without one.
 * @return 0, whatever the rules say; #ORGDB_NOT_FOUND: no such application or organization, orgdb_last_error() says which. */
ORGDB_API int orgdb_access_get(
	orgdb_txn *txn, const char *client_id, const char *organization_id, orgdb_access *out);
/**@}*/

/** @name Invitations
 *
 * An organization invites somebody by email. The mail holds a link with a *ticket*; who follows it, logs in with that
 * address and so accepts becomes a member with the roles of the invitation.
 *
 * - An invitation never changes, but for `extra`. It goes when it is accepted, deleted (revoked) or swept, and with its
 *   organization, its application or its connection; a role that is deleted leaves it.
 * - A ticket is a secret. It is looked up by a hash and compared in a time that does not tell how much of a guess is right;
 *   no message names it. What the library makes up has 190 random bits.
 * - Times are texts, RFC 3339 in UTC with milliseconds or without: `2026-11-24T02:00:00.000Z` or `2026-11-24T02:00:00Z`, of
 *   the years 1970 to 9999.
 * - What is *now* comes from the caller, or from the system's clock where 0 is given.
 */
/**@{*/
/** Bits for the members of an #orgdb_invitation. */
enum {
	ORGDB_INVITATION_ID = 1 << 0,
	ORGDB_INVITATION_ORGANIZATION_ID = 1 << 1,
	ORGDB_INVITATION_INVITER = 1 << 2,
	ORGDB_INVITATION_INVITEE = 1 << 3,
	ORGDB_INVITATION_CLIENT_ID = 1 << 4,
	ORGDB_INVITATION_CONNECTION_ID = 1 << 5,
	ORGDB_INVITATION_ROLES = 1 << 6,
	ORGDB_INVITATION_APP_METADATA = 1 << 7,
	ORGDB_INVITATION_USER_METADATA = 1 << 8,
	ORGDB_INVITATION_SEND_INVITATION_EMAIL = 1 << 9,
	ORGDB_INVITATION_TTL_SEC = 1 << 10,
	ORGDB_INVITATION_CREATED_AT = 1 << 11,
	ORGDB_INVITATION_EXPIRES_AT = 1 << 12,
	ORGDB_INVITATION_TICKET_ID = 1 << 13,
	ORGDB_INVITATION_INVITATION_URL = 1 << 14,
};

/** Somebody is asked to become a member of an organization. */
typedef struct orgdb_invitation {
	uint64_t ordinal; /**< Out: its place in creation order. */
	uint32_t fields;  /**< One bit for each member that counts. */
	orgdb_value extra; /**< Fields that orgdb does not know. */
	orgdb_str id;               /**< `uinv_` and 16 letters or digits; generated when not given; never changes. */
	orgdb_str organization_id;  /**< Required: the organization that invites. */
	orgdb_value inviter;        /**< Required: map with a `name` of 1..300 characters. */
	orgdb_value invitee;        /**< Required: map with an `email`, as a user's. */
	orgdb_str client_id;        /**< Required: the application that the invitee will log in to. */
	orgdb_str connection_id;    /**< The connection to log in through; not a passwordless one. */
	orgdb_value roles;          /**< Array of 1..50 different ids of roles, which the member will have. */
	orgdb_value app_metadata;   /**< Map; becomes part of the user's. */
	orgdb_value user_metadata;  /**< Map; becomes part of the user's. */
	bool send_invitation_email; /**< Whether the service sends the mail. Default: true. */
	uint64_t ttl_sec;           /**< Seconds that it is valid for, at most 2592000 (30 days). Default: 0, for 604800 (7 days). */
	orgdb_str created_at;       /**< Default: now. */
	orgdb_str expires_at;       /**< Default: `created_at` and `ttl_sec` later; at most 30 days later. */
	orgdb_str ticket_id;        /**< Secret, unique: 32 letters or digits; generated when not given. */
	orgdb_str invitation_url;   /**< Secret, for it holds the ticket: the link, if the service wants it kept. At most 8192
	                             * characters. */
} orgdb_invitation;

/** The defaults. */
#define ORGDB_INVITATION_INIT { 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
	{ NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, true, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }

/**
 * Invite somebody. The organization, the application, the connection and the roles must exist, the connection must not be
 * passwordless, and a role of an organization must be of this one.
 *
 * A new invitation must also be one that can be accepted: the application's organization_usage is not "deny", and the
 * organization has enabled the connection. As this may change later, it is not asked of an invitation that comes with both
 * its `created_at` and its `ticket_id`, such as one that is loaded from a dump: that one was made before.
 *
 * @param id optional; the new id, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_NOT_FOUND (organization, application, connection or a role); #ORGDB_EXISTS (id or ticket);
 *         #ORGDB_INVALID; #ORGDB_TOO_LARGE.
 */
ORGDB_API int orgdb_invitation_create(orgdb_txn *txn, const orgdb_invitation *invitation, orgdb_str *id);
/** @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_invitation_get(orgdb_txn *txn, const char *id, orgdb_invitation *out);
/** Find it by its ticket, expired or not. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_invitation_get_by_ticket(orgdb_txn *txn, const char *ticket_id, orgdb_invitation *out);
/** Change `extra`. @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID (all other members). */
ORGDB_API int orgdb_invitation_update(orgdb_txn *txn, const char *id, const orgdb_invitation *changes);
/** Revoke it. @param gone optional; always nothing. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_invitation_delete(orgdb_txn *txn, const char *id, orgdb_cascade *gone);
/** List those of all organizations, in creation order. */
ORGDB_API int orgdb_invitation_list(
	orgdb_txn *txn, uint64_t after, orgdb_invitation *array, size_t capacity, size_t *count);
/** How many there are. */
ORGDB_API int orgdb_invitation_count(orgdb_txn *txn, uint64_t *count);
/** List an organization's, in creation order. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_invitations(orgdb_txn *txn, const char *organization_id, uint64_t after,
	orgdb_invitation *array, size_t capacity, size_t *count);
/** How many an organization has. @return 0; #ORGDB_NOT_FOUND. */
ORGDB_API int orgdb_organization_invitation_count(orgdb_txn *txn, const char *organization_id, uint64_t *count);

/**
 * Accept an invitation, which is gone then: the user becomes a member of the organization, or is one already, and gets the
 * roles that are missing; its email is verified; the invitation's metadata is laid over the user's, key by key.
 *
 * @param now seconds since 1970 in UTC; 0: the system's clock.
 * @param organization_id optional out: the organization, NUL-terminated, valid until the transaction ends.
 * @return 0; #ORGDB_NOT_FOUND: no such user, or no invitation has the ticket: it was accepted, revoked or swept, or never
 *         was; #ORGDB_FORBIDDEN: by the field of orgdb_last_error(), it has expired (`invitation.expires_at`), the user has
 *         another email (`invitation.invitee`; case does not count), the application's organization_usage is "deny" now
 *         (`invitation.client_id`), or the organization has not enabled the connection any more
 *         (`invitation.connection_id`); #ORGDB_TOO_LARGE: the user would be, or have more roles than a member may. Unless 0 is
 *         returned nothing has changed.
 */
ORGDB_API int orgdb_invitation_accept(
	orgdb_txn *txn, const char *ticket_id, const char *user_id, uint64_t now, orgdb_str *organization_id);

/**
 * Remove invitations that have expired, those first that did so first. What has not expired is not looked at.
 * @param now seconds since 1970 in UTC; 0: the system's clock.
 * @param limit remove at most so many: in a transaction, a few thousand take some milliseconds.
 * @param removed how many were; less than @p limit means that none is left.
 */
ORGDB_API int orgdb_invitation_sweep(orgdb_txn *txn, uint64_t now, size_t limit, size_t *removed);
/**@}*/

/** @name Merged connections
 *
 * What an application may offer inside an organization: the application's own connections and the organization's,
 * each told where it comes from, in the connections' creation order.
 *
 * - An enabled connection whose `is_enabled` is false does not count as the organization's.
 * - A connection that both have takes the organization's options.
 * - An enterprise connection is *visible* only if its `show_as_button` is true: the enabled connection's where the
 *   organization has it, else the connection's own. Connections of other kinds always are.
 */
/**@{*/

/** Which connections are offered; services disagree, so the caller chooses. */
typedef enum orgdb_policy {
	ORGDB_POLICY_UNION = 0,    /**< The application's and the organization's. */
	ORGDB_POLICY_ORGANIZATION, /**< Only the organization's. */
	ORGDB_POLICY_INTERSECTION, /**< Only those that both have. */
} orgdb_policy;

/** Where a merged connection comes from: one bit or both. */
enum {
	ORGDB_FROM_APPLICATION = 1 << 0,  /**< The application offers it. */
	ORGDB_FROM_ORGANIZATION = 1 << 1, /**< The organization has enabled it. */
};

/** A connection that may be offered, and how. */
typedef struct orgdb_merged_connection {
	const orgdb_connection *connection; /**< Valid as views are. */
	uint32_t from;                      /**< #ORGDB_FROM_APPLICATION, #ORGDB_FROM_ORGANIZATION or both, whatever the policy. */
	uint32_t organization_access_level; /**< The organization's option, else none. */
	bool visible;                       /**< To be shown as a button. */
	bool show_as_button;                /**< The organization's option, else the connection's own. */
	bool assign_membership_on_login;    /**< The organization's option, else false. */
	bool is_signup_enabled;             /**< The organization's option, else false. */
} orgdb_merged_connection;

/** How to merge. */
typedef struct orgdb_merge_options {
	size_t size;            /**< sizeof(orgdb_merge_options); set by #ORGDB_MERGE_OPTIONS_INIT. */
	uint32_t policy;        /**< An #orgdb_policy; counts when an organization is given. */
	bool visible_only;      /**< Leave out what is not visible. */
	bool enforce_rules;     /**< #ORGDB_FORBIDDEN when a rule of access refuses (see "Access"), orgdb_last_error() says which;
	                         * and only what third-party applications may use for those. */
	orgdb_access *access;   /**< Optional out: what the rules say. Its `usage` is set as soon as the application is found. */
} orgdb_merge_options;

/** The defaults. */
#define ORGDB_MERGE_OPTIONS_INIT { sizeof(orgdb_merge_options), 0, false, false, NULL }

/**
 * The merged connections of an application and an organization.
 *
 * @param organization_id NULL: no organization, so the application's own connections.
 * @param options NULL for the defaults: union, all entries, rules not enforced.
 * @param count out: how many there are, also when @p array is too small for them.
 * @return 0; #ORGDB_TRUNCATED: the first @p capacity were filled in; #ORGDB_NOT_FOUND: no such application or
 *         organization, orgdb_last_error() says which; #ORGDB_FORBIDDEN (enforce_rules); #ORGDB_INVALID (options).
 */
ORGDB_API int orgdb_merged_connections(orgdb_txn *txn, const char *client_id, const char *organization_id,
	const orgdb_merge_options *options, orgdb_merged_connection *array, size_t capacity, size_t *count);

/** One of many questions that orgdb_merged_connections_batch() answers. */
typedef struct orgdb_merge_question {
	const char *client_id;          /**< The application. */
	const char *organization_id;    /**< NULL: no organization. */
	orgdb_merged_connection *array; /**< Filled in; may be NULL if `capacity` is 0. */
	size_t capacity;                /**< Entries that fit the array. */
	size_t count;                   /**< Out: as of orgdb_merged_connections(). */
	int result;                     /**< Out: what that returns for this question. */
	uint32_t usage;                 /**< Out: the application's #orgdb_organization_usage, if it was found. */
} orgdb_merge_question;

/**
 * Answer many questions in one call, which takes less time than as many calls: memory brings what the next ones need while
 * one is answered. A question that fails does not keep the others from being answered.
 *
 * @param options for all of them; its `access` must be NULL.
 * @return 0 if every question's `result` is 0, else the first that is not; #ORGDB_INVALID (options). orgdb_last_error()
 *         tells of the last that failed.
 */
ORGDB_API int orgdb_merged_connections_batch(
	orgdb_txn *txn, orgdb_merge_question *questions, size_t count, const orgdb_merge_options *options);

/**
 * May a login to an application inside an organization go on through a connection? It may if the connection is one of the
 * merged connections that orgdb_merged_connections() gives for the same arguments.
 *
 * @param organization_id NULL: no organization.
 * @param options NULL for the defaults. A connection that is not visible may be used, unless `visible_only` is set.
 * @param entry optional out: the connection and its options. Unspecified unless 0 is returned.
 * @return 0: it may; #ORGDB_FORBIDDEN: it may not, orgdb_last_error() has the rule; #ORGDB_NOT_FOUND: no such application, organization or connection,
 *         orgdb_last_error() says which; #ORGDB_INVALID (options).
 */
ORGDB_API int orgdb_connection_allowed(orgdb_txn *txn, const char *client_id, const char *organization_id,
	const char *connection_id, const orgdb_merge_options *options, orgdb_merged_connection *entry);
/**@}*/

/** @name Discovery
 *
 * Where somebody who has typed an email address may log in. The address leads to the organizations that have its domain, what
 * follows the last at sign, as a discovery domain that is verified and has `use_for_organization_discovery`. Letters count the
 * same, capital or small; names in other scripts are compared as they are, so write them as DNS does, `xn--...`. What is no
 * domain leads nowhere. */
/**@{*/
#define ORGDB_DISCOVERED_CONNECTIONS_MAX 10 /**< Connections of one organization that an #orgdb_discovered has room for. */

/** An organization that an address leads to. */
typedef struct orgdb_discovered {
	orgdb_organization organization; /**< As orgdb_organization_get() gives it. */
	/** Its enterprise connections that are enabled, visible or not, in creation order; valid as views are. */
	const orgdb_connection *connections[ORGDB_DISCOVERED_CONNECTIONS_MAX];
	size_t connection_count; /**< How many it has, which may be more than there is room for: then the first are there. */
} orgdb_discovered;

/** List the organizations that an email address, or a domain by itself, leads to, in byte order of their ids. Allocates
 * nothing.
 * @param after_id NULL to begin; then the last entry's organization's id.
 * @return 0, also if it leads nowhere. */
ORGDB_API int orgdb_discover(orgdb_txn *txn, const char *email_or_domain, const char *after_id, orgdb_discovered *array,
	size_t capacity, size_t *count);

/** To how many organizations an address leads. */
typedef enum orgdb_discovered_organizations {
	ORGDB_DISCOVERED_NONE = 0,
	ORGDB_DISCOVERED_ONE,
	ORGDB_DISCOVERED_SEVERAL,
} orgdb_discovered_organizations;

/** Where an address leads. */
typedef struct orgdb_discovery {
	uint32_t organizations;    /**< An #orgdb_discovered_organizations. */
	orgdb_str organization_id; /**< The one; absent if there is none or there are several. */
} orgdb_discovery;

/**
 * What a login page that asks for the email address first shows next: email address, organization, merged connections in one
 * call, which allocates nothing.
 *
 * - *One organization*: the merged connections of the application and it, as orgdb_merged_connections().
 * - *None*: the application's own connections, as orgdb_merged_connections() gives them without an organization; with
 *   `enforce_rules`, #ORGDB_FORBIDDEN if the application is used in organizations only.
 * - *Several*: none, `*count` is 0; let the user choose among those of orgdb_discover() and ask for the merged connections of
 *   the one. Of @p client_id and @p options only the first is looked at: the rules wait for the choice.
 *
 * Whether the application wants to find organizations by email address is not looked at: orgdb_access_get() says it.
 *
 * @param options as of orgdb_merged_connections().
 * @param discovery out: to which of these the address led; set also after #ORGDB_TRUNCATED and #ORGDB_FORBIDDEN.
 * @return as orgdb_merged_connections().
 */
ORGDB_API int orgdb_discovered_connections(orgdb_txn *txn, const char *client_id, const char *email_or_domain,
	const orgdb_merge_options *options, orgdb_discovery *discovery, orgdb_merged_connection *array, size_t capacity,
	size_t *count);
/**@}*/

/** @name Logins
 *
 * A user whom a connection has identified wants to log in. Whether the credentials are right, and whether the user is one of
 * that connection's, the caller knows; here it is judged, in this order, whether
 *
 * 1. the application may be used in the organization, or without one: the rules under "Access",
 * 2. the connection is one of the merged connections; without an application, one that the organization has enabled,
 * 3. the user is not blocked,
 * 4. the user is a member of the organization; or becomes one now, if the organization's `assign_membership_on_login` says
 *    so for the connection.
 *
 * Without an organization the fourth does not count. But where the application asks for the organization after the login
 * (#ORGDB_POST_LOGIN_PROMPT), any connection that some organization has enabled will do, too; and if exactly one organization
 * lets the connection assign memberships, and admits this login, the user becomes a member of that one. Which of the user's
 * organizations it is to be, the caller then asks.
 */
/**@{*/
/** Of so many organizations that have a connection enabled, in creation order, it is found out whether exactly one lets it
 * assign memberships. Where there are more, none is taken to be the only one. */
#define ORGDB_LOGIN_ORGANIZATIONS_MAX 1000

/** How a login goes on. */
typedef enum orgdb_login_outcome {
	ORGDB_LOGIN_OUTSIDE = 0, /**< Without an organization. */
	ORGDB_LOGIN_MEMBER,      /**< As a member, as before. */
	ORGDB_LOGIN_JOINED,      /**< As a member, as from this transaction on. */
	/** In a read transaction: the user is no member, but would become one. Ask again in a write transaction. */
	ORGDB_LOGIN_WOULD_JOIN,
} orgdb_login_outcome;

/** How to judge a login. */
typedef struct orgdb_login_options {
	size_t size;           /**< sizeof(orgdb_login_options); set by #ORGDB_LOGIN_OPTIONS_INIT. */
	const char *client_id; /**< The application; NULL: none is asked about. */
	uint32_t policy;       /**< An #orgdb_policy; counts when an application and an organization are given. */
} orgdb_login_options;

/** The defaults. */
#define ORGDB_LOGIN_OPTIONS_INIT { sizeof(orgdb_login_options), NULL, 0 }

/** What becomes of a login. */
typedef struct orgdb_login_result {
	uint32_t outcome;         /**< An #orgdb_login_outcome. */
	bool ask_organization;    /**< None was given, and the application wants it to be asked for now. */
	char organization_id[21]; /**< Of which the user is or becomes a member, NUL-terminated; outside "". */
} orgdb_login_result;

/**
 * Judge a login. In a read transaction nothing is changed; it costs a few lookups. In a write transaction a user who becomes
 * a member by it is one from then on.
 *
 * @param organization_id NULL: none is known.
 * @param options NULL for the defaults.
 * @return 0: it may go on, as `result->outcome` says; #ORGDB_FORBIDDEN: it may not, orgdb_last_error() has the rule;
 *         #ORGDB_NOT_FOUND: no such application, organization, connection or user, orgdb_last_error() says which;
 *         #ORGDB_INVALID (options).
 */
ORGDB_API int orgdb_login(orgdb_txn *txn, const char *organization_id, const char *connection_id, const char *user_id,
	const orgdb_login_options *options, orgdb_login_result *result);

/**
 * Judge a login in a snapshot, which is all that most logins take; only if the user would become a member, judge it again in
 * a write transaction, and commit that. The outcome is never #ORGDB_LOGIN_WOULD_JOIN.
 * @return as orgdb_login(); or what orgdb_begin_read() and orgdb_write() return.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_login_and_join(orgdb *db, const char *organization_id, const char *connection_id,
	const char *user_id, const orgdb_login_options *options, orgdb_login_result *result);
/**@}*/

/** @name Template variables
 *
 * What an #orgdb_email_template may say, as one map for any Liquid engine. What is not given, or not known, has no key, so
 * that `{% if organization.branding.logo_url %}` does what it says. Texts are as they are: escaping them is the template's
 * part, as in `{{ user.name | escape }}`.
 *
 * | variables                                                                                   | from the option                           |
 * |---------------------------------------------------------------------------------------------|-------------------------------------------|
 * | `organization.id`, `.name`, `.display_name`, `.metadata`                                    | `organization_id`                         |
 * | `organization.branding.logo_url`, `.colors.primary`, `.colors.page_background`              | `organization_id`                         |
 * | `application.name`, `.clientID`, `.client_metadata`, `.callback_domain`; `client`: the same | `client_id`                               |
 * | `connection.name`                                                                           | `connection_id`                           |
 * | `user.email`                                                                                | `user_id` or `user_email`                 |
 * | `user.email_verified`, `.name`, `.given_name`, `.family_name`, `.nickname`, `.picture`      | `user_id`                                 |
 * | `user.app_metadata`, `.user_metadata`                                                       | `user_id`                                 |
 * | `custom_domain.domain`, `.domain_metadata`                                                  | `custom_domain`, `custom_domain_metadata` |
 * | `request_language`, `tenant`, `friendly_name`, `support_email`, `support_url`               | of the same name                          |
 *
 * `callback_domain` is the scheme, host and port of the application's first callback.
 *
 * | template                                                           | has also; or has not                                                  |
 * |--------------------------------------------------------------------|-----------------------------------------------------------------------|
 * | `verify_email`, `reset_email`, `change_password`, `password_reset` | `url`                                                                 |
 * | `verify_email_by_code`, `reset_email_by_code`, `mfa_oob_code`      | `code`                                                                |
 * | `auth_email_by_code`                                               | `code`, `link`, `send`, `operation`; of `user` only `email`           |
 * | `blocked_account`                                                  | `url`, `user.source_ip`, `.city`, `.country`                          |
 * | `enrollment_email`                                                 | `link`; no `connection`                                               |
 * | `user_invitation`                                                  | `url`, `inviter.name`, `roles`, each with `id`, `name`, `description` |
 *
 * What is given and the template has no variable for is left out, so a server may always give all that it knows.
 */
/**@{*/
/** What a mail is about; NULL and absent members are not given. */
typedef struct orgdb_template_options {
	size_t size;                    /**< sizeof(orgdb_template_options); set by #ORGDB_TEMPLATE_OPTIONS_INIT. */
	const char *organization_id;    /**< The organization in which it happens; `user_invitation` needs one. */
	const char *client_id;          /**< The application. */
	const char *connection_id;      /**< The connection. */
	const char *user_id;            /**< To whom it goes. */
	const char *user_email;         /**< To whom it goes if that is no user yet; counts without `user_id`. */
	const char *inviter_name;       /**< Who invites. */
	const char *const *role_ids;    /**< The roles that an invitation gives ... */
	size_t role_count;              /**< ... and how many they are. */
	const char *url;                /**< Where to click. */
	const char *code;               /**< What to type. */
	const char *link;               /**< Where to enrol, or to log in without password. */
	const char *send;               /**< Login without password: `link` or `code`. */
	const char *operation;          /**< Login without password: what it is for. */
	const char *source_ip;          /**< Where the user seemed to be: address ... */
	const char *city;               /**< ... city ... */
	const char *country;            /**< ... and country. */
	const char *request_language;   /**< As the browser said. */
	const char *tenant;             /**< The tenant's name ... */
	const char *friendly_name;      /**< ... the one for people ... */
	const char *support_email;      /**< ... whom they can write to ... */
	const char *support_url;        /**< ... and where they find help. */
	const char *custom_domain;      /**< The domain under which the tenant serves ... */
	orgdb_value custom_domain_metadata; /**< ... and a map of what else is known about it. */
	orgdb_value extra;              /**< A map of more variables; none may have the name of one that is there. */
	bool for_result_url;            /**< For the template's `result_url`, which has no variables but `application.name`,
	                                 * `.clientID` and `.callback_domain`. */
} orgdb_template_options;

/** Nothing is given. */
#define ORGDB_TEMPLATE_OPTIONS_INIT { sizeof(orgdb_template_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, \
	NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, { NULL, 0 }, { NULL, 0 }, false }

/**
 * The variables of an email template, as a map in @p buffer; orgdb_value_json() makes it JSON. The template need not be
 * in the store.
 * @param template_name one of the names of an #orgdb_email_template.
 * @param options NULL: nothing is given.
 * @param out views the buffer.
 * @return 0; #ORGDB_TRUNCATED: nothing was written, for it takes `out->size` bytes; #ORGDB_NOT_FOUND: no such
 *         organization, application, connection, user or role, orgdb_last_error() says which; #ORGDB_INVALID (name,
 *         options, or an invitation without an organization); #ORGDB_TOO_LARGE (options).
 */
ORGDB_API int orgdb_template_context(orgdb_txn *txn, const char *template_name, const orgdb_template_options *options,
	void *buffer, size_t capacity, orgdb_value *out);
/**@}*/

/** @name Looking after a store */
/**@{*/
/** How large a store is, and what is in it. */
typedef struct orgdb_statistics {
	uint64_t count[ORGDB_KINDS];  /**< How many of each #orgdb_kind. */
	uint64_t member_roles;        /**< Roles given to members. */
	uint64_t lsn;                 /**< As orgdb_lsn(). */
	uint64_t file_size;           /**< Bytes of the file. */
	uint64_t page_size;           /**< Bytes of a page: what the file is made of. */
	uint64_t used_size;           /**< Bytes of it up to the last page that was ever used; free pages count. */
	uint64_t map_size;            /**< Bytes of address space reserved. */
	uint64_t row_cache_hits;      /**< Merged lookups of this handle that found their organization's row in the cache ... */
	uint64_t row_cache_misses;    /**< ... and those that read it from the store. */
	uint32_t readers;             /**< Read transactions registered, idle ones of any process included. */
	uint32_t readers_max;         /**< At most so many. */
	uint32_t format_version;      /**< Of the file. */
	char uuid[37];                /**< The store's own id, NUL-terminated. */
} orgdb_statistics;

/** Look at a store's size and counts; takes microseconds. */
ORGDB_API int orgdb_stat(orgdb_txn *txn, orgdb_statistics *out);

/** What a server may want to export, as of now. What is counted begins at 0 when this process opens the store, and is this
 * process's alone. */
typedef struct orgdb_metrics {
	uint64_t read_transactions;  /**< Begun. */
	uint64_t write_transactions; /**< Begun ... */
	uint64_t commits;            /**< ... committed ... */
	uint64_t aborts;             /**< ... and ended otherwise: dropped, failed, or to be run again because the map was full. */
	uint64_t lookups;            /**< Questions to orgdb_merged_connections(), its batches, orgdb_connection_allowed(), orgdb_access_get() and,
	                              * about an application, orgdb_login(). */
	uint64_t row_cache_hits;     /**< Lookups that found their organization's row in the cache ... */
	uint64_t row_cache_misses;   /**< ... and those that read it from the store. */
	uint64_t catalog_copies;     /**< Connections and applications decoded for lookups; all others were found decoded. */
	uint64_t map_moves;          /**< How often the map grew, or followed another process's. */
	uint64_t map_size;           /**< Bytes of address space reserved. */
	uint64_t used_size;          /**< Bytes of the file up to the last page that was ever used; free pages count. */
	uint64_t file_size;          /**< Bytes of the file; 0 if it cannot be looked at. */
	uint64_t readers;            /**< Read transactions registered, idle ones of any process included ... */
	uint64_t readers_max;        /**< ... of at most so many ... */
	uint64_t readers_active;     /**< ... and those that are in use ... */
	uint64_t oldest_reader;      /**< ... and how many changes the longest of them has outlived; space freed since cannot be
	                              * used again. */
} orgdb_metrics;

/** Read the metrics; waits only while the map grows, and takes a few microseconds for each hundred readers.
 * @return 0; or a system error: the readers cannot be looked at. */
ORGDB_API int orgdb_metrics_get(orgdb *db, orgdb_metrics *out);

/** Count the pages that hold nothing, which the next changes will take before the file grows. Walks the list of them.
 * @return 0; #ORGDB_MISUSE in a write transaction. */
ORGDB_API int orgdb_free_pages(orgdb_txn *txn, uint64_t *count);

/** One of the tables that a store is made of. */
typedef struct orgdb_table {
	uint64_t ordinal;        /**< Its place in the list, from 1 on. */
	const char *name;        /**< Lives forever. */
	bool holds_objects;      /**< The values of its rows are MessagePack maps; else they are the engine's own. */
	uint32_t depth;          /**< Levels of pages between its root and its rows; 0: it has no rows. */
	uint64_t rows;           /**< How many it has. */
	uint64_t branch_pages;   /**< Pages that lead to others ... */
	uint64_t leaf_pages;     /**< ... that hold rows ... */
	uint64_t overflow_pages; /**< ... and that hold values too large for a row. */
} orgdb_table;

/** List the tables. */
ORGDB_API int orgdb_tables(orgdb_txn *txn, uint64_t after, orgdb_table *array, size_t capacity, size_t *count);

/** A row of a table as it is stored; valid as views are. */
typedef struct orgdb_row {
	const void *key;   /**< Its first byte. */
	size_t key_size;   /**< In bytes. */
	const void *value; /**< Its first byte. */
	size_t value_size; /**< In bytes. */
} orgdb_row;

/** List a table's rows as they are stored: to look at, for what they mean may change with any version of the library. They
 * come in the order of their keys' bytes; in organization_login of the numbers that the keys are.
 * @param after NULL to begin; then the last row's key, of @p after_size bytes.
 * @return 0; #ORGDB_NOT_FOUND: no such table; #ORGDB_INVALID: a key that no row can have. */
ORGDB_API int orgdb_table_rows(orgdb_txn *txn, const char *table, const void *after, size_t after_size,
	orgdb_row *array, size_t capacity, size_t *count);

/** A place that some process has taken for read transactions. */
typedef struct orgdb_reader {
	uint64_t ordinal; /**< Its place in the list, from 1 on. */
	uint64_t process; /**< The process's id, as it knows it itself. */
	uint64_t thread;  /**< The thread that took the place, as pthread_self() there. */
	uint64_t behind;  /**< How many times the store was changed since its snapshot, if it is active. */
	bool is_active;   /**< In a transaction; else kept for the next one, and in nobody's way. */
	bool is_old;      /**< That is as often as this handle's reader_age_max, or more. */
	bool is_stale;    /**< The process is gone. Whoever opens the store for writing, or writes when it has grown, clears the
	                   * place; until then, if it is active, space freed since its snapshot cannot be used again. */
} orgdb_reader;

/** List the readers of all processes, this one's included, as they are at this moment. A store that was opened without its
 * lock file shows none.
 * @return 0; or a system error. */
ORGDB_API int orgdb_readers(orgdb *db, uint64_t after, orgdb_reader *array, size_t capacity, size_t *count);

/** What orgdb_copy() may be asked for. */
enum {
	/** Leave out the pages that hold nothing and put the others in order: smaller, slower to write, and proof that every page
	 * is used or free. Never waits for writers; without it, the copy begins when no write transaction is open. */
	ORGDB_COPY_COMPACT = 1 << 0,
};

/**
 * Copy a store while it is in use: a backup. The copy is what one snapshot holds, has the same uuid and lsn, and appears at
 * @p destination (mode 0600) whole and durable, or not at all. For the store it is a read transaction that lasts as long.
 * @return 0; #ORGDB_EXISTS: something is at @p destination, and stays; #ORGDB_BUSY if this thread has a write transaction
 *         open; #ORGDB_CORRUPT (compact): the pages do not add up; #ORGDB_DISK_FULL; #ORGDB_INVALID (flags); or another
 *         store or system error.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_copy(orgdb *db, const char *destination, uint32_t flags);

/** One broken invariant. */
typedef struct orgdb_problem {
	const char *table;   /**< The table it was found in; lives forever. */
	const char *message; /**< What is wrong, naming the entities; valid during the call. */
} orgdb_problem;

/** Whom orgdb_check() tells, and what it found. */
typedef struct orgdb_check_report {
	size_t size;         /**< sizeof(orgdb_check_report); set by #ORGDB_CHECK_REPORT_INIT. */
	void (*problem)(void *context, const orgdb_problem *problem); /**< Optional: called for each problem. */
	void (*progress)(void *context, uint64_t done, uint64_t total); /**< Optional: called now and then, in entries. */
	void *context;       /**< Handed to both functions. */
	uint64_t entries;    /**< Out: table entries checked. */
	uint64_t problems;   /**< Out: problems found. */
} orgdb_check_report;

/** Nobody is told. */
#define ORGDB_CHECK_REPORT_INIT { sizeof(orgdb_check_report), NULL, NULL, NULL, 0, 0 }

/**
 * Prove that all pages are sound (see "Damaged files"); then walk every table and prove every invariant: records decode
 * and hold valid fields, names and ids map one to one, chunks are sorted, bounded and within their keys, every edge has
 * its mirror and points to something, counts are right. Reads one snapshot and changes nothing.
 * @param report optional. @return 0 if all holds; #ORGDB_CORRUPT if something does not; or a store error.
 */
ORGDB_API int orgdb_check(orgdb *db, orgdb_check_report *report);

/** What orgdb_salvage() may be asked for. */
enum {
	/** Take what may be of the past, too: rows that nothing leads to any more, where the list of free pages or both meta pages
	 * are damaged. What was deleted or changed may come back as it was. */
	ORGDB_SALVAGE_DOUBTFUL = 1 << 0,
};

/** Whom orgdb_salvage() tells, and what it found. */
typedef struct orgdb_salvage_report {
	size_t size;         /**< sizeof(orgdb_salvage_report); set by #ORGDB_SALVAGE_REPORT_INIT. */
	void (*problem)(void *context, const orgdb_problem *problem); /**< Optional: called for each thing that is damaged or lost. */
	void *context;       /**< Handed to it. */
	uint64_t problems;   /**< Out: how often it was, or would have been. */
	uint64_t saved[ORGDB_KINDS]; /**< Out: how many of each #orgdb_kind are in the new store ... */
	uint64_t lost[ORGDB_KINDS];  /**< Out: ... and how many are known not to be. */
	uint64_t member_roles_saved; /**< Out: the same for roles that members have ... */
	uint64_t member_roles_lost;  /**< Out: ... or had. */
	uint32_t uncounted;  /**< Out: a bit, `1 << kind`, for each kind of which more may be lost, for the count of them is lost, too;
	                      * `1 <<` #ORGDB_KINDS for members' roles. */
} orgdb_salvage_report;

/** Nobody is told. */
#define ORGDB_SALVAGE_REPORT_INIT { sizeof(orgdb_salvage_report), NULL, NULL, 0, { 0 }, { 0 }, 0, 0, 0 }

/**
 * Save what can be read of a damaged store in a new one; see "Damaged files". The damaged file is only read, and without LMDB:
 * whatever is in it, this never crashes. Nobody may have it open for writing meanwhile. The new store appears at
 * @p destination (mode 0600) whole and durable, or not at all; it is a new one, with a uuid and an lsn of its own, made by the
 * calls above. Takes room for twice the store beside @p destination meanwhile.
 *
 * What is not wholly known is not made up: without its record an entity is lost, and so are its edges, though its id may still
 * be told; an enabled connection without all of its options is. Of two rows that contradict each other neither is taken,
 * unless one of them can have lost its counterpart.
 * @param flags 0 or #ORGDB_SALVAGE_DOUBTFUL.
 * @param report optional.
 * @return 0: everything was saved; #ORGDB_CORRUPT: what could be was, and is at @p destination, the report tells the rest;
 *         #ORGDB_NOT_FOUND: nothing could be, and nothing is there; #ORGDB_NOT_A_STORE: no regular file;
 *         #ORGDB_VERSION_MISMATCH; #ORGDB_EXISTS: something is at @p destination, and stays; #ORGDB_INVALID (flags, report);
 *         or a system error.
 */
ORGDB_API ORGDB_MUST_USE int orgdb_salvage(
	const char *path, const char *destination, uint32_t flags, orgdb_salvage_report *report);
/**@}*/

/** @name Schema
 * What every kind's fields are, for tools, servers and bindings: the same table drives the engine. */
/**@{*/
/** What a field is, and which member holds it. */
typedef enum orgdb_type {
	ORGDB_TYPE_TEXT = 0, /**< An #orgdb_str. */
	ORGDB_TYPE_BOOL,     /**< A bool. */
	ORGDB_TYPE_CHOICE,   /**< A uint32_t, an index into `choices`. */
	ORGDB_TYPE_MAP,      /**< An #orgdb_value that holds a map. */
	ORGDB_TYPE_ARRAY,    /**< An #orgdb_value that holds an array. */
	ORGDB_TYPE_NUMBER,   /**< A uint64_t. */
} orgdb_type;

/** What is special about a field. */
enum {
	ORGDB_FIELD_ID = 1 << 0,        /**< The entity's id, or one of the two that an edge joins. */
	ORGDB_FIELD_REQUIRED = 1 << 1,  /**< Must be given on create and cannot be removed. */
	ORGDB_FIELD_IMMUTABLE = 1 << 2, /**< Cannot be updated. */
	ORGDB_FIELD_UNIQUE = 1 << 3,    /**< No two entities of the kind share it; of an array, any element of it. Where there
	                                 * is an owner: no two of what it owns. */
	ORGDB_FIELD_OWNER = 1 << 4,     /**< The id of the organization that owns the entity, which goes with it; absent: the
	                                 * tenant owns it. */
	ORGDB_FIELD_SECRET = 1 << 5,    /**< Who knows it may act by it: not to be shown where nobody asked for it. */
};

/** What a field of a kind is. */
typedef struct orgdb_field {
	const char *name;          /**< As in JSON: "display_name". */
	uint32_t bit;              /**< Its bit in `fields`. */
	uint32_t type;             /**< An #orgdb_type. */
	uint32_t flags;            /**< ORGDB_FIELD_... */
	size_t offset;             /**< Of the member in the kind's struct. */
	uint32_t length_min;       /**< Text: characters. Map, array: entries. Number: the least. */
	uint32_t length_max;       /**< 0: bounded by #ORGDB_RECORD_SIZE_MAX alone; a number by its 64 bits. */
	const char *expectation;   /**< What a valid value looks like, in words. */
	const char *const *choices; /**< Choice: the names, ended by NULL. */
	uint32_t default_value;    /**< Bool, choice and number: the default. */
	uint32_t rule;             /**< Fields with the same number, but 0, obey the same rule beyond type and length. */
} orgdb_field;

/** What a kind is. */
typedef struct orgdb_schema {
	const char *name;          /**< As in JSON: "organization". */
	uint32_t kind;             /**< An #orgdb_kind. */
	size_t struct_size;        /**< Of the kind's struct. */
	size_t extra_offset;       /**< Of its `extra`. */
	size_t fields_offset;      /**< Of its `fields`. */
	const orgdb_field *fields; /**< In the order in which dumps write them. */
	size_t field_count;        /**< How many there are. */
} orgdb_schema;

/** The schema of an #orgdb_kind; NULL for other numbers. Lives forever. */
ORGDB_API const orgdb_schema *orgdb_schema_of(uint32_t kind);
/** The schema by name, such as "organization"; NULL if there is none. Lives forever. */
ORGDB_API const orgdb_schema *orgdb_schema_named(const char *name);

/** Create an entity of any kind that is one; @p entity points to the kind's struct. As orgdb_organization_create(). */
ORGDB_API int orgdb_entity_create(orgdb_txn *txn, uint32_t kind, const void *entity, orgdb_str *id);
/** As orgdb_organization_get(); @p out points to the kind's struct. */
ORGDB_API int orgdb_entity_get(orgdb_txn *txn, uint32_t kind, const char *id, void *out);
/** As orgdb_organization_update(); @p changes points to the kind's struct. */
ORGDB_API int orgdb_entity_update(orgdb_txn *txn, uint32_t kind, const char *id, const void *changes);
/** As orgdb_organization_delete(). */
ORGDB_API int orgdb_entity_delete(orgdb_txn *txn, uint32_t kind, const char *id, orgdb_cascade *gone);
/** As orgdb_organization_list(); @p array is one of the kind's structs. */
ORGDB_API int orgdb_entity_list(
	orgdb_txn *txn, uint32_t kind, uint64_t after, void *array, size_t capacity, size_t *count);
/** As orgdb_organization_count(). */
ORGDB_API int orgdb_entity_count(orgdb_txn *txn, uint32_t kind, uint64_t *count);
/** List what an organization owns of a kind, in creation order; @p array is one of the kind's structs.
 * @return 0; #ORGDB_NOT_FOUND; #ORGDB_INVALID: not a kind that organizations own. */
ORGDB_API int orgdb_owned_list(orgdb_txn *txn, uint32_t kind, const char *organization_id, uint64_t after, void *array,
	size_t capacity, size_t *count);
/** How many of a kind an organization owns. @return As orgdb_owned_list(). */
ORGDB_API int orgdb_owned_count(orgdb_txn *txn, uint32_t kind, const char *organization_id, uint64_t *count);
/**@}*/

#ifdef __cplusplus
}
#endif

#endif
