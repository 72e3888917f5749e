/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger_schema.c - the ledger's tables, version by version.
 */
#include "ca/ledger_schema.h"

/*
 * What may change, and how: the status of a certificate, from live to something else; who holds an
 * address, once nobody does; which files are on their way; where the log ends.
 */
static const char schema_1[] =
    "CREATE TABLE meta ("
    "	one INTEGER PRIMARY KEY CHECK (one = 1),"
    "	log_seq INTEGER NOT NULL,"
    "	log_head BLOB NOT NULL CHECK (length(log_head) = 32)"
    ") STRICT;"
    "INSERT INTO meta VALUES (1, 0, zeroblob(32));"

    "CREATE TABLE ca ("
    "	serial INTEGER PRIMARY KEY CHECK (serial > 0),"
    "	name TEXT NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL,"
    "	keyfile BLOB NOT NULL,"
    "	psk BLOB CHECK (length(psk) = 32)"
    ") STRICT;"

    "CREATE TABLE cert ("
    "	serial INTEGER PRIMARY KEY CHECK (serial > 0),"
    "	name TEXT NOT NULL,"
    "	key BLOB NOT NULL CHECK (length(key) = 32),"
    "	not_after INTEGER NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	status TEXT NOT NULL CHECK (status IN ('live', 'expired', 'revoked')),"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX cert_live_name ON cert (name) WHERE status = 'live';"
    "CREATE UNIQUE INDEX cert_live_key ON cert (key) WHERE status = 'live';"
    "CREATE INDEX cert_name ON cert (name, serial);"
    "CREATE INDEX cert_key ON cert (key);"

    "CREATE TABLE addr ("
    "	ip BLOB PRIMARY KEY CHECK (length(ip) IN (4, 16)),"
    "	name TEXT NOT NULL,"
    "	until INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE endpoint ("
    "	serial INTEGER NOT NULL REFERENCES cert (serial),"
    "	position INTEGER NOT NULL,"
    "	endpoint TEXT NOT NULL,"
    "	PRIMARY KEY (serial, position)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE handout ("
    "	id INTEGER PRIMARY KEY,"
    "	hidden TEXT NOT NULL,"
    "	path TEXT NOT NULL,"
    "	serial INTEGER REFERENCES cert (serial)"
    ") STRICT;"

    "CREATE TABLE log ("
    "	seq INTEGER PRIMARY KEY CHECK (seq > 0),"
    "	time INTEGER NOT NULL,"
    "	event TEXT NOT NULL,"
    "	name TEXT NOT NULL,"
    "	serial INTEGER NOT NULL,"
    "	digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "	detail TEXT NOT NULL,"
    "	hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    "CREATE INDEX log_serial ON log (serial);"

    "CREATE TRIGGER log_order BEFORE INSERT ON log"
    "	WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM log)"
    "	BEGIN SELECT raise(ABORT, 'the log only grows at its end'); END;"
    "CREATE TRIGGER log_no_update BEFORE UPDATE ON log"
    "	BEGIN SELECT raise(ABORT, 'the log is append-only'); END;"
    "CREATE TRIGGER log_no_delete BEFORE DELETE ON log"
    "	BEGIN SELECT raise(ABORT, 'the log is append-only'); END;"

    "CREATE TRIGGER cert_order BEFORE INSERT ON cert"
    "	WHEN NEW.serial <= (SELECT coalesce(max(serial), 0) FROM cert)"
    "	BEGIN SELECT raise(ABORT, 'a serial number is used once'); END;"
    "CREATE TRIGGER cert_no_update BEFORE UPDATE OF"
    "	serial, name, key, not_after, fingerprint, object ON cert"
    "	BEGIN SELECT raise(ABORT, 'a certificate does not change'); END;"
    "CREATE TRIGGER cert_no_return BEFORE UPDATE OF status ON cert"
    "	WHEN OLD.status <> 'live'"
    "	BEGIN SELECT raise(ABORT, 'a certificate that ended does not return'); END;"
    "CREATE TRIGGER cert_no_delete BEFORE DELETE ON cert"
    "	BEGIN SELECT raise(ABORT, 'a certificate is never forgotten'); END;"

    "CREATE TRIGGER ca_no_update BEFORE UPDATE OF serial, name, fingerprint, object ON ca"
    "	BEGIN SELECT raise(ABORT, 'an authority does not change'); END;"
    "CREATE TRIGGER ca_no_delete BEFORE DELETE ON ca"
    "	BEGIN SELECT raise(ABORT, 'an authority is never forgotten'); END;";

