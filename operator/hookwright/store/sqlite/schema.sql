-- The whole database. Columns named key or *_key are 63-bit keys (store.port), times are milliseconds since the
-- epoch, route_id points into routes. An event's deliveries have the keys that follow its own.

-- One row: who owns the file (raised at each start, checked in each commit) and the highest key ever used.
CREATE TABLE owner (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    tag TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    high_key INTEGER NOT NULL
) STRICT;

-- Every webhook that was ever seen, as a small number, and what is remembered of it.
CREATE TABLE routes (
    id INTEGER PRIMARY KEY,
    route TEXT NOT NULL UNIQUE,
    gone TEXT,
    deleted_at INTEGER,
    last_success INTEGER,
    last_failure INTEGER,
    failures INTEGER NOT NULL DEFAULT 0
) STRICT;

-- An event's bytes, once; dropped with the last of its deliveries.
CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    event_type TEXT NOT NULL,
    trigger TEXT,
    deliveries INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;

-- How many deliveries still need an event; only of events that had more than one.
CREATE TABLE fanout (
    event_key INTEGER PRIMARY KEY,
    held INTEGER NOT NULL
) STRICT;

-- Deliveries that may go at once.
CREATE TABLE waiting (
    route_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    event_key INTEGER NOT NULL,
    received INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (route_id, key)
) STRICT, WITHOUT ROWID;

-- Deliveries that wait for a time, and how long that was when it was set. Apart from the others, so that neither kind is searched through for the other.
CREATE TABLE delayed (
    route_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    event_key INTEGER NOT NULL,
    received INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    due INTEGER NOT NULL,
    wait INTEGER NOT NULL,
    PRIMARY KEY (route_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX delayed_due ON delayed (route_id, due);

-- Dead letters.
CREATE TABLE dead (
    position INTEGER PRIMARY KEY,
    key INTEGER NOT NULL UNIQUE,
    event_key INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL,
    received INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_route ON dead (route_id);
CREATE INDEX dead_at ON dead (at, bytes);

-- The history of attempts. begins is the sum of the bytes of all earlier rows, so the size of what is kept is the
-- difference of two rows. Only the oldest rows are ever deleted.
CREATE TABLE attempts (
    position INTEGER PRIMARY KEY,
    delivery_key INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    event_key INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    trigger TEXT,
    result TEXT NOT NULL,
    status INTEGER,
    cause TEXT,
    time INTEGER NOT NULL,
    duration REAL NOT NULL,
    friendly_id TEXT,
    begins INTEGER NOT NULL,
    detail BLOB NOT NULL
) STRICT;
CREATE INDEX attempts_delivery ON attempts (delivery_key);
CREATE INDEX attempts_route ON attempts (route_id);
CREATE INDEX attempts_friendly_id ON attempts (friendly_id) WHERE friendly_id IS NOT NULL;
CREATE INDEX attempts_result ON attempts (result) WHERE result <> 'Delivered';
CREATE INDEX attempts_route_result ON attempts (route_id, result) WHERE result <> 'Delivered';
CREATE INDEX attempts_kind ON attempts (kind) WHERE kind <> 'Delivery';

-- Attempts as they are read, columns in the order of store.port.AttemptRecord after the position.
CREATE VIEW invocations AS
    SELECT position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration,
           detail, friendly_id, route_id
    FROM attempts JOIN routes ON routes.id = route_id;

-- Dead letters as they are read, columns in the order of store.port.DeadLetterRow after the position.
CREATE VIEW dead_letters AS
    SELECT position, dead.key AS key, event_key, route, trigger, reason, message, attempts, at, received, route_id
    FROM dead JOIN routes ON routes.id = route_id JOIN events ON events.key = event_key;

-- Events known by an identity, in the order they came.
CREATE TABLE identities (
    position INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    at INTEGER NOT NULL,
    answer BLOB NOT NULL
) STRICT;
