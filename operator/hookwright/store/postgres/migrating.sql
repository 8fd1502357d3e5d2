-- there: whether the tables are
SELECT to_regclass('hookwright.meta') IS NOT NULL;

-- groups_there: whether what was added later is
SELECT to_regclass('hookwright.dead_groups') IS NOT NULL;

-- meta: the installation's tag, and the version of the tables
SELECT tag, version FROM hookwright.meta;

-- insert_meta: of new tables
INSERT INTO hookwright.meta (one, tag, version) VALUES (1, $1, $2);

-- standing: the installation's tag, and where a copy stands
SELECT tag, copy FROM hookwright.meta;

-- insert_parts: so many, that nobody ever had
INSERT INTO hookwright.parts (part, until) SELECT part, '-infinity' FROM generate_series(0, $1 - 1) AS part;

-- insert_slots: so many, that nobody ever had
INSERT INTO hookwright.replicas (slot, until, high_key) SELECT slot, '-infinity', 0 FROM generate_series(0, $1 - 1) AS slot;
