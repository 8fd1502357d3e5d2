-- What came to the schema after its first release. The release before works on a database that has it: columns have
-- defaults, and triggers count whatever release writes. So nothing here is ever counted anew.

-- Of each webhook: what it takes of the dead letters and of the history, and its newest attempt of kind Delivery.
ALTER TABLE routes ADD COLUMN kept_letters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE routes ADD COLUMN kept_letter_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE routes ADD COLUMN kept_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE routes ADD COLUMN kept_attempt_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE routes ADD COLUMN last_delivery INTEGER;

-- How often an event came through a dispatcher before.
ALTER TABLE events ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;

-- The sum of the bytes of all earlier identities, as in attempts; unknown of those that the first release kept.
ALTER TABLE identities ADD COLUMN begins INTEGER;

-- Events that have dead letters, by namespace ('' is the whole installation): their bytes count once.
CREATE TABLE dead_events (
    event_key INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    letters INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (event_key, namespace)
) STRICT, WITHOUT ROWID;

-- Dead letters of each namespace, and the bytes of their events, each counted once; '' is the whole installation.
CREATE TABLE dead_namespaces (
    namespace TEXT PRIMARY KEY,
    letters INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_route_at ON dead (route_id, at);

INSERT INTO dead_events (event_key, namespace, letters, bytes)
    SELECT event_key, substr(route, 1, instr(route, '/') - 1), count(*), max(bytes)
    FROM dead JOIN routes ON routes.id = route_id GROUP BY 1, 2
    UNION ALL SELECT event_key, '', count(*), max(bytes) FROM dead GROUP BY 1;
INSERT INTO dead_namespaces (namespace, letters, bytes)
    SELECT namespace, sum(letters), sum(bytes) FROM dead_events GROUP BY 1;
UPDATE routes SET (kept_letters, kept_letter_bytes) = (found.letters, found.size)
    FROM (SELECT route_id, count(*) AS letters, sum(bytes) AS size FROM dead GROUP BY 1) AS found
    WHERE found.route_id = routes.id;
UPDATE routes SET (kept_attempts, kept_attempt_bytes, last_delivery) = (found.number, found.size, found.last)
    FROM (SELECT route_id, count(*) AS number, sum(length(detail)) AS size,
                 max(iif(kind = 'Delivery', position, NULL)) AS last FROM attempts GROUP BY 1) AS found
    WHERE found.route_id = routes.id;

CREATE TRIGGER dead_came AFTER INSERT ON dead BEGIN
    UPDATE routes SET kept_letters = kept_letters + 1, kept_letter_bytes = kept_letter_bytes + NEW.bytes WHERE id = NEW.route_id;
    INSERT INTO dead_namespaces (namespace, letters, bytes)
        SELECT substr(route, 1, instr(route, '/') - 1), 1, 0 FROM routes WHERE id = NEW.route_id
        UNION ALL SELECT '', 1, 0
        ON CONFLICT DO UPDATE SET letters = letters + 1;
    INSERT INTO dead_events (event_key, namespace, letters, bytes)
        SELECT NEW.event_key, substr(route, 1, instr(route, '/') - 1), 1, NEW.bytes FROM routes WHERE id = NEW.route_id
        UNION ALL SELECT NEW.event_key, '', 1, NEW.bytes
        ON CONFLICT DO UPDATE SET letters = letters + 1;
END;
CREATE TRIGGER dead_went AFTER DELETE ON dead BEGIN
    UPDATE routes SET kept_letters = kept_letters - 1, kept_letter_bytes = kept_letter_bytes - OLD.bytes WHERE id = OLD.route_id;
    UPDATE dead_events SET letters = letters - 1
        WHERE event_key = OLD.event_key AND namespace IN
            ('', (SELECT substr(route, 1, instr(route, '/') - 1) FROM routes WHERE id = OLD.route_id));
    DELETE FROM dead_events WHERE event_key = OLD.event_key AND letters = 0;
    UPDATE dead_namespaces SET letters = letters - 1
        WHERE namespace IN ('', (SELECT substr(route, 1, instr(route, '/') - 1) FROM routes WHERE id = OLD.route_id));
    DELETE FROM dead_namespaces WHERE letters = 0 AND namespace IN
        ('', (SELECT substr(route, 1, instr(route, '/') - 1) FROM routes WHERE id = OLD.route_id));
END;
CREATE TRIGGER dead_event_came AFTER INSERT ON dead_events BEGIN
    UPDATE dead_namespaces SET bytes = bytes + NEW.bytes WHERE namespace = NEW.namespace;
END;
CREATE TRIGGER dead_event_went AFTER DELETE ON dead_events BEGIN
    UPDATE dead_namespaces SET bytes = bytes - OLD.bytes WHERE namespace = OLD.namespace;
END;

CREATE TRIGGER attempt_came AFTER INSERT ON attempts BEGIN
    UPDATE routes SET kept_attempts = kept_attempts + 1, kept_attempt_bytes = kept_attempt_bytes + length(NEW.detail),
        last_delivery = iif(NEW.kind = 'Delivery', NEW.position, last_delivery) WHERE id = NEW.route_id;
END;
CREATE TRIGGER attempt_went AFTER DELETE ON attempts BEGIN
    UPDATE routes SET kept_attempts = kept_attempts - 1, kept_attempt_bytes = kept_attempt_bytes - length(OLD.detail)
        WHERE id = OLD.route_id;
END;