/*
 * Version 2: a certificate can be superseded by its renewal, which takes nothing from it, or
 * replaced, which ends it but not its key; an authority can have an issuer, and successors; and
 * there are invitations, requests that wait, the network's state and what it lists.
 *
 * The issuer's key id is the second field of every certificate and stands at the same place in all
 * of them: after the container's 12 bytes, 19 of the network's id and 3 of its own tag and length.
 */
static const char schema_2[] =
    "CREATE TABLE cert_2 ("
    "	serial INTEGER PRIMARY KEY CHECK (serial > 0),"
    "	issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    "	name TEXT NOT NULL,"
    "	key BLOB NOT NULL CHECK (length(key) = 32),"
    "	not_after INTEGER NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	status TEXT NOT NULL CHECK"
    "	  (status IN ('live', 'superseded', 'expired', 'replaced', 'revoked')),"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "INSERT INTO cert_2 SELECT serial, substr(object, 35, 16), name, key, not_after, fingerprint,"
    "	iif(status = 'revoked', 'replaced', status), object FROM cert ORDER BY serial;"

    "CREATE TABLE endpoint_2 ("
    "	serial INTEGER NOT NULL REFERENCES cert_2 (serial),"
    "	position INTEGER NOT NULL,"
    "	endpoint TEXT NOT NULL,"
    "	PRIMARY KEY (serial, position)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO endpoint_2 SELECT serial, position, endpoint FROM endpoint;"

    "CREATE TABLE handout_2 ("
    "	id INTEGER PRIMARY KEY,"
    "	hidden TEXT NOT NULL,"
    "	path TEXT NOT NULL,"
    "	serial INTEGER REFERENCES cert_2 (serial)"
    ") STRICT;"
    "INSERT INTO handout_2 SELECT id, hidden, path, serial FROM handout;"

    "DROP TABLE endpoint;"
    "DROP TABLE handout;"
    "DROP TABLE cert;"
    "ALTER TABLE cert_2 RENAME TO cert;"
    "ALTER TABLE endpoint_2 RENAME TO endpoint;"
    "ALTER TABLE handout_2 RENAME TO handout;"

    "CREATE UNIQUE INDEX cert_live_name ON cert (name) WHERE status = 'live';"
    "CREATE UNIQUE INDEX cert_live_key ON cert (key) WHERE status = 'live';"
    "CREATE INDEX cert_name ON cert (name, serial);"
    "CREATE INDEX cert_key ON cert (key);"
    "CREATE INDEX cert_ended ON cert (not_after) WHERE status IN ('replaced', 'revoked');"

    "CREATE TRIGGER cert_order BEFORE INSERT ON cert"
    "	WHEN EXISTS (SELECT 1 FROM cert WHERE serial = NEW.serial)"
    "	BEGIN SELECT raise(ABORT, 'a serial number is used once'); END;"
    "CREATE TRIGGER cert_no_update BEFORE UPDATE OF"
    "	serial, issuer, name, key, not_after, fingerprint, object ON cert"
    "	BEGIN SELECT raise(ABORT, 'a certificate does not change'); END;"
    "CREATE TRIGGER cert_no_return BEFORE UPDATE OF status ON cert"
    "	WHEN OLD.status IN ('expired', 'revoked') OR NEW.status = 'live'"
    "	  OR (OLD.status = 'replaced' AND NEW.status <> 'revoked')"
    "	BEGIN SELECT raise(ABORT, 'a certificate that ended does not return'); END;"
    "CREATE TRIGGER cert_no_delete BEFORE DELETE ON cert"
    "	BEGIN SELECT raise(ABORT, 'a certificate is never forgotten'); END;"

    /* The last row signs here. An application is signed by its own key until it is admitted. */
    "CREATE TABLE ca_2 ("
    "	id INTEGER PRIMARY KEY,"
    "	role TEXT NOT NULL CHECK (role IN ('root', 'application', 'issuing')),"
    "	serial INTEGER NOT NULL CHECK (serial > 0),"
    "	name TEXT NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL,"
    "	keyfile BLOB NOT NULL,"
    "	psk BLOB CHECK (length(psk) = 32)"
    ") STRICT;"
    "INSERT INTO ca_2 SELECT serial, 'root', serial, name, fingerprint, object, keyfile, psk"
    "	FROM ca;"
    "DROP TABLE ca;"
    "ALTER TABLE ca_2 RENAME TO ca;"
    "CREATE TRIGGER ca_no_update BEFORE UPDATE OF id, role, serial, name, fingerprint, object ON ca"
    "	BEGIN SELECT raise(ABORT, 'an authority does not change'); END;"
    "CREATE TRIGGER ca_no_delete BEFORE DELETE ON ca"
    "	BEGIN SELECT raise(ABORT, 'an authority is never forgotten'); END;"

    /* Authorities that others keep: issuing CAs that this one admitted; roots that were before it. */
    "CREATE TABLE issuing ("
    "	serial INTEGER PRIMARY KEY CHECK (serial > 0),"
    "	issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    "	name TEXT NOT NULL,"
    "	key BLOB NOT NULL CHECK (length(key) = 32),"
    "	not_after INTEGER NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	status TEXT NOT NULL CHECK (status IN ('live', 'superseded', 'expired', 'revoked')),"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX issuing_live_name ON issuing (name) WHERE status = 'live';"
    "CREATE UNIQUE INDEX issuing_live_key ON issuing (key) WHERE status = 'live';"
    "CREATE TRIGGER issuing_no_update BEFORE UPDATE OF"
    "	serial, issuer, name, key, not_after, fingerprint, object ON issuing"
    "	BEGIN SELECT raise(ABORT, 'a certificate does not change'); END;"
    "CREATE TRIGGER issuing_no_return BEFORE UPDATE OF status ON issuing"
    "	WHEN OLD.status IN ('expired', 'revoked') OR NEW.status = 'live'"
    "	BEGIN SELECT raise(ABORT, 'a certificate that ended does not return'); END;"
    "CREATE TRIGGER issuing_no_delete BEFORE DELETE ON issuing"
    "	BEGIN SELECT raise(ABORT, 'a certificate is never forgotten'); END;"

    "CREATE TABLE anchor ("
    "	fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL,"
    "	until INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    /* What the root's office sent when it admitted this one. */
    "CREATE TABLE charter ("
    "	one INTEGER PRIMARY KEY CHECK (one = 1),"
    "	text BLOB NOT NULL"
    ") STRICT;"

    /* How the network goes from one root to the next, in order. */
    "CREATE TABLE rotation ("
    "	id INTEGER PRIMARY KEY,"
    "	until INTEGER NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER rotation_no_update BEFORE UPDATE ON rotation"
    "	BEGIN SELECT raise(ABORT, 'a rotation does not change'); END;"
    "CREATE TRIGGER rotation_no_delete BEFORE DELETE ON rotation"
    "	BEGIN SELECT raise(ABORT, 'a rotation is never forgotten'); END;"

    /* The network's state, the newest only: the log has the fingerprint of each. */
    "CREATE TABLE state ("
    "	one INTEGER PRIMARY KEY CHECK (one = 1),"
    "	version INTEGER NOT NULL CHECK (version > 0),"
    "	fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER state_order BEFORE UPDATE ON state WHEN NEW.version <= OLD.version"
    "	BEGIN SELECT raise(ABORT, 'a state has a higher version than the last'); END;"
    "CREATE TRIGGER state_no_delete BEFORE DELETE ON state"
    "	BEGIN SELECT raise(ABORT, 'the newest state is never forgotten'); END;"

    /* Revoked, though another authority of the network issued them. */
    "CREATE TABLE disowned ("
    "	issuer BLOB NOT NULL CHECK (length(issuer) = 16),"
    "	serial INTEGER NOT NULL CHECK (serial > 0),"
    "	name TEXT NOT NULL,"
    "	key BLOB NOT NULL CHECK (length(key) = 32),"
    "	not_after INTEGER NOT NULL,"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),"
    "	object BLOB NOT NULL,"
    "	PRIMARY KEY (issuer, serial)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER disowned_no_update BEFORE UPDATE ON disowned"
    "	BEGIN SELECT raise(ABORT, 'what was revoked stays revoked'); END;"
    "CREATE TRIGGER disowned_no_delete BEFORE DELETE ON disowned"
    "	BEGIN SELECT raise(ABORT, 'what was revoked stays revoked'); END;"

    /* What the network's state says beside what is revoked. */
    "ALTER TABLE meta ADD COLUMN min_not_before INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE meta ADD COLUMN state_required INTEGER NOT NULL DEFAULT 0"
    "	CHECK (state_required IN (0, 1));"

    /* A ledger that was restored does not know which serials were used since. */
    "ALTER TABLE meta ADD COLUMN serial_floor INTEGER NOT NULL DEFAULT 0;"

    /* The keys go when the invitation has expired; until then the same host may ask again. */
    "CREATE TABLE token ("
    "	id BLOB PRIMARY KEY CHECK (length(id) = 8),"
    "	name TEXT NOT NULL,"
    "	lighthouse BLOB NOT NULL CHECK (length(lighthouse) = 32),"
    "	psk BLOB CHECK (length(psk) = 32),"
    "	enrol BLOB CHECK (length(enrol) = 32),"
    "	approve INTEGER NOT NULL CHECK (approve IN (0, 1)),"
    "	made INTEGER NOT NULL,"
    "	expires INTEGER NOT NULL,"
    "	template BLOB NOT NULL,"
    "	status TEXT NOT NULL CHECK (status IN ('open', 'used', 'withdrawn', 'expired')),"
    "	serial INTEGER UNIQUE REFERENCES cert (serial),"
    "	CHECK ((status = 'used') = (serial IS NOT NULL))"
    ") STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX token_open_name ON token (name) WHERE status = 'open';"
    "CREATE TRIGGER token_no_update BEFORE UPDATE OF"
    "	id, name, lighthouse, approve, made, expires, template ON token"
    "	BEGIN SELECT raise(ABORT, 'an invitation does not change'); END;"
    "CREATE TRIGGER token_no_return BEFORE UPDATE OF status, serial ON token"
    "	WHEN OLD.status <> 'open'"
    "	BEGIN SELECT raise(ABORT, 'an invitation is good for one certificate'); END;"
    "CREATE TRIGGER token_no_delete BEFORE DELETE ON token"
    "	BEGIN SELECT raise(ABORT, 'an invitation is never forgotten'); END;"

    /* What waits to be signed: of an invitation one, of a member one. */
    "CREATE TABLE request ("
    "	id INTEGER PRIMARY KEY,"
    "	token BLOB UNIQUE REFERENCES token (id),"
    "	member BLOB UNIQUE CHECK (length(member) = 32),"
    "	name TEXT NOT NULL,"
    "	key BLOB NOT NULL CHECK (length(key) = 32),"
    "	object BLOB NOT NULL,"
    "	came INTEGER NOT NULL,"
    "	status TEXT NOT NULL CHECK (status IN ('waiting', 'approved', 'denied', 'signed')),"
    "	decided INTEGER NOT NULL DEFAULT 0,"
    "	serial INTEGER REFERENCES cert (serial),"
    "	CHECK ((token IS NULL) <> (member IS NULL)),"
    "	CHECK ((status = 'signed') = (serial IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX request_status ON request (status, id);";

