-- read_routes: webhooks
SELECT id, route, gone, deleted_at, last_success, last_failure, failures FROM routes WHERE id > ?1 ORDER BY id LIMIT ?2;

-- read_events: events
SELECT key, event_type, trigger, deliveries, hops, raw FROM events WHERE key > ?1 ORDER BY key LIMIT ?2;

-- read_fanout: how many deliveries still need an event
SELECT event_key, held FROM fanout WHERE event_key > ?1 ORDER BY event_key LIMIT ?2;

-- read_waiting: what may go at once and what waits for a time
SELECT route_id, key, event_key, received, attempts, steps, bytes, 0, 0 FROM waiting WHERE (route_id, key) > (?1, ?2)
UNION ALL
SELECT route_id, key, event_key, received, attempts, steps, bytes, due, wait FROM delayed WHERE (route_id, key) > (?1, ?2)
ORDER BY route_id, key LIMIT ?3;

-- read_dead: dead letters
SELECT position, key, event_key, route_id, reason, message, attempts, at, received, bytes
FROM dead WHERE position > ?1 ORDER BY position LIMIT ?2;

-- read_attempts: the history
SELECT position, delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause, time, duration,
       friendly_id, detail
FROM attempts WHERE position > ?1 ORDER BY position LIMIT ?2;

-- read_identities: identities
SELECT position, answer, identity, digest, at FROM identities WHERE position > ?1 ORDER BY position LIMIT ?2;

-- all_routes: the numbers of all webhooks
SELECT route, id FROM routes;

-- write_routes: webhooks
INSERT INTO routes (id, route, gone, deleted_at, last_success, last_failure, failures) VALUES (?, ?, ?, ?, ?, ?, ?);

-- write_events: events
INSERT INTO events (key, event_type, trigger, deliveries, hops, raw) VALUES (?, ?, ?, ?, ?, ?);

-- write_fanout: how many deliveries still need an event
INSERT INTO fanout (event_key, held) VALUES (?, ?);

-- write_waiting: what may go at once
INSERT INTO waiting (route_id, key, event_key, received, attempts, steps, bytes) VALUES (?, ?, ?, ?, ?, ?, ?);

-- write_delayed: what waits for a time
INSERT INTO delayed (route_id, key, event_key, received, attempts, steps, bytes, due, wait)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- write_dead: dead letters
INSERT INTO dead (position, key, event_key, route_id, reason, message, attempts, at, received, bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- write_attempts: the history
INSERT INTO attempts (position, delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause, time,
                      duration, friendly_id, detail, begins)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- write_identities: identities
INSERT INTO identities (answer, identity, digest, at, begins) VALUES (?, ?, ?, ?, ?);

-- count_routes: webhooks
SELECT count(*) FROM routes;

-- count_events: events
SELECT count(*) FROM events;

-- count_fanout: events of several deliveries
SELECT count(*) FROM fanout;

-- count_waiting: of both kinds
SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM delayed);

-- count_dead: dead letters
SELECT count(*) FROM dead;

-- count_attempts: the history
SELECT count(*) FROM attempts;

-- count_identities: identities
SELECT count(*) FROM identities;

-- owner: the installation's tag, and the highest key
SELECT tag, high_key FROM owner;

-- set_tag: of a new store
UPDATE owner SET tag = ?;

-- set_high_key: the highest key of what was copied
UPDATE owner SET high_key = ?;
