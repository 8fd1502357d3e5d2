-- counts: of some webhooks RouteCounts with the name
SELECT route, sum(waiting)::BIGINT, sum(bytes)::BIGINT, sum(dead)::BIGINT, min(oldest), min(due) FROM (
    SELECT route_id, count(*) AS waiting, sum(bytes) AS bytes, 0 AS dead, min(received) AS oldest, min(due) AS due
        FROM hookwright.waiting WHERE route_id IN (SELECT id FROM hookwright.routes WHERE route = ANY ($1::TEXT[])) GROUP BY route_id
    UNION ALL SELECT route_id, 0, 0, count(*), NULL, NULL
        FROM hookwright.dead WHERE route_id IN (SELECT id FROM hookwright.routes WHERE route = ANY ($1::TEXT[])) GROUP BY route_id
) AS each JOIN hookwright.routes ON routes.id = route_id GROUP BY route;

-- memory: what is remembered of each webhook of some parts
SELECT route, gone, deleted_at, last_success, last_failure, failures, begun, last_begun FROM hookwright.routes WHERE part = ANY ($1::INT[]);

-- waiting_alone: what waits of each webhook of some parts, of events that were for it alone
SELECT route, count(*), sum(bytes)::BIGINT FROM hookwright.waiting JOIN hookwright.routes ON routes.id = route_id
WHERE part = ANY ($1::INT[]) AND NOT EXISTS (SELECT 1 FROM hookwright.fanout WHERE fanout.event_key = waiting.event_key)
GROUP BY route;

-- waiting_together: what waits of all other events, by event and namespace
SELECT event_key, split_part(route, '/', 1), max(bytes), count(*)
FROM hookwright.waiting JOIN hookwright.routes ON routes.id = route_id
WHERE part = ANY ($1::INT[]) AND EXISTS (SELECT 1 FROM hookwright.fanout WHERE fanout.event_key = waiting.event_key)
GROUP BY 1, 2 ORDER BY 1;

-- last_invocations: the newest attempt of kind Delivery of each webhook of some parts, columns as in invocations
SELECT last.position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration, detail,
       friendly_id
FROM hookwright.routes CROSS JOIN LATERAL (
    SELECT * FROM hookwright.attempts WHERE route_id = routes.id AND kind = 'Delivery' ORDER BY position DESC LIMIT 1) AS last
WHERE part = ANY ($1::INT[]);

-- settled: what was done to webhooks of some parts is in what is read at this moment
DELETE FROM hookwright.arrivals WHERE part = ANY ($1::INT[]);

-- high_key: the highest key ever used of a slot
SELECT high_key FROM hookwright.replicas WHERE slot = $1;

-- letters_with_keys: dead letters by the keys of their deliveries, and whatever else is given, newest first
SELECT * FROM hookwright.dead_letters WHERE key = ANY ($1::BIGINT[]) AND ($2::TEXT IS NULL OR route = $2)
    AND ($3::TEXT IS NULL OR reason = $3) AND at >= $4 AND at < $5 AND position < $6
ORDER BY position DESC LIMIT $7;

-- letters_of_all: dead letters, newest first; the second line ends the search for those of a time
SELECT * FROM hookwright.dead_letters WHERE at >= $1 AND at < $2 AND position < $3
    AND position > coalesce((SELECT position FROM hookwright.dead WHERE at < $5 ORDER BY at DESC LIMIT 1), -1)
ORDER BY position DESC LIMIT $4;

-- letters_of_route: of one webhook
SELECT * FROM hookwright.dead_letters WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND at >= $2 AND at < $3
    AND position < $4 AND position > coalesce((SELECT position FROM hookwright.dead
        WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND at < $6 ORDER BY at DESC LIMIT 1), -1)
ORDER BY position DESC LIMIT $5;

-- letters_of_reason: with a reason
SELECT * FROM hookwright.dead_letters WHERE reason = $1 AND at >= $2 AND at < $3 AND position < $4
    AND position > coalesce((SELECT position FROM hookwright.dead WHERE at < $6 ORDER BY at DESC LIMIT 1), -1)
ORDER BY position DESC LIMIT $5;

-- letters_of_route_and_reason: of one webhook with a reason
SELECT * FROM hookwright.dead_letters WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND reason = $2
    AND at >= $3 AND at < $4 AND position < $5 AND position > coalesce((SELECT position FROM hookwright.dead
        WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND reason = $2 AND at < $7
        ORDER BY at DESC LIMIT 1), -1)
ORDER BY position DESC LIMIT $6;

-- groups: dead letters by webhook and reason, newest first, columns in the order of store.port.DeadGroup after the position
SELECT last, route, chosen.reason, letters, message, newest, oldest FROM (
    SELECT max(position) AS last, route_id, reason, count(*) AS letters, max(at) AS newest, min(at) AS oldest
    FROM hookwright.dead WHERE ($1::TEXT IS NULL OR route_id = (SELECT id FROM hookwright.routes WHERE route = $1))
        AND ($2::TEXT IS NULL OR reason = $2)
    GROUP BY route_id, reason HAVING max(position) < $3 ORDER BY last DESC LIMIT $4
) AS chosen JOIN hookwright.routes ON routes.id = chosen.route_id JOIN hookwright.dead ON position = last ORDER BY last DESC;

-- count_with_keys: how many dead letters by the keys of their deliveries, and whatever else is given
SELECT count(*) FROM hookwright.dead WHERE key = ANY ($1::BIGINT[])
    AND ($2::TEXT IS NULL OR route_id = (SELECT id FROM hookwright.routes WHERE route = $2))
    AND ($3::TEXT IS NULL OR reason = $3) AND at >= $4 AND at < $5;

-- count_of_all: by the time they died
SELECT count(*) FROM hookwright.dead WHERE at >= $1 AND at < $2;

-- count_of_route: those of a webhook
SELECT count(*) FROM hookwright.dead
WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND at >= $2 AND at < $3;

-- count_of_reason: those with a reason
SELECT count(*) FROM hookwright.dead WHERE reason = $1 AND at >= $2 AND at < $3;

-- count_of_route_and_reason: those of a webhook with a reason
SELECT count(*) FROM hookwright.dead
WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND reason = $2 AND at >= $3 AND at < $4;
