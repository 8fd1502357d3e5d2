-- counts: of some webhooks (a JSON list) RouteCounts with the name, all in one row: each row waits for a busy Python
SELECT json_group_array(json_array(route, waiting, bytes, dead, oldest, next_due)) FROM (
    WITH chosen AS MATERIALIZED (SELECT id FROM routes WHERE route IN (SELECT value FROM json_each(?)))
    SELECT route_id, sum(waiting) AS waiting, sum(bytes) AS bytes, sum(dead) AS dead, min(oldest) AS oldest,
           min(due) AS next_due FROM (
        SELECT route_id, count(*) AS waiting, sum(bytes) AS bytes, 0 AS dead, min(received) AS oldest, 0 AS due
            FROM waiting WHERE route_id IN chosen GROUP BY route_id
        UNION ALL SELECT route_id, count(*), sum(bytes), 0, min(received), min(due)
            FROM delayed WHERE route_id IN chosen GROUP BY route_id
        UNION ALL SELECT route_id, 0, 0, count(*), NULL, NULL
            FROM dead INDEXED BY dead_route WHERE route_id IN chosen GROUP BY route_id
    ) GROUP BY route_id
) JOIN routes ON routes.id = route_id;

-- memory: what is remembered of each webhook
SELECT route, gone, deleted_at, last_success, last_failure, failures FROM routes;

-- waiting_alone: what waits of each webhook, of events that were for it alone
SELECT route, sum(number), sum(size) FROM (
    SELECT route_id, count(*) AS number, sum(bytes) AS size FROM waiting
        WHERE NOT EXISTS (SELECT 1 FROM fanout WHERE fanout.event_key = waiting.event_key) GROUP BY route_id
    UNION ALL SELECT route_id, count(*), sum(bytes) FROM delayed
        WHERE NOT EXISTS (SELECT 1 FROM fanout WHERE fanout.event_key = delayed.event_key) GROUP BY route_id
) JOIN routes ON routes.id = route_id GROUP BY route_id;

-- waiting_together: what waits of all other events, by event and namespace
SELECT event_key, substr(route, 1, instr(route, '/') - 1) AS namespace, max(bytes), count(*) FROM (
    SELECT event_key, route_id, bytes FROM waiting UNION ALL SELECT event_key, route_id, bytes FROM delayed
) AS each JOIN routes ON routes.id = route_id
WHERE EXISTS (SELECT 1 FROM fanout WHERE fanout.event_key = each.event_key) GROUP BY event_key, namespace ORDER BY event_key;

-- last_invocations: the newest attempt of kind Delivery of each webhook, columns as in invocations
SELECT position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration, detail,
       friendly_id
FROM routes JOIN attempts ON position = last_delivery AND attempts.route_id = routes.id AND kind = 'Delivery';

-- high_key: the highest key ever used
SELECT high_key FROM owner;

-- dead_letters: newest first
SELECT * FROM dead_letters WHERE position < :before ORDER BY position DESC LIMIT :limit;

-- dead_letters_of_route: of one webhook, newest first
SELECT * FROM dead_letters WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND position < :before
ORDER BY position DESC LIMIT :limit;
