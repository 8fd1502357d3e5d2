-- Attempts are searched for in two steps: the positions of those that fit, then what is shown of them. Each way of
-- finding positions has an index that its first line uses; the lines after that are the same everywhere.

-- every: attempts, whatever they are, newest first
SELECT position FROM hookwright.attempts WHERE true
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_route: attempts of one webhook, newest first
SELECT position FROM hookwright.attempts WHERE route_id = $5
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_result: attempts with a result other than Delivered, newest first
SELECT position FROM hookwright.attempts WHERE result = $6 AND result <> 'Delivered'
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_route_and_result: attempts of one webhook with a result other than Delivered, newest first
SELECT position FROM hookwright.attempts WHERE route_id = $5 AND result = $6 AND result <> 'Delivered'
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_status: attempts with a status that were not Delivered, newest first
SELECT position FROM hookwright.attempts WHERE status = $10 AND result <> 'Delivered'
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_kind: attempts of a kind other than Delivery, newest first
SELECT position FROM hookwright.attempts WHERE kind = $7 AND kind <> 'Delivery'
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_friendly_id: attempts for events that people know by this id, newest first
SELECT position FROM hookwright.attempts WHERE friendly_id = $8
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- of_delivery: attempts of one delivery, newest first
SELECT position FROM hookwright.attempts WHERE delivery_key = $9
    AND position > $1 AND position < $2 AND time >= $3 AND time < $4
    AND ($5::INT IS NULL OR route_id = $5) AND ($6::TEXT IS NULL OR result = $6) AND ($7::TEXT IS NULL OR kind = $7)
    AND ($8::TEXT IS NULL OR friendly_id = $8) AND ($9::BIGINT IS NULL OR delivery_key = $9)
    AND coalesce(status, 0) BETWEEN $10 AND $11 AND (NOT $12 OR result NOT IN ('Delivered', 'Test successful'))
ORDER BY position DESC LIMIT $13;

-- shown: attempts by their positions
SELECT * FROM hookwright.invocations WHERE position = ANY ($1::BIGINT[]) ORDER BY position DESC;

-- shown_in_short: the same, of what was sent and answered only the message, unless something in it is no text here
SELECT position, delivery_key, attempt, event_key, route, kind, trigger, result, status, cause, time, duration,
       CASE WHEN position('\\u0000'::BYTEA IN detail) > 0 THEN detail
            ELSE convert_to(json_build_object('message', coalesce(convert_from(detail, 'UTF8')::JSON -> 'message', '""'))::TEXT, 'UTF8') END,
       friendly_id
FROM hookwright.invocations WHERE position = ANY ($1::BIGINT[]) ORDER BY position DESC;

-- route_number: of a webhook
SELECT id FROM hookwright.routes WHERE route = $1;

-- first_since: a position of which all before it, but for some disorder, began before a time
SELECT hookwright.first_since_1($1);

-- invocation: one attempt of a delivery, the latest if no number is given
SELECT * FROM hookwright.invocations WHERE delivery_key = $1 AND ($2::INT IS NULL OR attempt = $2) ORDER BY position DESC LIMIT 1;

-- waiting_delivery: one that waits; by all webhooks, as keys are sorted by them
SELECT route, event_key, trigger, raw, due FROM hookwright.routes CROSS JOIN LATERAL (
    SELECT event_key, due FROM hookwright.waiting WHERE route_id = routes.id AND waiting.key = $1 OFFSET 0) AS found
JOIN hookwright.events ON events.key = event_key;

-- dead_delivery: one that is a dead letter
SELECT route, event_key, trigger, raw, reason, message
FROM hookwright.dead JOIN hookwright.routes ON routes.id = route_id JOIN hookwright.events ON events.key = event_key WHERE dead.key = $1;
