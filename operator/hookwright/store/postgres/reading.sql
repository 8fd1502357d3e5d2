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

-- Pages of dead letters are found in two steps, as those of attempts: the positions of those that fit, then what is shown of
-- them. Each way of finding positions goes down an index; times only narrow what it leads to (+ 0: not looked up by).

-- unsorted: from here on what is asked in order comes out of an index, however few the planner believes there are to sort
SELECT set_config('enable_sort', 'off', true);

-- letters_of_all: newest first
SELECT position FROM hookwright.dead
WHERE position > $3 AND position < $4 AND at + 0 >= $1 AND at + 0 < $2 ORDER BY position DESC LIMIT $5;

-- letters_of_reason: with a reason (by both columns, as the index of positions alone would be in order, too)
SELECT position FROM hookwright.dead
WHERE (reason, position) > ($1, $4) AND (reason, position) < ($1, $5) AND at + 0 >= $2 AND at + 0 < $3
ORDER BY reason DESC, position DESC LIMIT $6;

-- letters_of_route_and_reason: of one webhook with a reason
SELECT position FROM hookwright.dead
WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND (reason, position) > ($2, $5)
    AND (reason, position) < ($2, $6) AND at + 0 >= $3 AND at + 0 < $4
ORDER BY reason DESC, position DESC LIMIT $7;

-- Where a page of each ends that looks at so many dead letters (the last value), however few of them are of its time: no
-- row, if it comes to the end.

-- end_of_all: along the table
SELECT position FROM hookwright.dead WHERE position > $3 AND position < $4 AND $1::BIGINT < $2::BIGINT
ORDER BY position DESC LIMIT 1 OFFSET $5;

-- end_of_reason: along its index
SELECT position FROM hookwright.dead
WHERE (reason, position) > ($1, $4) AND (reason, position) < ($1, $5) AND $2::BIGINT < $3::BIGINT
ORDER BY reason DESC, position DESC LIMIT 1 OFFSET $6;

-- end_of_route_and_reason: along its index
SELECT position FROM hookwright.dead
WHERE route_id = (SELECT id FROM hookwright.routes WHERE route = $1) AND (reason, position) > ($2, $5)
    AND (reason, position) < ($2, $6) AND $3::BIGINT < $4::BIGINT
ORDER BY reason DESC, position DESC LIMIT 1 OFFSET $7;

-- letters_shown: dead letters by their positions, newest first
SELECT * FROM hookwright.dead_letters WHERE position = ANY ($1::BIGINT[]) ORDER BY position DESC;

-- first_letter_since: the dead letter that died first from a time on
SELECT position FROM hookwright.dead WHERE at >= $1 ORDER BY at LIMIT 1;

-- last_letter_before: the dead letter that died last before a time
SELECT position FROM hookwright.dead WHERE at < $1 ORDER BY at DESC LIMIT 1;

-- dead_times: when the first and the last of all dead letters died
SELECT coalesce(min(at), 0), coalesce(max(at), 0) FROM hookwright.dead;

-- groups: dead letters by webhook and reason, newest first, columns in the order of store.port.DeadGroup after the position
SELECT last, route, chosen.reason, letters, message,
       (SELECT max(at) FROM hookwright.dead WHERE dead.route_id = chosen.route_id AND dead.reason = chosen.reason),
       (SELECT min(at) FROM hookwright.dead WHERE dead.route_id = chosen.route_id AND dead.reason = chosen.reason)
FROM (
    SELECT * FROM hookwright.dead_groups
    WHERE ($1::TEXT IS NULL OR route_id = (SELECT id FROM hookwright.routes WHERE route = $1))
        AND ($2::TEXT IS NULL OR reason = $2) AND last < $3
    ORDER BY last DESC LIMIT $4
) AS chosen JOIN hookwright.routes ON routes.id = chosen.route_id JOIN hookwright.dead ON position = last ORDER BY last DESC;

-- group_letters: how many dead letters of a webhook, or with a reason, or in all
SELECT coalesce(sum(letters), 0)::BIGINT FROM hookwright.dead_groups
WHERE ($1::TEXT IS NULL OR route_id = (SELECT id FROM hookwright.routes WHERE route = $1))
    AND ($2::TEXT IS NULL OR reason = $2);

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
