-- own: a new owner; the one before may not commit from here on
UPDATE owner SET epoch = epoch + 1 RETURNING tag, epoch;

-- still_own: check the owner and keep the highest key, in every commit
UPDATE owner SET high_key = max(high_key, ?2) WHERE epoch = ?1;

-- all_routes: the numbers of all webhooks
SELECT route, id FROM routes;

-- insert_route: a webhook seen for the first time
INSERT INTO routes (route) VALUES (?);

-- remember_route: replace what is remembered of a webhook
UPDATE routes SET gone = ?2, deleted_at = ?3, last_success = ?4, last_failure = ?5, failures = ?6 WHERE id = ?1;

-- find_identity: what a repeat is answered from, if it is inside the window
SELECT digest, answer FROM identities WHERE identity = ?1 AND at > ?2;

-- identity_window: how many identities there are, the time of the oldest, and where it begins in the running sum
SELECT (SELECT max(position) FROM identities) - position + 1, at, begins FROM identities ORDER BY position LIMIT 1;

-- identity_end: where the newest identity of a known size begins in the running sum of their bytes, and its answer
SELECT begins, answer FROM identities WHERE begins IS NOT NULL ORDER BY position DESC LIMIT 1;

-- insert_identity: an identity begins; one that had left the window begins anew
INSERT OR REPLACE INTO identities (identity, digest, at, answer, begins) VALUES (?, ?, ?, ?, ?);

-- insert_event: an accepted event
INSERT INTO events (key, event_type, trigger, deliveries, raw, hops) VALUES (?, ?, ?, ?, ?, ?);

-- insert_fanout: an event with more than one delivery
INSERT INTO fanout (event_key, held) VALUES (?, ?);

-- insert_waiting: a delivery that may go at once
INSERT INTO waiting (route_id, key, event_key, received, attempts, steps, bytes) VALUES (?, ?, ?, ?, ?, ?, ?);

-- insert_delayed: a delivery that waits for a time
INSERT INTO delayed (route_id, key, event_key, received, attempts, steps, bytes, due, wait)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- clamp_delayed: times that are further away than they ever were (the clock was set back)
UPDATE delayed SET due = ?1 + wait WHERE due > ?1 + wait;

-- insert_dead: a dead letter
INSERT INTO dead (key, event_key, route_id, reason, message, attempts, at, received, bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert_attempt: one attempt for the history
INSERT INTO attempts (delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause, time,
                      duration, friendly_id, begins, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- history_end: where the next attempt begins in the running sum of the history's bytes
SELECT begins + length(detail) + ? FROM attempts ORDER BY position DESC LIMIT 1;

-- take_dead: remove a dead letter, for what becomes of it
DELETE FROM dead WHERE position = ? RETURNING key, event_key, route_id, attempts, bytes;

-- stored: which of some events (a JSON list of keys) are stored
SELECT key FROM events WHERE key IN (SELECT value FROM json_each(?));

-- delete_waiting: a delivery that waited at once is done
DELETE FROM waiting WHERE route_id = ? AND key = ?;

-- delete_delayed: a delivery that waited for a time is done
DELETE FROM delayed WHERE route_id = ? AND key = ?;

-- delete_sole_event: the event of the only delivery it ever had, unless that is a dead letter
DELETE FROM events WHERE key = ?1 AND deliveries = 1 AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.key = ?1 + 1);

-- take_waiting: remove a delivery that waited at once, for what becomes of it
DELETE FROM waiting WHERE route_id = ? AND key = ? RETURNING event_key, received, attempts, bytes;

-- take_delayed: remove a delivery that waited for a time, for what becomes of it
DELETE FROM delayed WHERE route_id = ? AND key = ? RETURNING event_key, received, attempts, bytes;

-- release_fanout: ?2 deliveries of an event are done
UPDATE fanout SET held = held - ?2 WHERE event_key = ?1;

-- delete_released_event: an event that no delivery needs any more
DELETE FROM events WHERE key = ?1 AND coalesce((SELECT held FROM fanout WHERE event_key = ?1), 0) <= 0;

-- delete_fanout: the count goes with its event
DELETE FROM fanout WHERE event_key = ? AND held <= 0;

-- claim_waiting: deliveries of a webhook that may go at once, oldest first
SELECT waiting.key, event_key, event_type, trigger, raw, received, attempts, steps, 0, deliveries = 1, hops
FROM waiting CROSS JOIN events ON events.key = event_key WHERE route_id = ? ORDER BY waiting.key;

-- claim_delayed: deliveries of a webhook that wait for a time, earliest first; no bytes of those whose time is to come
SELECT delayed.key, event_key, event_type, trigger, iif(due <= ?2, raw, NULL), received, attempts, steps, due,
       deliveries = 1, hops
FROM delayed CROSS JOIN events ON events.key = event_key WHERE route_id = ?1 ORDER BY due;
