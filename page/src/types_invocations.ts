// Answers of the admin API about attempts, deliveries and tests; names as in its OpenAPI document.

/** GET /admin/v1/invocations/ID: one attempt, Manual call or test. In a list with `fields=summary` without `request`. */
export interface Invocation {
  /** `<delivery>.<attempt>` */
  readonly id: string;
  readonly eventID: string | null;
  readonly webhook: string;
  readonly trigger: string | null;
  readonly attempt: number;
  readonly result: string;
  readonly message: string;
  readonly hint: string | null;
  readonly time: string;
  readonly friendlyID: string | null;
  /** Delivery, Manual or Test. */
  readonly kind: string;
  readonly request: RequestRecord | null;
  readonly response: ResponseRecord | null;
  /** The first bytes of what came instead of an answer. */
  readonly unread: string | null;
  readonly timings: Timings;
  readonly validators: readonly ValidatorResult[];
}

/** As it may be shown: secrets stand as ‹secret name/key›. `body` null: not kept. */
export interface RequestRecord {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface ResponseRecord {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Milliseconds of each phase; null: it did not happen. */
export interface Timings {
  readonly dns?: number | null;
  readonly connect?: number | null;
  readonly tls?: number | null;
  readonly firstByte?: number | null;
  readonly total: number;
}

export interface ValidatorResult {
  readonly path: string;
  readonly passed: boolean;
  readonly actual: string | null;
  readonly problem?: string;
}

/** GET /admin/v1/deliveries/ID. */
export interface Delivery {
  readonly id: string;
  readonly webhook: string;
  readonly trigger: string | null;
  readonly event: unknown;
  readonly eventGone: boolean;
  /** waiting, running, delivered, dead or ended. */
  readonly state: string;
  readonly reason: string | null;
  readonly message: string;
  readonly acceptedTime: string;
  readonly nextAttemptTime: string | null;
  readonly waitsFor: string | null;
  readonly attempts: readonly Invocation[];
}

/** POST /admin/v1/tests. */
export interface TestRun {
  readonly result: string;
  readonly message: string;
  readonly hint: string | null;
  readonly invocation: Invocation | null;
}
