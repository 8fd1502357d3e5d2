-- Attempts are searched for in two steps: the positions of those that fit, then what is shown of them. Each way of
-- finding positions has an index that its first line uses; the lines after that are the same everywhere.

-- every: attempts, whatever they are, newest first
SELECT position FROM attempts WHERE true
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_route: attempts of one webhook, newest first
SELECT position FROM attempts WHERE route_id = :route
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_result: attempts with a result other than Delivered, newest first
SELECT position FROM attempts WHERE result = :result AND result <> 'Delivered'
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_route_and_result: attempts of one webhook with a result other than Delivered, newest first
SELECT position FROM attempts WHERE route_id = :route AND result = :result AND result <> 'Delivered'
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_status: attempts with a status that were not Delivered, newest first
SELECT position FROM attempts WHERE status = :lowest AND result <> 'Delivered'
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_kind: attempts of a kind other than Delivery, newest first
SELECT position FROM attempts WHERE kind = :kind AND kind <> 'Delivery'
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_friendly_id: attempts for events that people know by this id, newest first
SELECT position FROM attempts WHERE friendly_id = :friendly_id
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- of_delivery: attempts of one delivery, newest first
SELECT position FROM attempts WHERE delivery_key = :delivery
    AND position > :after AND position < :before AND time >= :since AND time < :until
    AND :route IN (0, route_id) AND :result IN ('', result) AND :kind IN ('', kind) AND :friendly_id IN ('', friendly_id)
    AND ifnull(status, 0) BETWEEN :lowest AND :highest AND (NOT :failed OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT :limit;

-- Where a page of each ends that looks at :looks attempts, however few of them fit: no row, if it comes to the end.

-- end_every: positions are counted, so that nothing is read
SELECT position FROM attempts WHERE position > :after
    AND position < min(:before, (SELECT max(position) FROM attempts) + 1) - :looks
ORDER BY position DESC LIMIT 1;

-- end_of_route: the same, along its index
SELECT position FROM attempts WHERE route_id = :route AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_result: the same, along its index
SELECT position FROM attempts WHERE result = :result AND result <> 'Delivered' AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_route_and_result: the same, along its index
SELECT position FROM attempts WHERE route_id = :route AND result = :result AND result <> 'Delivered' AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_status: the same, along its index
SELECT position FROM attempts WHERE status = :lowest AND result <> 'Delivered' AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_kind: the same, along its index
SELECT position FROM attempts WHERE kind = :kind AND kind <> 'Delivery' AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_friendly_id: the same, along its index
SELECT position FROM attempts WHERE friendly_id = :friendly_id AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- end_of_delivery: the same, along its index
SELECT position FROM attempts WHERE delivery_key = :delivery AND position > :after AND position < :before
ORDER BY position DESC LIMIT 1 OFFSET :looks;

-- shown: attempts by their positions (a JSON list)
SELECT * FROM invocations WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position DESC;

-- shown_in_short: the same, of what was sent and answered only the message
SELECT position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration,
       json_object('message', ifnull(json_extract(CAST(detail AS TEXT), '$.message'), '')), friendly_id
FROM invocations WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position DESC;

-- route_number: of a webhook
SELECT id FROM routes WHERE route = ?;

-- kept_attempts: the first and the last position, each by a look of its own, as both at once read all
SELECT ifnull((SELECT min(position) FROM attempts), 0), ifnull((SELECT max(position) FROM attempts), 0);

-- next_attempt: the first attempt from a position on, and when it began
SELECT position, time FROM attempts WHERE position >= ? ORDER BY position LIMIT 1;

-- invocation: one attempt of a delivery, the latest if no number is given
SELECT * FROM invocations WHERE delivery_key = ?1 AND (?2 IS NULL OR attempt = ?2) ORDER BY position DESC LIMIT 1;

-- waiting_delivery: one that waits; by all webhooks, as keys are sorted by them
SELECT route, event_key, trigger, raw, 0
    FROM routes CROSS JOIN waiting ON route_id = routes.id AND waiting.key = ?1 JOIN events ON events.key = event_key
UNION ALL SELECT route, event_key, trigger, raw, due
    FROM routes CROSS JOIN delayed ON route_id = routes.id AND delayed.key = ?1 JOIN events ON events.key = event_key;

-- dead_delivery: one that is a dead letter
SELECT route, event_key, trigger, raw, reason, message
FROM dead JOIN routes ON routes.id = route_id JOIN events ON events.key = event_key WHERE dead.key = ?;
