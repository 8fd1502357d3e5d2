-- dead_with_keys: dead letters by the keys of their deliveries, and whatever else is given
SELECT position FROM hookwright.dead WHERE key = ANY ($1::BIGINT[])
    AND ($2::TEXT IS NULL OR route_id = (SELECT id FROM hookwright.routes WHERE route = $2))
    AND ($3::TEXT IS NULL OR reason = $3) AND at >= $4 AND at < $5
ORDER BY position LIMIT $6 FOR UPDATE SKIP LOCKED;

-- dead_of_all: by the time they died
SELECT position FROM hookwright.dead WHERE at >= $1 AND at < $2 ORDER BY at, position LIMIT $3 FOR UPDATE SKIP LOCKED;

-- dead_of_route: those of a webhook
SELECT position FROM hookwright.dead WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND at >= $2 AND at < $3
ORDER BY at, position LIMIT $4 FOR UPDATE SKIP LOCKED;

-- dead_of_reason: those with a reason
SELECT position FROM hookwright.dead WHERE reason = $1 AND at >= $2 AND at < $3
ORDER BY at, position LIMIT $4 FOR UPDATE SKIP LOCKED;

-- dead_of_route_and_reason: those of a webhook with a reason
SELECT position FROM hookwright.dead WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND reason = $2
    AND at >= $3 AND at < $4
ORDER BY at, position LIMIT $5 FOR UPDATE SKIP LOCKED;

-- replay: dead letters back to waiting, in this order
WITH chosen AS (SELECT * FROM unnest($1::BIGINT[]) WITH ORDINALITY AS u (position, number)),
taken AS (DELETE FROM hookwright.dead USING chosen WHERE dead.position = chosen.position RETURNING number, dead.*),
again AS (
    INSERT INTO hookwright.waiting (route_id, key, event_key, received, attempts, steps, bytes, due, wait)
        SELECT route_id, key, event_key, $2, attempts, 0, bytes, 0, 0 FROM taken
)
SELECT key, route_id, event_key, bytes FROM taken ORDER BY number;

-- oldest_identities: the oldest behind one, with what they count
SELECT event_key, at, size FROM hookwright.identities WHERE event_key > $1 ORDER BY event_key LIMIT $2;

-- drop_identities: some, counted
WITH gone AS (DELETE FROM hookwright.identities WHERE event_key = ANY ($1::BIGINT[]) RETURNING size)
INSERT INTO hookwright.tallies SELECT ARRAY[0], ARRAY[-count(*)], ARRAY[-sum(size)] FROM gone HAVING count(*) > 0;

-- old_attempts: attempts past their time, among the oldest behind one
SELECT position FROM (
    SELECT position, time FROM hookwright.attempts WHERE position > $2 ORDER BY position LIMIT $3
) AS first WHERE time <= $1 ORDER BY position;

-- oldest_attempts: of a webhook, with the bytes of what is shown of them
SELECT position, octet_length(detail) FROM hookwright.attempts WHERE route_id = $1 AND position > $2 ORDER BY position LIMIT $3;

-- drop_attempts: some, counted
WITH gone AS (DELETE FROM hookwright.attempts WHERE position = ANY ($1::BIGINT[]) RETURNING route_id, octet_length(detail) AS size),
counted AS (SELECT route_id, count(*) AS number, sum(size) AS size FROM gone GROUP BY route_id)
INSERT INTO hookwright.tallies
    SELECT array_agg(route_id), array_agg(-number), array_agg(-size) FROM counted HAVING count(*) > 0;

-- fold_tallies: one row of all that were written since
WITH gone AS (DELETE FROM hookwright.tallies RETURNING *),
summed AS (
    SELECT route_id, sum(number) AS number, sum(size) AS size
    FROM gone, unnest(route_ids, numbers, bytes) AS u (route_id, number, size) GROUP BY route_id HAVING sum(number) <> 0
)
INSERT INTO hookwright.tallies SELECT array_agg(route_id), array_agg(number), array_agg(size) FROM summed HAVING count(*) > 0;

-- history_sizes: attempts of each webhook that has some, and the bytes of what is shown of them
SELECT route, sum(number)::BIGINT, sum(size)::BIGINT
FROM hookwright.tallies, unnest(route_ids, numbers, bytes) AS u (route_id, number, size) JOIN hookwright.routes ON routes.id = route_id
GROUP BY route HAVING sum(number) > 0;

-- old_dead: dead letters past their time, the oldest first, behind one
SELECT at, position FROM hookwright.dead WHERE at <= $1 AND (at, position) > ($2, $3) ORDER BY at, position LIMIT $4;

-- dead_sizes: dead letters of each webhook that has some, and the bytes of their events
SELECT route, number, size FROM (
    SELECT route_id, count(*) AS number, sum(bytes)::BIGINT AS size FROM hookwright.dead GROUP BY route_id
) AS found JOIN hookwright.routes ON routes.id = route_id;

-- dead_namespaces: dead letters of each namespace, and of all (''), and the bytes of their events, each counted once
WITH each AS (
    SELECT split_part(route, '/', 1) AS namespace, event_key, count(*) AS number, max(bytes) AS size
    FROM hookwright.dead JOIN hookwright.routes ON routes.id = route_id GROUP BY 1, 2
)
SELECT namespace, sum(number)::BIGINT, sum(size)::BIGINT FROM each GROUP BY namespace
UNION ALL
SELECT '', coalesce(sum(number), 0)::BIGINT, coalesce(sum(size), 0)::BIGINT
    FROM (SELECT event_key, sum(number) AS number, max(size) AS size FROM each GROUP BY event_key) AS events;

-- oldest_dead: of a webhook the oldest from a position on, and how many letters their events have in its namespace, and in all
SELECT position, event_key, bytes,
       (SELECT count(*) FROM hookwright.dead AS other JOIN hookwright.routes ON routes.id = other.route_id
            WHERE other.event_key = dead.event_key AND split_part(route, '/', 1) = $2),
       (SELECT count(*) FROM hookwright.dead AS other WHERE other.event_key = dead.event_key)
FROM hookwright.dead WHERE route_id = $1 ORDER BY at, position OFFSET $3 LIMIT $4;

-- drop_dead: some dead letters
DELETE FROM hookwright.dead WHERE position = ANY ($1::BIGINT[]) RETURNING route_id, event_key;

-- release: an event of each of them may have been needed by it alone
SELECT hookwright.release_2($1);

-- forgetting: nobody writes rows for webhooks meanwhile
SELECT pg_advisory_xact_lock(hashtext('hookwright.routes'));

-- forget_routes: webhooks deleted before a time of which nothing is left
DELETE FROM hookwright.routes WHERE id IN (
    SELECT id FROM hookwright.routes WHERE deleted_at <= $1
        AND NOT EXISTS (SELECT 1 FROM hookwright.waiting WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM hookwright.dead WHERE route_id = routes.id)
        AND NOT EXISTS (SELECT 1 FROM hookwright.attempts WHERE route_id = routes.id)
    LIMIT $2) RETURNING route;
