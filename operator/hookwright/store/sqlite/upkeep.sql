-- dead_with_keys: dead letters by the keys of their deliveries (a JSON list)
SELECT position, route_id, at FROM dead WHERE key IN (SELECT value FROM json_each(?)) ORDER BY position;

-- dead_of_route: dead letters of a webhook
SELECT position, route_id, at FROM dead WHERE route_id = ? ORDER BY position;

-- dead_since: dead letters by the time they died
SELECT position, route_id, at FROM dead WHERE at >= ? ORDER BY at, position;

-- some_waiting: keys of a webhook that wait, between two
SELECT key, received FROM waiting WHERE route_id = ?1 AND key > ?2 AND key < ?3
UNION ALL SELECT key, received FROM delayed WHERE route_id = ?1 AND key > ?2 AND key < ?3
ORDER BY key LIMIT ?4;

-- first_waiting: how many of a webhook's first keys there are, when the oldest was received, and the last of them
SELECT count(*), min(received), max(key) FROM (
    SELECT key, received FROM waiting WHERE route_id = ?1
    UNION ALL SELECT key, received FROM delayed WHERE route_id = ?1
    ORDER BY key LIMIT ?2);

-- oldest_dead: the oldest dead letters, with their time
SELECT position, at FROM dead ORDER BY at, position LIMIT ?;

-- last_identity: the newest identity's position
SELECT position FROM identities ORDER BY position DESC LIMIT 1;

-- prune_identities: identities that left the window, by time (?1) or by number (up to position ?2)
DELETE FROM identities WHERE position IN (SELECT position FROM identities ORDER BY position LIMIT ?3)
    AND (at <= ?1 OR position <= ?2);

-- prune_history: attempts past their time (?1) or over the size (those that begin before ?2)
DELETE FROM attempts WHERE position IN (SELECT position FROM attempts ORDER BY position LIMIT ?3)
    AND (time <= ?1 OR begins < ?2);

-- prune_routes: webhooks deleted before ?1 of which nothing is left
DELETE FROM routes WHERE id IN (
    SELECT id FROM routes WHERE deleted_at <= ?1
        AND NOT EXISTS (SELECT 1 FROM waiting WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM delayed WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM dead WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM attempts WHERE route_id = routes.id)
    LIMIT ?2) RETURNING route;