/*
 * Version 3: nothing that is done for each certificate looks at all of them (ca/ledger_addr.h).
 */
static const char schema_3[] =
    "ALTER TABLE addr ADD COLUMN over INTEGER NOT NULL DEFAULT 0 CHECK (over IN (0, 1));"
    "CREATE INDEX addr_ip ON addr (length(ip), ip);"
    "CREATE INDEX addr_held ON addr (until) WHERE over = 0;"
    "CREATE INDEX addr_over ON addr (length(ip), ip) WHERE over = 1;"
    "CREATE INDEX addr_name ON addr (name, length(ip), ip);"
    "CREATE TRIGGER addr_no_delete BEFORE DELETE ON addr"
    "	BEGIN SELECT raise(ABORT, 'an address that was given has a row'); END;"

    /* Each address from the first to the one before `beyond` has a row in addr. */
    "CREATE TABLE addr_run ("
    "	first BLOB PRIMARY KEY CHECK (length(first) IN (4, 16)),"
    "	beyond BLOB NOT NULL CHECK (length(beyond) = length(first) AND beyond > first)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE INDEX cert_live_until ON cert (not_after) WHERE status = 'live';"
    "CREATE INDEX log_draft ON log (serial) WHERE event = 'draft';"
    "CREATE INDEX token_open_until ON token (expires) WHERE status = 'open';"
    "CREATE INDEX token_key_until ON token (expires) WHERE psk IS NOT NULL;"
    "CREATE INDEX request_name ON request (name);"
    "CREATE INDEX disowned_key ON disowned (key);";

