// Answers of the admin API about webhooks; names as in its OpenAPI document.
import type { Listed } from "./types";

/** `lastInvocation` of a webhook. */
export interface LastInvocation {
  readonly time: string;
  readonly result: string;
  readonly eventID: string;
  readonly trigger: string | null;
  readonly attempt: number;
  readonly statusCode: number | null;
  readonly durationMillis: number;
  readonly message: string;
}

/** A webhook as the dispatcher sees it. */
export interface WebhookView {
  /** `namespace/name` */
  readonly webhook: string;
  readonly active: boolean;
  readonly method: string | null;
  readonly host: string | null;
  /** As it is written; one that stands in a Secret as ‹secret name/key›. */
  readonly url: string | null;
  readonly displayName: string | null;
  readonly triggers: readonly string[];
  readonly configHash: string;
  /** running, held, gone or inactive. */
  readonly state: string;
  /** Why it is held or gone, or the circuit open. */
  readonly message: string;
  /** Closed or Open. */
  readonly circuit: string;
  readonly pending: number;
  readonly inFlight: number;
  readonly deadLettered: number;
  readonly consecutiveFailures: number;
  readonly lastSuccessTime: string | null;
  readonly lastFailureTime: string | null;
  readonly lastInvocation: LastInvocation | null;
  readonly oldestWaiting: string | null;
  readonly nextDue: string | null;
  /** Delivered and other attempts in each slot, the present one last; absent: none. */
  readonly activity?: readonly Slot[];
  /** Of a slot. */
  readonly activitySeconds: number;
}

/** Attempts that were delivered, and others. */
export type Slot = readonly [number, number];

/** GET /admin/v1/webhooks with a search. */
export interface WebhookPage extends Listed<WebhookView> {
  readonly previous: string | null;
  readonly total: number;
  readonly skipped: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly namespaces: Readonly<Record<string, number>>;
}
