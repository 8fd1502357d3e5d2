-- show: what is shown of webhooks from now on
INSERT INTO hookwright.shown (route, part, at, text)
    SELECT r, p, now(), t FROM unnest($1::TEXT[], $2::INT[], $3::TEXT[]) AS u (r, p, t) ORDER BY r
    ON CONFLICT (route) DO UPDATE SET at = excluded.at, text = excluded.text;

-- clock: of the database
SELECT now();

-- shown: by others, since a while before a moment, as a commit comes later than it says
SELECT route, text FROM hookwright.shown WHERE at > $1::TIMESTAMPTZ - make_interval(secs => $2) AND part <> ALL ($3::INT[]);

-- prune: drop what is of webhooks that were forgotten
DELETE FROM hookwright.shown WHERE at < now() - interval '1 hour'
    AND NOT EXISTS (SELECT 1 FROM hookwright.routes WHERE routes.route = shown.route);

-- share: what waits at this process from now on
UPDATE hookwright.replicas SET shares = $3 WHERE slot = $1 AND holder = $2;

-- shares: what waits at the others that are there
SELECT shares FROM hookwright.replicas WHERE slot <> $1 AND shares IS NOT NULL AND holder IS NOT NULL AND until >= now();
