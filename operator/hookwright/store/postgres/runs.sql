-- begin: become the one who runs it, unless another does, or did; a row if so
INSERT INTO hookwright.runs (run_id, holder, until) VALUES ($1, $2, now() + make_interval(secs => $3))
ON CONFLICT (run_id) DO UPDATE SET holder = $2, until = now() + make_interval(secs => $3)
    WHERE runs.result IS NULL AND runs.until < now()
RETURNING run_id;

-- result: what came of it; null as long as nothing did
SELECT result FROM hookwright.runs WHERE run_id = $1;

-- end: what came of it; null: nothing, and another may run it at once
UPDATE hookwright.runs SET result = $3, until = CASE WHEN $3::BYTEA IS NULL THEN '-infinity' ELSE now() END
WHERE run_id = $1 AND holder = $2;

-- prune: drop what ended, or was to have ended, so many seconds ago
DELETE FROM hookwright.runs WHERE until < now() - make_interval(secs => $1);
