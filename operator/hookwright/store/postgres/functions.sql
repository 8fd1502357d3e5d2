-- What writes, each one round trip and one commit. A function whose arguments change gets another name, as the release
-- before may still call the old one. SQLSTATE HW001: another has one of the identities; HW002: another owns the slot;
-- HW003: a webhook was forgotten meanwhile.
-- Those that are called for each group SET how it is planned: once, and not anew for each number of rows; by keys, as a plan
-- that is made while tables are small is kept while they grow, full of rows that are gone. What it cannot do without is
-- dear beyond measure then: so the server is not to compile it.

-- A commit that is answered is on stable storage, on a synchronous standby too if the server has one; and who stands still
-- or vanishes before it holds its locks no longer than that: whatever the defaults of the role say, and whoever had this
-- connection of a pooler before.
CREATE OR REPLACE FUNCTION hookwright.durable() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF current_setting('idle_in_transaction_session_timeout') <> '10s' THEN
        PERFORM set_config('idle_in_transaction_session_timeout', '10s', true);
    END IF;
END $$;

-- Rows for these webhooks follow. Those who forget webhooks wait for who writes, and who writes after them notices.
CREATE OR REPLACE FUNCTION hookwright.writing(routes_ INT[]) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hookwright.durable();
    PERFORM pg_advisory_xact_lock_shared(hashtext('hookwright.routes'));
    IF (SELECT count(*) FROM hookwright.routes WHERE id = ANY (routes_)) < cardinality(routes_) THEN
        RAISE EXCEPTION 'a webhook was forgotten' USING ERRCODE = 'HW003';
    END IF;
END $$;

-- Something was done to webhooks on which others work: they are told, and woken. One row for each; $1 names the channel.
CREATE OR REPLACE FUNCTION hookwright.arrive_1(
    channel_ TEXT, a_route INT[], a_waiting INT[], a_bytes BIGINT[], a_dead INT[], a_retried INT[]
) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hookwright.arrivals (part, route_id, waiting, bytes, dead, retried)
        SELECT (SELECT part FROM hookwright.routes WHERE id = r), r, w, b, d, t
        FROM unnest(a_route, a_waiting, a_bytes, a_dead, a_retried) AS u (r, w, b, d, t);
    PERFORM pg_notify(channel_, (SELECT string_agg(DISTINCT part::TEXT, ',') FROM hookwright.routes WHERE id = ANY (a_route)));
END $$;

CREATE OR REPLACE FUNCTION hookwright.accept_1(
    slot_ INT, holder_ TEXT, high_ BIGINT, routes_ INT[], channel_ TEXT,
    a_route INT[], a_waiting INT[], a_bytes BIGINT[], a_dead INT[], a_retried INT[],
    e_key BIGINT[], e_type TEXT[], e_trigger TEXT[], e_deliveries INT[], e_hops INT[], e_raw BYTEA[],
    w_route INT[], w_key BIGINT[], w_event BIGINT[], w_received BIGINT[], w_bytes INT[],
    d_route INT[], d_key BIGINT[], d_event BIGINT[], d_reason TEXT[], d_message TEXT[], d_at BIGINT[], d_bytes INT[],
    i_identity BYTEA[], i_digest BYTEA[], i_at BIGINT[], i_event BIGINT[], i_routes TEXT[], i_size INT[], i_past BYTEA[]
) RETURNS VOID LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    stored BIGINT;
    past BIGINT;
    past_size BIGINT;
BEGIN
    PERFORM hookwright.writing(routes_);
    UPDATE hookwright.replicas SET high_key = greatest(high_key, high_) WHERE slot = slot_ AND holder = holder_;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another process owns the store' USING ERRCODE = 'HW002';
    END IF;
    IF cardinality(i_identity) > 0 THEN
        WITH gone AS (DELETE FROM hookwright.identities WHERE identity = ANY (i_past) RETURNING size)
            SELECT count(*), coalesce(sum(size), 0) INTO past, past_size FROM gone;
        -- sorted, so that two replicas do not wait for each other
        INSERT INTO hookwright.identities (identity, digest, at, event_key, routes, size)
            SELECT unnest(i_identity) AS i, unnest(i_digest), unnest(i_at), unnest(i_event), unnest(i_routes), unnest(i_size)
            ORDER BY i
            ON CONFLICT (identity) DO NOTHING;
        GET DIAGNOSTICS stored = ROW_COUNT;
        IF stored < cardinality(i_identity) THEN
            RAISE EXCEPTION 'an identity came meanwhile' USING ERRCODE = 'HW001';
        END IF;
        INSERT INTO hookwright.tallies
            SELECT ARRAY[0], ARRAY[stored - past], ARRAY[sum(s) - past_size] FROM unnest(i_size) AS s;
    END IF;
    INSERT INTO hookwright.events (key, event_type, trigger, deliveries, hops, raw)
        SELECT unnest(e_key), unnest(e_type), unnest(e_trigger), unnest(e_deliveries), unnest(e_hops), unnest(e_raw);
    INSERT INTO hookwright.waiting (route_id, key, event_key, received, attempts, steps, bytes, due, wait)
        SELECT unnest(w_route), unnest(w_key), unnest(w_event), unnest(w_received), 0, 0, unnest(w_bytes), 0, 0;
    IF cardinality(w_key) + cardinality(d_key) > cardinality(e_key) THEN
        INSERT INTO hookwright.fanout (event_key, held) SELECT k, n FROM unnest(e_key, e_deliveries) AS u (k, n) WHERE n > 1;
    END IF;
    IF cardinality(d_key) > 0 THEN
        INSERT INTO hookwright.dead (key, event_key, route_id, reason, message, attempts, at, received, bytes)
            SELECT k, e, r, why, m, 0, t, t, b
            FROM unnest(d_route, d_key, d_event, d_reason, d_message, d_at, d_bytes) AS u (r, k, e, why, m, t, b);
    END IF;
    IF cardinality(a_route) > 0 THEN
        PERFORM hookwright.arrive_1(channel_, a_route, a_waiting, a_bytes, a_dead, a_retried);
    END IF;
