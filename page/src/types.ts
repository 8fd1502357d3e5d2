// Answers of the admin API that the frame itself reads, and what all answers share; names as in its OpenAPI document.
// The answers of a slice stand in `types_<slice>.ts`.

/** GET /admin/v1/session, which needs no token. */
export interface Session {
  readonly version: string;
  readonly tokenAsked: boolean;
  readonly readOnly: boolean;
  readonly authenticated: boolean;
}

/** GET /admin/v1/summary. */
export interface Summary {
  readonly version: string;
  readonly configHash: string | null;
  readonly started: string;
  readonly webhooks: number;
  readonly held: number;
  readonly gone: number;
  readonly pending: number;
  readonly deadLetters: number;
  readonly inFlight: number;
  readonly configProblem: string | null;
  readonly notReady: string | null;
}

/** A list, and where it goes on. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
}

/** A problem document (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly hint?: string;
}
