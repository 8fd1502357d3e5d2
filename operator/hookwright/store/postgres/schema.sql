-- The whole schema, in the words of the store on SQLite. Columns named key or *_key are 63-bit keys (store.port), times
-- are milliseconds since the epoch, route_id points into routes. An event's deliveries have the keys that follow its own.
-- What lives short and changes often is vacuumed early: dead rows are what makes queues in tables slow.

-- One row: the installation's tag, the version of this schema, and where a copy stands: filling, filled (into this
-- schema, not given over yet), moved and a word (away from here). Only with none of them a dispatcher works on it.
CREATE TABLE hookwright.meta (
    one INT PRIMARY KEY CHECK (one = 1),
    tag TEXT NOT NULL,
    version INT NOT NULL,
    copy TEXT
);

-- Who makes keys in each slot and works on the store, until when by the clock of this server, its highest key, whether it
-- is about to end, so that its parts are for others, and what waits there, as it said last.
CREATE TABLE hookwright.replicas (
    slot INT PRIMARY KEY,
    holder TEXT,
    until TIMESTAMPTZ NOT NULL,
    high_key BIGINT NOT NULL,
    retired BOOLEAN NOT NULL DEFAULT FALSE,
    shares TEXT
);

-- Who works on each part of the webhooks, and until when.
CREATE TABLE hookwright.parts (
    part INT PRIMARY KEY,
    holder TEXT,
    until TIMESTAMPTZ NOT NULL
);

-- What a process did to webhooks on which another works, who is to know: how many deliveries came to wait (bytes of their
-- events), how many dead letters came or went, and whether somebody wants it tried now (1; 2: a 410 is void as well).
CREATE TABLE hookwright.arrivals (
    part INT NOT NULL,
    route_id INT NOT NULL,
    waiting INT NOT NULL,
    bytes BIGINT NOT NULL,
    dead INT NOT NULL,
    retried INT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX arrivals_part ON hookwright.arrivals (part);

-- Every webhook that was ever seen, as a small number, its part, and what is remembered of it.
CREATE TABLE hookwright.routes (
    id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route TEXT NOT NULL UNIQUE,
    part INT NOT NULL,
    gone TEXT,
    deleted_at BIGINT,
    last_success BIGINT,
    last_failure BIGINT,
    failures INT NOT NULL DEFAULT 0,
    begun INT NOT NULL DEFAULT 0,
    last_begun BIGINT NOT NULL DEFAULT 0
);

-- An event's bytes, once; dropped with the last of its deliveries. Not compressed: that costs more than it saves.
CREATE TABLE hookwright.events (
    key BIGINT PRIMARY KEY,
    event_type TEXT NOT NULL,
    trigger TEXT,
    deliveries INT NOT NULL,
    hops INT NOT NULL,
    raw BYTEA NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE hookwright.events ALTER COLUMN raw SET STORAGE EXTERNAL;

-- How many deliveries still need an event; only of events that had more than one, so that counting never moves bytes.
CREATE TABLE hookwright.fanout (
    event_key BIGINT PRIMARY KEY,
    held INT NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Deliveries that wait: due 0 may go at once, others at that time, and wait is how long that was when it was set.
CREATE TABLE hookwright.waiting (
    route_id INT NOT NULL,
    key BIGINT NOT NULL,
    event_key BIGINT NOT NULL,
    received BIGINT NOT NULL,
    attempts INT NOT NULL,
    steps INT NOT NULL,
    bytes INT NOT NULL,
    due BIGINT NOT NULL,
    wait BIGINT NOT NULL,
    PRIMARY KEY (route_id, key)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX waiting_due ON hookwright.waiting (route_id, due, key);

-- Dead letters.
CREATE TABLE hookwright.dead (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key BIGINT NOT NULL UNIQUE,
    event_key BIGINT NOT NULL,
    route_id INT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INT NOT NULL,
    at BIGINT NOT NULL,
    received BIGINT NOT NULL,
    bytes INT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX dead_event ON hookwright.dead (event_key);
CREATE INDEX dead_at ON hookwright.dead (at, position);
CREATE INDEX dead_route_at ON hookwright.dead (route_id, at, position);
CREATE INDEX dead_group ON hookwright.dead (route_id, reason, position);

-- The history of attempts. Who loses some of it is decided webhook by webhook, so no part of it is dropped whole.
CREATE TABLE hookwright.attempts (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_key BIGINT NOT NULL,
    attempt INT NOT NULL,
    event_key BIGINT NOT NULL,
    route_id INT NOT NULL,
    kind TEXT NOT NULL,
    trigger TEXT,
    result TEXT NOT NULL,
    status INT,
    cause TEXT,
    time BIGINT NOT NULL,
    duration DOUBLE PRECISION NOT NULL,
    friendly_id TEXT COLLATE "C",
    detail BYTEA NOT NULL,
    UNIQUE (delivery_key, attempt, time)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE hookwright.attempts ALTER COLUMN detail SET STORAGE EXTERNAL;
CREATE INDEX attempts_route ON hookwright.attempts (route_id, position);
CREATE INDEX attempts_friendly_id ON hookwright.attempts (friendly_id, position) WHERE friendly_id IS NOT NULL;
CREATE INDEX attempts_result ON hookwright.attempts (result, position) WHERE result <> 'Delivered';
CREATE INDEX attempts_route_result ON hookwright.attempts (route_id, result, position) WHERE result <> 'Delivered';
CREATE INDEX attempts_status ON hookwright.attempts (status, position) WHERE result <> 'Delivered';
CREATE INDEX attempts_kind ON hookwright.attempts (kind, position) WHERE kind <> 'Delivery';

-- What the attempts of each webhook take, and all identities together (webhook 0): each commit adds a row of what it
-- brought, so that none waits for another to count; the sum is what is true, and pruning makes one row of them.
CREATE TABLE hookwright.tallies (
    route_ids INT[] NOT NULL,
    numbers BIGINT[] NOT NULL,
    bytes BIGINT[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Events known by an identity; routes: the numbers of their webhooks, in the order of their keys.
CREATE TABLE hookwright.identities (
    event_key BIGINT PRIMARY KEY,
    identity BYTEA NOT NULL UNIQUE,
    digest BYTEA NOT NULL,
    at BIGINT NOT NULL,
    routes TEXT NOT NULL,
    size INT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Runs of WebhookTests by their ids: who runs one, until when, and its answer; then, when it ended.
CREATE TABLE hookwright.runs (
    run_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    result BYTEA
);

-- What is shown of a webhook beside its configuration (core.shown), as who works on it said last, for the others.
CREATE TABLE hookwright.shown (
    route TEXT PRIMARY KEY,
    part INT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    text TEXT NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX shown_at ON hookwright.shown (at);

-- Attempts as they are read, columns in the order of store.port.AttemptRecord after the position.
CREATE VIEW hookwright.invocations AS
    SELECT position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration,
           detail, friendly_id, route_id
    FROM hookwright.attempts JOIN hookwright.routes ON routes.id = route_id;

-- Dead letters as they are read, columns in the order of store.port.DeadLetterRow after the position.
CREATE VIEW hookwright.dead_letters AS
    SELECT position, dead.key AS key, event_key, route, trigger, reason, message, attempts, at, received, route_id
    FROM hookwright.dead JOIN hookwright.routes ON routes.id = route_id JOIN hookwright.events ON events.key = event_key;
