-- Dead letters with a reason, of all webhooks: an addition like those of groups.sql, made after them. The first finds them
-- as they came, the second those of a time. They cost where a delivery becomes a dead letter, and nowhere else.
CREATE INDEX dead_reason ON dead (reason);
CREATE INDEX dead_reason_at ON dead (reason, at);
