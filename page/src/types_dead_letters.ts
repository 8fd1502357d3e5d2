// Answers of the admin API about dead letters; names as in its OpenAPI document.

/** An item of GET /admin/v1/dead-letters/groups: those of a webhook with a reason. */
export interface DeadGroup {
  readonly webhook: string;
  readonly reason: string;
  readonly count: number;
  /** Of the newest. */
  readonly message: string;
  readonly newest: string;
  readonly oldest: string;
}

/** An item of GET /admin/v1/dead-letters. */
export interface DeadLetter {
  readonly id: string;
  readonly eventID: string;
  readonly webhook: string;
  readonly trigger: string | null;
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly time: string;
  readonly acceptedTime: string;
}

/** POST /admin/v1/replays: which, by all that is given. */
export interface Replays {
  readonly ids?: readonly string[];
  readonly webhook?: string;
  readonly reason?: string;
  /** Those that died before this RFC 3339 time: a replay never comes round to what died after it began. */
  readonly until?: string;
}

/** Its answer. */
export interface Replayed {
  readonly replayed: number;
  readonly remaining: number;
}
