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

-- Pages of dead letters are found in two steps, as those of attempts: the positions of those that fit, then what is shown of
-- them. Each way of finding positions has an index; times only narrow what it leads to (+: they are not looked up by).

-- letters_of_all: newest first
SELECT position FROM dead
WHERE position > :after AND position < :before AND +at >= :since AND +at < :until ORDER BY position DESC LIMIT :limit;

-- letters_of_route: of one webhook
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route)
    AND position > :after AND position < :before AND +at >= :since AND +at < :until ORDER BY position DESC LIMIT :limit;

-- letters_of_reason: with a reason
SELECT position FROM dead WHERE reason = :reason
    AND position > :after AND position < :before AND +at >= :since AND +at < :until ORDER BY position DESC LIMIT :limit;

-- letters_of_route_and_reason: of one webhook with a reason
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND reason = :reason
    AND position > :after AND position < :before AND +at >= :since AND +at < :until ORDER BY position DESC LIMIT :limit;

-- Where a page of each ends that looks at :looks dead letters, however few of them fit: no row, if it comes to the end.

-- end_of_all: along the table
SELECT position FROM dead WHERE position > :after AND position < :before ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_route: along its index
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route)
    AND position > :after AND position < :before ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_reason: along its index
SELECT position FROM dead WHERE reason = :reason
    AND position > :after AND position < :before ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_route_and_reason: along its index
SELECT position FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND reason = :reason
    AND position > :after AND position < :before ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- letters_shown: dead letters by their positions (a JSON list), newest first
SELECT * FROM dead_letters WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position DESC;

-- first_letter_since: the dead letter that died first from a time on
SELECT position FROM dead WHERE at >= ? ORDER BY at LIMIT 1;

-- last_letter_before: the dead letter that died last before a time
SELECT position FROM dead WHERE at < ? ORDER BY at DESC LIMIT 1;

-- dead_times: when the first and the last of all dead letters died, each by a look of its own, as both at once read all
SELECT (SELECT min(at) FROM dead), (SELECT max(at) FROM dead);

-- groups: dead letters by webhook and reason, newest first, columns in the order of store.port.DeadGroup after the position
SELECT last, route, chosen.reason, letters, message,
       (SELECT max(at) FROM dead WHERE dead.route_id = chosen.route_id AND dead.reason = chosen.reason),
       (SELECT min(at) FROM dead WHERE dead.route_id = chosen.route_id AND dead.reason = chosen.reason)
FROM (
    SELECT * FROM dead_groups
    WHERE last < :before AND (:reason IS NULL OR reason = :reason)
        AND (:route IS NULL OR route_id = (SELECT id FROM routes WHERE route = :route))
    ORDER BY last DESC LIMIT :limit
) AS chosen JOIN routes ON routes.id = chosen.route_id JOIN dead ON dead.position = last ORDER BY last DESC;

-- group_letters: how many dead letters of a webhook, or with a reason, or in all
SELECT coalesce(sum(letters), 0) FROM dead_groups
WHERE (:route IS NULL OR route_id = (SELECT id FROM routes WHERE route = :route))
    AND (:reason IS NULL OR reason = :reason);

-- count_with_keys: how many dead letters by the keys of their deliveries (a JSON list), and whatever else is given
SELECT count(*) FROM dead WHERE key IN (SELECT value FROM json_each(:keys)) AND at >= :since AND at < :until
    AND (:route IS NULL OR route_id = (SELECT id FROM routes WHERE route = :route))
    AND (:reason IS NULL OR reason = :reason);

-- count_of_all: by the time they died
SELECT count(*) FROM dead WHERE at >= :since AND at < :until;

-- count_of_route: those of a webhook
SELECT count(*) FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND at >= :since AND at < :until;

-- count_of_reason: those with a reason
SELECT count(*) FROM dead WHERE reason = :reason AND at >= :since AND at < :until;

-- count_of_route_and_reason: those of a webhook with a reason
SELECT count(*) FROM dead WHERE route_id = (SELECT id FROM routes WHERE route = :route) AND reason = :reason
    AND at >= :since AND at < :until;
