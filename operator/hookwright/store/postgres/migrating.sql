-- there: whether the tables are
SELECT to_regclass('hookwright.meta') IS NOT NULL;

-- meta: the installation's tag, and the version of the tables
SELECT tag, version FROM hookwright.meta;

-- insert_meta: of new tables
INSERT INTO hookwright.meta (one, tag, version) VALUES (1, $1, $2);

-- insert_slot: that nobody owns
INSERT INTO hookwright.replicas (slot, until, high_key) VALUES ($1, now(), 0);

-- standing: the installation's tag, and where a copy stands
SELECT tag, copy FROM hookwright.meta;