END $$;

-- Stay the owner of a slot, and have, or keep, what others do not hold of these parts. Answers which slots are owned by
-- anybody who is to work on parts, which parts by this one, and in how many seconds the time of another is over that does
-- not say again that it is there. A part whose time was over and that nobody took meanwhile is still its holder's.
CREATE OR REPLACE FUNCTION hookwright.lease_2(slot_ INT, holder_ TEXT, seconds_ DOUBLE PRECISION, parts_ INT[])
RETURNS TABLE (slots INT[], held INT[], next_end DOUBLE PRECISION) LANGUAGE plpgsql AS $$
DECLARE
    end_ TIMESTAMPTZ := now() + make_interval(secs => seconds_);
BEGIN
    PERFORM hookwright.durable();
    UPDATE hookwright.replicas SET until = end_ WHERE slot = slot_ AND holder = holder_;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another process owns the slot' USING ERRCODE = 'HW002';
    END IF;
    WITH free AS (
        SELECT part FROM hookwright.parts
        WHERE part = ANY (parts_) AND (holder IS NULL OR holder = holder_ OR until < now())
        ORDER BY part FOR UPDATE SKIP LOCKED -- who takes it at the same moment has it
    )
    UPDATE hookwright.parts SET holder = holder_, until = end_ FROM free WHERE parts.part = free.part;
    RETURN QUERY SELECT
        ARRAY(SELECT slot FROM hookwright.replicas WHERE holder IS NOT NULL AND until >= now() AND NOT retired ORDER BY slot),
        ARRAY(SELECT part FROM hookwright.parts WHERE holder = holder_ ORDER BY part),
        (SELECT extract(epoch FROM min(until) - clock_timestamp())::DOUBLE PRECISION FROM hookwright.replicas
            WHERE holder IS NOT NULL AND until >= now() AND slot <> slot_);
END $$;

-- So many deliveries of events are done (an event once for each): drops those that none needs any more, answers how many.
CREATE OR REPLACE FUNCTION hookwright.release_2(events_ BIGINT[]) RETURNS INT LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    dropped INT;
    event_ BIGINT;
BEGIN
    -- sorted, so that two replicas do not wait for each other; one by one, as finish_1 says
    FOREACH event_ IN ARRAY coalesce((SELECT array_agg(k ORDER BY k) FROM unnest(events_) AS k), '{}') LOOP
        UPDATE hookwright.fanout SET held = held - 1 WHERE event_key = event_;
    END LOOP;
    DELETE FROM hookwright.events WHERE key = ANY (events_)
        AND coalesce((SELECT held FROM hookwright.fanout WHERE event_key = events.key), 0) <= 0;
    GET DIAGNOSTICS dropped = ROW_COUNT;
    DELETE FROM hookwright.fanout WHERE event_key = ANY (events_) AND held <= 0;
    RETURN dropped;
END $$;

-- Deliveries that wait become dead letters, in this order; answers key, event and bytes of each that waited.
CREATE OR REPLACE FUNCTION hookwright.bury_1(
    b_route INT[], b_key BIGINT[], b_reason TEXT[], b_message TEXT[], b_attempts INT[], b_at BIGINT[]
) RETURNS TABLE (buried BIGINT, of_event BIGINT, size INT) LANGUAGE sql AS $$
    WITH chosen AS (
        SELECT * FROM unnest(b_route, b_key, b_reason, b_message, b_attempts, b_at)
            WITH ORDINALITY AS u (r, k, why, m, n, t, number)
    ), taken AS (
        DELETE FROM hookwright.waiting USING chosen WHERE route_id = r AND waiting.key = k
        RETURNING number, waiting.key, event_key, route_id, why, m, greatest(attempts, n) AS tried, t, received, bytes
    )
    INSERT INTO hookwright.dead (key, event_key, route_id, reason, message, attempts, at, received, bytes)
        SELECT key, event_key, route_id, why, m, tried, t, received, bytes FROM taken ORDER BY number
        RETURNING key, event_key, bytes
$$;

