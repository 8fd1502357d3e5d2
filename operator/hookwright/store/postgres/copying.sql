-- hold: own every slot that no process has
UPDATE hookwright.replicas SET holder = $1, until = now() + make_interval(secs => $2)
WHERE holder IS NULL OR holder = $1 OR until < now() OR NOT EXISTS (
    SELECT 1 FROM pg_stat_activity WHERE starts_with(application_name, holder || ' '))
RETURNING slot;

-- renew: stay the owner of those that are still owned
UPDATE hookwright.replicas SET until = now() + make_interval(secs => $2) WHERE holder = $1;

-- others: slots that are not owned
SELECT count(*) FROM hookwright.replicas WHERE holder IS DISTINCT FROM $1;

-- release: nobody has them any more
UPDATE hookwright.replicas SET holder = NULL, until = now() WHERE holder = $1;

-- used: whether anything was ever stored
SELECT EXISTS (SELECT 1 FROM hookwright.events) OR EXISTS (SELECT 1 FROM hookwright.attempts)
    OR EXISTS (SELECT 1 FROM hookwright.identities);

-- empty: for a copy that begins
TRUNCATE hookwright.routes, hookwright.events, hookwright.fanout, hookwright.waiting, hookwright.dead,
    hookwright.dead_groups, hookwright.attempts, hookwright.tallies, hookwright.identities, hookwright.shown, hookwright.runs;

-- set_tag: of the installation that is copied
UPDATE hookwright.meta SET tag = $1;

-- set_copy: where the copy stands
UPDATE hookwright.meta SET copy = $1;

-- set_high_keys: keys are made above those that were copied
UPDATE hookwright.replicas SET high_key = greatest(high_key, $1);

-- high_key: of all slots
SELECT max(high_key) FROM hookwright.replicas;

-- go_on: numbers that are given from here on are above those that were copied
SELECT setval(pg_get_serial_sequence('hookwright.routes', 'id'), (SELECT max(id) FROM hookwright.routes)),
       setval(pg_get_serial_sequence('hookwright.dead', 'position'), (SELECT max(position) FROM hookwright.dead)),
       setval(pg_get_serial_sequence('hookwright.attempts', 'position'), (SELECT max(position) FROM hookwright.attempts));

-- read_routes: webhooks
SELECT id, route, gone, deleted_at, last_success, last_failure, failures
FROM hookwright.routes WHERE id > $1 ORDER BY id LIMIT $2;

-- read_events: events
SELECT key, event_type, trigger, deliveries, hops, raw FROM hookwright.events WHERE key > $1 ORDER BY key LIMIT $2;

-- read_fanout: how many deliveries still need an event
SELECT event_key, held FROM hookwright.fanout WHERE event_key > $1 ORDER BY event_key LIMIT $2;

-- read_waiting: what may go at once and what waits for a time
SELECT route_id, key, event_key, received, attempts, steps, bytes, due, wait
FROM hookwright.waiting WHERE (route_id, key) > ($1, $2) ORDER BY route_id, key LIMIT $3;

-- read_dead: dead letters
SELECT position, key, event_key, route_id, reason, message, attempts, at, received, bytes
FROM hookwright.dead WHERE position > $1 ORDER BY position LIMIT $2;

-- read_attempts: the history
SELECT position, delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause, time, duration,
       friendly_id, detail
FROM hookwright.attempts WHERE position > $1 ORDER BY position LIMIT $2;

-- read_identities: identities, in the order they came
SELECT event_key, event_key, identity, digest, at, routes FROM hookwright.identities WHERE event_key > $1
ORDER BY event_key LIMIT $2;

-- write_routes: webhooks
INSERT INTO hookwright.routes (id, route, gone, deleted_at, last_success, last_failure, failures, part)
OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::INT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[],
    $7::INT[], $8::INT[]);

-- write_events: events
INSERT INTO hookwright.events (key, event_type, trigger, deliveries, hops, raw)
SELECT * FROM unnest($1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::INT[], $5::INT[], $6::BYTEA[]);

-- write_fanout: how many deliveries still need an event
INSERT INTO hookwright.fanout (event_key, held) SELECT * FROM unnest($1::BIGINT[], $2::INT[]);

-- write_waiting: what may go at once and what waits for a time
INSERT INTO hookwright.waiting (route_id, key, event_key, received, attempts, steps, bytes, due, wait)
SELECT * FROM unnest($1::INT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::INT[], $6::INT[], $7::INT[], $8::BIGINT[],
    $9::BIGINT[]);

-- write_dead: dead letters
INSERT INTO hookwright.dead (position, key, event_key, route_id, reason, message, attempts, at, received, bytes)
OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::INT[], $5::TEXT[], $6::TEXT[],
    $7::INT[], $8::BIGINT[], $9::BIGINT[], $10::INT[]);

-- write_attempts: the history, counted
WITH came AS (
    INSERT INTO hookwright.attempts (position, delivery_key, attempt, event_key, route_id, kind, trigger, result, status,
                                     cause, time, duration, friendly_id, detail)
    OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::INT[], $4::BIGINT[], $5::INT[], $6::TEXT[],
        $7::TEXT[], $8::TEXT[], $9::INT[], $10::TEXT[], $11::BIGINT[], $12::DOUBLE PRECISION[], $13::TEXT[], $14::BYTEA[])
    RETURNING route_id, octet_length(detail) AS size
), counted AS (SELECT route_id, count(*) AS number, sum(size) AS size FROM came GROUP BY route_id)
INSERT INTO hookwright.tallies SELECT array_agg(route_id), array_agg(number), array_agg(size) FROM counted;

-- write_identities: identities, counted
WITH came AS (
    INSERT INTO hookwright.identities (event_key, identity, digest, at, routes, size)
    SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BYTEA[], $4::BIGINT[], $5::TEXT[], $6::INT[]) RETURNING size
)
INSERT INTO hookwright.tallies SELECT ARRAY[0], ARRAY[count(*)], ARRAY[sum(size)] FROM came;

-- count_routes: webhooks
SELECT count(*) FROM hookwright.routes;

-- count_events: events
SELECT count(*) FROM hookwright.events;

-- count_fanout: events of several deliveries
SELECT count(*) FROM hookwright.fanout;

-- count_waiting: what may go at once and what waits for a time
SELECT count(*) FROM hookwright.waiting;

-- count_dead: dead letters
SELECT count(*) FROM hookwright.dead;

-- count_attempts: the history
SELECT count(*) FROM hookwright.attempts;

-- count_identities: identities
SELECT count(*) FROM hookwright.identities;
