// How a webhook stands, in one word and one colour: the same in table, heading and facts. Pure.
import type { Tone } from "./parts/message";

/** What of a webhook's view decides it. */
export interface Standing {
  readonly active: boolean;
  /** running, held, gone or inactive. */
  readonly state: string;
  /** Closed or Open. */
  readonly circuit: string;
  readonly consecutiveFailures: number;
}

export interface Verdict {
  readonly word: "Inactive" | "Held" | "Gone" | "Circuit open" | "Failing" | "Running";
  readonly tone: Exclude<Tone, "info"> | "off";
}

export function verdict(webhook: Standing): Verdict {
  if (webhook.state === "held") return { word: "Held", tone: "bad" };
  if (webhook.state === "gone") return { word: "Gone", tone: "bad" };
  if (!webhook.active) return { word: "Inactive", tone: "off" };
  if (webhook.circuit === "Open") return { word: "Circuit open", tone: "bad" };
  if (webhook.consecutiveFailures > 0) return { word: "Failing", tone: "warn" };
  return { word: "Running", tone: "good" };
}