CREATE OR REPLACE FUNCTION hookwright.finish_1(
    routes_ INT[],
    r_delivery BIGINT[], r_attempt INT[], r_event BIGINT[], r_route INT[], r_kind TEXT[], r_trigger TEXT[], r_result TEXT[],
    r_status INT[], r_cause TEXT[], r_time BIGINT[], r_duration DOUBLE PRECISION[], r_friendly TEXT[], r_detail BYTEA[],
    s_route INT[], s_key BIGINT[], a_route INT[], a_key BIGINT[],
    l_route INT[], l_key BIGINT[], l_due BIGINT[], l_wait BIGINT[], l_attempts INT[], l_steps INT[],
    b_route INT[], b_key BIGINT[], b_reason TEXT[], b_message TEXT[], b_attempts INT[], b_at BIGINT[]
) RETURNS VOID LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_sort = off SET jit = off
AS $$
BEGIN
    PERFORM hookwright.writing(routes_);
    IF cardinality(r_delivery) > 0 THEN
        INSERT INTO hookwright.attempts (delivery_key, attempt, event_key, route_id, kind, trigger, result, status, cause,
                                         time, duration, friendly_id, detail)
            SELECT unnest(r_delivery), unnest(r_attempt), unnest(r_event), unnest(r_route), unnest(r_kind), unnest(r_trigger),
                   unnest(r_result), unnest(r_status), unnest(r_cause), unnest(r_time), unnest(r_duration), unnest(r_friendly),
                   unnest(r_detail);
        INSERT INTO hookwright.tallies
            SELECT array_agg(route_id), array_agg(number), array_agg(size) FROM (
                SELECT route_id, count(*) AS number, sum(octet_length(detail)) AS size
                FROM (SELECT unnest(r_route) AS route_id, unnest(r_detail) AS detail) AS came GROUP BY route_id) AS counted;
    END IF;
    -- the only delivery that its event ever had; whoever took it first has its event, too. Each is looked up in
    -- order, which is the primary key's alone: a plan made while nothing waited would go through a whole index for them.
    -- One that another process changes at this very moment stays, and is tried once more.
    IF cardinality(s_key) > 0 THEN
        WITH done AS (
            DELETE FROM hookwright.waiting WHERE ctid = ANY (ARRAY(
                SELECT found.ctid FROM (SELECT unnest(s_route) AS r, unnest(s_key) AS k) AS u CROSS JOIN LATERAL (
                    SELECT ctid FROM hookwright.waiting WHERE route_id = r AND key >= k AND key <= k ORDER BY key LIMIT 1) AS found))
            RETURNING event_key
        )
        DELETE FROM hookwright.events WHERE key = ANY (ARRAY(SELECT event_key FROM done)) AND deliveries = 1;
    END IF;
    IF cardinality(a_key) > 0 THEN
        WITH done AS (
            DELETE FROM hookwright.waiting WHERE ctid = ANY (ARRAY(
                SELECT found.ctid FROM (SELECT unnest(a_route) AS r, unnest(a_key) AS k) AS u CROSS JOIN LATERAL (
                    SELECT ctid FROM hookwright.waiting WHERE route_id = r AND key >= k AND key <= k ORDER BY key LIMIT 1) AS found))
            RETURNING event_key
        )
        SELECT array_agg(event_key) INTO a_key FROM done;
        PERFORM hookwright.release_2(a_key);
    END IF;
    IF cardinality(l_key) > 0 THEN
        UPDATE hookwright.waiting SET due = d, wait = w, attempts = a, steps = s FROM (
            SELECT found.ctid AS place, d, w, a, s
            FROM unnest(l_route, l_key, l_due, l_wait, l_attempts, l_steps) AS u (r, k, d, w, a, s) CROSS JOIN LATERAL (
                SELECT ctid FROM hookwright.waiting WHERE route_id = r AND key >= k AND key <= k ORDER BY key LIMIT 1) AS found
        ) AS each WHERE waiting.ctid = place;
    END IF;
    IF cardinality(b_key) > 0 THEN
        PERFORM hookwright.bury_1(b_route, b_key, b_reason, b_message, b_attempts, b_at);
    END IF;
END $$;

-- A position of attempts of which all before it, but for some disorder, began before a time: by halves, as there is no
-- index by time.
CREATE OR REPLACE FUNCTION hookwright.first_since_1(time_ BIGINT) RETURNS BIGINT LANGUAGE plpgsql STABLE AS $$
DECLARE
    low BIGINT := (SELECT coalesce(min(position), 0) FROM hookwright.attempts);
    high BIGINT := (SELECT coalesce(max(position), 0) + 1 FROM hookwright.attempts);
    middle BIGINT;
    found RECORD;
BEGIN
    WHILE low < high LOOP
        middle := (low + high) / 2;
        SELECT position, time INTO found FROM hookwright.attempts WHERE position >= middle ORDER BY position LIMIT 1;
        IF found.position IS NULL OR found.time >= time_ THEN
            high := middle;
        ELSE
            low := found.position + 1;
        END IF;
    END LOOP;
    RETURN low;
END $$;
