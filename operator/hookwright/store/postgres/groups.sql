-- Dead letters by webhook and reason: an addition to schema.sql, made after it or by a newer release. Triggers count whatever
-- release writes; `last` is the position of the newest. Rows are locked in one order, and only by who buries, replays or
-- drops dead letters of the same webhook. The indexes find those with a reason, of all webhooks or of one, by their time.
CREATE TABLE hookwright.dead_groups (
    route_id INT NOT NULL,
    reason TEXT NOT NULL,
    letters BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (route_id, reason)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX dead_reason ON hookwright.dead (reason, position);
CREATE INDEX dead_reason_at ON hookwright.dead (reason, at, position);
CREATE INDEX dead_group_at ON hookwright.dead (route_id, reason, at, position);

CREATE FUNCTION hookwright.dead_came() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hookwright.dead_groups (route_id, reason, letters, last)
        SELECT route_id, reason, count(*), max(position) FROM came GROUP BY route_id, reason ORDER BY route_id, reason
        ON CONFLICT (route_id, reason) DO UPDATE
            SET letters = dead_groups.letters + excluded.letters, last = greatest(dead_groups.last, excluded.last);
    RETURN NULL;
END $$;

-- Only where the newest went it is looked for: who waited for another would not see what that one brought.
CREATE FUNCTION hookwright.dead_went() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM hookwright.dead_groups WHERE (route_id, reason) IN (SELECT route_id, reason FROM gone)
        ORDER BY route_id, reason FOR UPDATE;
    UPDATE hookwright.dead_groups SET letters = letters - number, last = CASE WHEN last > newest THEN last ELSE coalesce((
            SELECT max(position) FROM hookwright.dead
            WHERE dead.route_id = dead_groups.route_id AND dead.reason = dead_groups.reason), 0) END
        FROM (SELECT route_id AS r, reason AS why, count(*) AS number, max(position) AS newest FROM gone GROUP BY 1, 2) AS went
        WHERE route_id = r AND reason = why;
    DELETE FROM hookwright.dead_groups WHERE letters = 0 AND (route_id, reason) IN (SELECT route_id, reason FROM gone);
    RETURN NULL;
END $$;

CREATE TRIGGER dead_came AFTER INSERT ON hookwright.dead REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION hookwright.dead_came();
CREATE TRIGGER dead_went AFTER DELETE ON hookwright.dead REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION hookwright.dead_went();

INSERT INTO hookwright.dead_groups (route_id, reason, letters, last)
    SELECT route_id, reason, count(*), max(position) FROM hookwright.dead GROUP BY route_id, reason;
