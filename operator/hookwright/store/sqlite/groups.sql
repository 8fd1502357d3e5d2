-- Dead letters by webhook and reason: an addition like those of additions.sql, made after them. Triggers count whatever
-- release writes; `last` is the position of the newest. The indexes find those of a group, and of it those of a time.
CREATE TABLE dead_groups (
    route_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    letters INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (route_id, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_groups_last ON dead_groups (last);
CREATE INDEX dead_group ON dead (route_id, reason);
CREATE INDEX dead_group_at ON dead (route_id, reason, at);

-- Of what was not delivered only, so that a delivered attempt costs nothing more.
CREATE INDEX attempts_status ON attempts (status) WHERE result <> 'Delivered';

INSERT INTO dead_groups (route_id, reason, letters, last)
    SELECT route_id, reason, count(*), max(position) FROM dead GROUP BY 1, 2;

CREATE TRIGGER dead_group_came AFTER INSERT ON dead BEGIN
    INSERT INTO dead_groups (route_id, reason, letters, last) VALUES (NEW.route_id, NEW.reason, 1, NEW.position)
        ON CONFLICT DO UPDATE SET letters = letters + 1, last = excluded.last;
END;
CREATE TRIGGER dead_group_went AFTER DELETE ON dead BEGIN
    UPDATE dead_groups SET letters = letters - 1 WHERE route_id = OLD.route_id AND reason = OLD.reason;
    DELETE FROM dead_groups WHERE route_id = OLD.route_id AND reason = OLD.reason AND letters = 0;
    UPDATE dead_groups
        SET last = (SELECT max(position) FROM dead WHERE route_id = OLD.route_id AND reason = OLD.reason)
        WHERE route_id = OLD.route_id AND reason = OLD.reason AND last = OLD.position;
END;
