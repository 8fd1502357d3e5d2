-- taking: one process after the other takes a slot
SELECT pg_advisory_xact_lock(hashtext('hookwright.replicas'));

-- bereave: take from processes that are not connected any more what they held, but for those that were lost with the
-- server's own sessions: a server that was started since they last said that they are there knows nothing of them
WITH dead AS (
    SELECT holder FROM hookwright.replicas WHERE until >= now()
        AND until - make_interval(secs => $1) > pg_postmaster_start_time()
        AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE starts_with(application_name, holder || ' '))
), parts AS (UPDATE hookwright.parts SET holder = NULL WHERE holder IN (SELECT holder FROM dead))
UPDATE hookwright.replicas SET holder = NULL, until = now() WHERE holder IN (SELECT holder FROM dead);

-- own: become the owner of the slot that nobody has had for longest
UPDATE hookwright.replicas SET holder = $1, until = now() + make_interval(secs => $2), retired = FALSE, shares = NULL
WHERE slot = (SELECT slot FROM hookwright.replicas WHERE holder IS NULL OR until < now() ORDER BY until, slot
              LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING slot;

-- lease: stay the owner of a slot, and have what is free of some parts
SELECT slots, held, next_end FROM hookwright.lease_2($1, $2, $3, $4);

-- retire: a process is about to end
UPDATE hookwright.replicas SET retired = TRUE WHERE slot = $1 AND holder = $2;

-- moved: whoever works on the store is to look who is there, and which parts are free
SELECT pg_notify($1, '');

-- give: others may have some parts
UPDATE hookwright.parts SET holder = NULL WHERE part = ANY ($1::INT[]) AND holder = $2;

-- leave: nobody owns a slot or its owner's parts from here on
WITH given AS (UPDATE hookwright.parts SET holder = NULL WHERE holder = $2)
UPDATE hookwright.replicas SET holder = NULL, until = now() WHERE slot = $1 AND holder = $2;

-- durable: what this transaction commits is on stable storage when it is answered
SELECT hookwright.durable();

-- all_routes: the numbers of all webhooks
SELECT route, id FROM hookwright.routes;

-- routes_by_name: the numbers of some webhooks
SELECT route, id FROM hookwright.routes WHERE route = ANY ($1::TEXT[]);

-- routes_by_number: some webhooks by their numbers
SELECT route, id FROM hookwright.routes WHERE id = ANY ($1::INT[]);

-- insert_routes: webhooks seen for the first time
INSERT INTO hookwright.routes (route, part) SELECT * FROM unnest($1::TEXT[], $2::INT[]) ON CONFLICT (route) DO NOTHING;

-- remember: replace what is remembered of webhooks
UPDATE hookwright.routes SET gone = g, deleted_at = d, last_success = s, last_failure = f, failures = n, begun = b, last_begun = l
FROM unnest($1::INT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::INT[], $7::INT[], $8::BIGINT[])
    AS u (i, g, d, s, f, n, b, l) WHERE id = i;

-- known: what repeats are answered from
SELECT identity, digest, at, event_key, routes FROM hookwright.identities WHERE identity = ANY ($1::BYTEA[]);

-- stored: which of some events are stored
SELECT key FROM hookwright.events WHERE key = ANY ($1::BIGINT[]);

-- accept: store events, their deliveries and their identities
SELECT hookwright.accept_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35);

-- arrive: tell those who work on webhooks what was done to them
SELECT hookwright.arrive_1($1, $2, $3, $4, $5, $6);

-- arrived: what was done to webhooks of some parts since this was asked last
WITH came AS (DELETE FROM hookwright.arrivals WHERE part = ANY ($1::INT[]) RETURNING route_id, waiting, bytes, dead, retried)
SELECT route, id, sum(waiting)::BIGINT, sum(bytes)::BIGINT, sum(dead)::BIGINT, max(retried)
FROM came JOIN hookwright.routes ON id = route_id GROUP BY route, id;

-- finish: carry out results and keep their records
SELECT hookwright.finish_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    $23, $24, $25, $26, $27, $28, $29, $30);

-- accept_and_finish: both in one commit
SELECT hookwright.accept_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35),
    hookwright.finish_1($36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54,
        $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65);

-- recorded: attempts of some deliveries that have a record
SELECT delivery_key, attempt, time FROM hookwright.attempts WHERE delivery_key = ANY ($1::BIGINT[]);

-- heads: of each webhook's two queues the first, one more than it wants; without the bytes of events
SELECT asked.route_id, head.* FROM unnest($1::INT[], $2::INT[]) AS asked (route_id, most) CROSS JOIN LATERAL (
    (SELECT key, event_key, received, attempts, steps, due, bytes FROM hookwright.waiting
        WHERE route_id = asked.route_id AND due = 0 AND key <> ALL ($3::BIGINT[]) ORDER BY key LIMIT asked.most + 1)
    UNION ALL
    (SELECT key, event_key, received, attempts, steps, due, bytes FROM hookwright.waiting
        WHERE route_id = asked.route_id AND due > 0 AND key <> ALL ($3::BIGINT[]) ORDER BY due, key LIMIT asked.most + 1)
) AS head;

-- events: events by their keys
SELECT key, event_type, trigger, raw, deliveries = 1, hops FROM hookwright.events WHERE key = ANY ($1::BIGINT[]);

-- clamp: times of some parts that are further away than they ever were (the clock was set back, or another's is ahead)
UPDATE hookwright.waiting SET due = $1 + wait WHERE due > $1 + wait
    AND route_id IN (SELECT id FROM hookwright.routes WHERE part = ANY ($2::INT[]));

-- bury: deliveries that wait become dead letters
SELECT buried, of_event, size FROM hookwright.bury_1($1, $2, $3, $4, $5, $6);

-- some_waiting: keys of a webhook that wait, between two
SELECT key, received FROM hookwright.waiting WHERE route_id = $1 AND key > $2 AND key < $3 ORDER BY key LIMIT $4;

-- first_waiting: how many of a webhook's first keys there are, when the oldest was received, and the last of them
SELECT count(*), min(received), max(key) FROM (
    SELECT key, received FROM hookwright.waiting WHERE route_id = $1 ORDER BY key LIMIT $2) AS first;

-- identities: how many there are and what they count; when the oldest came
SELECT coalesce(sum(number), 0)::BIGINT, coalesce(sum(size), 0)::BIGINT,
       (SELECT at FROM hookwright.identities ORDER BY event_key LIMIT 1)
FROM hookwright.tallies, unnest(route_ids, numbers, bytes) AS u (route_id, number, size) WHERE route_id = 0;
