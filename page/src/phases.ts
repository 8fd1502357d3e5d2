// The phases of an attempt, one after the other, as bars of a waterfall and as words. Pure.
import { duration } from "./format";
import type { Timings } from "./types_invocations";

export interface Phase {
  readonly name: string;
  /** Milliseconds after the begin, and how long it took. */
  readonly from: number;
  readonly took: number;
}

/** Those that happened, in their order; the last one is what remains. */
export function phases({ dns, connect, tls, firstByte, total }: Timings): readonly Phase[] {
  const known: readonly (readonly [string, number | null | undefined])[] = [
    ["DNS", dns], ["Connect", connect], ["TLS", tls], ["First byte", firstByte],
  ];
  const found: Phase[] = [];
  let from = 0;
  for (const [name, took] of known) {
    if (took === null || took === undefined) continue;
    found.push({ name, from, took });
    from += took;
  }
  if (found.length > 0) found.push({ name: "Read and the rest", from, took: Math.max(0, total - from) });
  return found;
}

/** Whether a connection was used that had been open before. */
export function keptConnection({ dns, connect, tls, firstByte }: Timings): boolean {
  return typeof firstByte === "number" && [dns, connect, tls].every((each) => each === null || each === undefined);
}

/** "Timings: DNS 0.1 ms, Connect 0.2 ms, …, in all 12 ms". */
export function spokenTimings(timings: Timings): string {
  const parts = phases(timings).map(({ name, took }) => `${name} ${duration(took)}`);
  return `Timings: ${[...parts, `in all ${duration(timings.total)}`].join(", ")}`;
}
