/*
 * Attributes: what an edge carries besides its two ends, in a record under both ends' ordinals.
 *
 * SPDX-License-Identifier: MIT
 */
#include "attributes.h"

#include "error.h"

int orgdb__attributes_read(orgdb_txn *txn, const struct kind *kind, const struct key *key, void *object)
{
	struct bytes record;
	int rc = orgdb__kv_get(txn->kv, kind->records, key_bytes(key), &record);
	if (rc == ORGDB_NOT_FOUND) {
		orgdb__schema_defaults(&kind->schema, object);
		return 0;
	}
	if (rc == 0 && !orgdb__schema_decode(&kind->schema, record, object))
		return orgdb__txn_corrupt(txn, kind->records, "a record does not decode");
	return rc;
}

int orgdb__attributes_prepare(orgdb_txn *txn, const struct kind *kind, uint32_t mask, void *object)
{
	txn->scratch.size = 0;
	int rc = orgdb__schema_encode(&kind->schema, object, mask, &txn->scratch);
	if (rc != 0)
		return rc;
	if (!orgdb__schema_decode(&kind->schema, (struct bytes){ txn->scratch.data, txn->scratch.size }, object))
		return orgdb__fail(ORGDB_INVALID, kind->schema.name, "the %s cannot be stored", kind->schema.name);
	return orgdb__schema_validate(&kind->schema, object);
}

int orgdb__attributes_write(
	orgdb_txn *txn, const struct kind *kind, const struct key *key, const void *object, uint32_t mask)
{
	mask &= ((const struct head *)object)->fields;
	if (mask == 0)
		return orgdb__attributes_delete(txn, kind, key);
	/* Not into the scratch buffer, which the object views. */
	txn->previous.size = 0;
	int rc = orgdb__schema_encode(&kind->schema, object, mask, &txn->previous);
	if (rc != 0)
		return orgdb__kv_poison(txn->kv, rc);
	struct bytes record = { txn->previous.data, txn->previous.size }, old;
	rc = orgdb__kv_get(txn->kv, kind->records, key_bytes(key), &old);
	if (rc == 0 && old.size == record.size && memcmp(old.data, record.data, old.size) == 0)
		return 0; /* Nothing to write. */
	return rc == 0 || rc == ORGDB_NOT_FOUND ? orgdb__kv_put(txn->kv, kind->records, key_bytes(key), record) : rc;
}

int orgdb__attributes_delete(orgdb_txn *txn, const struct kind *kind, const struct key *key)
{
	int rc = orgdb__kv_delete(txn->kv, kind->records, key_bytes(key));
	return rc == ORGDB_NOT_FOUND ? 0 : rc;
}
