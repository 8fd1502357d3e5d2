-- dead_with_keys: dead letters by the keys of their deliveries (a JSON list), and whatever else is given
SELECT position FROM dead WHERE key IN (SELECT value FROM json_each(:keys)) AND at >= :since AND at < :until
    AND (:route IS NULL OR route_id = (SELECT id FROM routes WHERE route = :route))
    AND (:reason IS NULL OR reason = :reason)
ORDER BY position LIMIT :limit;

-- dead_of_all: dead letters by the time they died
SELECT position FROM dead WHERE at >= :since AND at < :until ORDER BY at, position LIMIT :limit;

-- dead_of_route: those of a webhook
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND at >= :since AND at < :until
ORDER BY at, position LIMIT :limit;

-- dead_of_reason: those with a reason
SELECT position FROM dead WHERE reason = :reason AND at >= :since AND at < :until ORDER BY at, position LIMIT :limit;

-- dead_of_route_and_reason: those of a webhook with a reason
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND reason = :reason
    AND at >= :since AND at < :until
ORDER BY at, position LIMIT :limit;

-- some_waiting: keys of a webhook that wait, between two
SELECT key, received FROM waiting WHERE route_id = ?1 AND key > ?2 AND key < ?3
UNION ALL SELECT key, received FROM delayed WHERE route_id = ?1 AND key > ?2 AND key < ?3
ORDER BY key LIMIT ?4;

-- first_waiting: how many of a webhook's first keys there are, when the oldest was received, and the last of them
SELECT count(*), min(received), max(key) FROM (
    SELECT key, received FROM waiting WHERE route_id = ?1
    UNION ALL SELECT key, received FROM delayed WHERE route_id = ?1
    ORDER BY key LIMIT ?2);

-- old_dead: dead letters past their time, the oldest first
SELECT position FROM dead WHERE at <= ? ORDER BY at, position LIMIT ?;

-- oldest_dead: the oldest dead letter of a webhook
SELECT position FROM dead WHERE route_id = ? ORDER BY at, position LIMIT 1;

-- dead_sizes: dead letters of each webhook between two names that has some, and the bytes of their events
SELECT route, kept_letters, kept_letter_bytes FROM routes WHERE route > ?1 AND route < ?2 AND kept_letters > 0;

-- dead_namespaces: dead letters of each namespace ('': of all), and the bytes of their events, each counted once
SELECT namespace, letters, bytes FROM dead_namespaces;

-- dead_size: the same of all together
SELECT coalesce(sum(letters), 0), coalesce(sum(bytes), 0) FROM dead_namespaces WHERE namespace = '';

-- dead_event: whether an event (?1) has dead letters left in a namespace (?2), and anywhere ('')
SELECT namespace FROM dead_events WHERE event_key = ?1 AND namespace IN ('', ?2);

-- last_identity: the newest identity's position
SELECT position FROM identities ORDER BY position DESC LIMIT 1;

-- prune_identities: identities that left the window, by time (?1), by number (up to position ?2) or by size (begin before ?3)
DELETE FROM identities WHERE position IN (SELECT position FROM identities ORDER BY position LIMIT ?4)
    AND (at <= ?1 OR position <= ?2 OR coalesce(begins, 0) < ?3);

-- prune_history: attempts past their time (?1)
DELETE FROM attempts WHERE position IN (SELECT position FROM attempts ORDER BY position LIMIT ?2) AND time <= ?1;

-- history_size: attempts of all webhooks, and the bytes of what is shown of them
SELECT coalesce(sum(kept_attempts), 0), coalesce(sum(kept_attempt_bytes), 0) FROM routes;

-- history_sizes: the same of each webhook that has some
SELECT route, kept_attempts, kept_attempt_bytes FROM routes WHERE kept_attempts > 0;

-- drop_attempt: the oldest attempt of a webhook; the bytes of what was shown of it
DELETE FROM attempts WHERE position = (SELECT position FROM attempts WHERE route_id = ? ORDER BY position LIMIT 1)
    RETURNING length(detail);

-- prune_routes: webhooks deleted before ?1 of which nothing is left
DELETE FROM routes WHERE id IN (
    SELECT id FROM routes WHERE deleted_at <= ?1
        AND NOT EXISTS (SELECT 1 FROM waiting WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM delayed WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM dead WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM attempts WHERE route_id = routes.id)
    LIMIT ?2) RETURNING route;