/* Version 4: states that co-signers were asked to sign. */
static const char schema_4[] =
    "CREATE TABLE draft ("
    "	version INTEGER PRIMARY KEY CHECK (version > 0),"
    "	fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32)"
    ") STRICT;"
    "CREATE TRIGGER draft_order BEFORE INSERT ON draft"
    "	WHEN NEW.version <= (SELECT coalesce(max(version), 0) FROM draft)"
    "	BEGIN SELECT raise(ABORT, 'versions of states that are drafted ascend'); END;"
    "CREATE TRIGGER draft_no_update BEFORE UPDATE ON draft"
    "	BEGIN SELECT raise(ABORT, 'a draft does not change'); END;";

/* Version 5: what a state revokes that was signed after the backup (ca/ledger_inherit.h). */
static const char schema_5[] =
    "CREATE TABLE inherited ("
    "	one INTEGER PRIMARY KEY CHECK (one = 1),"
    "	until INTEGER NOT NULL,"
    "	object BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER inherited_no_delete BEFORE DELETE ON inherited"
    "	BEGIN SELECT raise(ABORT, 'what was revoked stays revoked'); END;";

/* Version 6: the root that follows, while co-signers sign that it does. */
static const char schema_6[] =
    "CREATE TABLE successor ("
    "	one INTEGER PRIMARY KEY CHECK (one = 1),"
    "	object BLOB NOT NULL,"
    "	keyfile BLOB NOT NULL,"
    "	until INTEGER NOT NULL,"
    "	statement BLOB NOT NULL,"
    "	state BLOB NOT NULL"
    ") STRICT;";

const char *const ledger_migrations[LEDGER_VERSION] = { schema_1, schema_2, schema_3,
	schema_4, schema_5, schema_6 };
