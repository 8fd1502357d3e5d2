// A replay of many dead letters, in steps: how far it is, and how it is stopped. Pure: who asks the dispatcher is an
// argument. What the last step has taken is on its way, so a stop leaves only what was not asked for yet.
import type { Replayed, Replays } from "./types_dead_letters";

const STEPS = 25; // so many that a bar moves and a stop comes soon
const STEP_MOST = 500;

export type Ask = (body: Replays & { readonly limit?: number; readonly dryRun?: boolean }) => Promise<Replayed>;

/** How many would be replayed. */
export async function howMany(ask: Ask, chosen: Replays): Promise<number> {
  return (await ask({ ...chosen, dryRun: true })).remaining;
}

/** How many each step takes of so many. */
export function step(total: number): number {
  return Math.min(STEP_MOST, Math.max(1, Math.ceil(total / STEPS)));
}

/** Replay them until none is left or `stopped` is; `told` hears after each step how many are done. Answers how many were. */
export async function replay(
  ask: Ask,
  chosen: Replays,
  total: number,
  stopped: AbortSignal,
  told: (done: number) => void,
): Promise<number> {
  const limit = step(total);
  let done = 0;
  while (!stopped.aborted) {
    const { replayed, remaining } = await ask({ ...chosen, limit });
    done += replayed;
    told(done);
    if (replayed === 0 || remaining === 0) break;
  }
  return done;
}

/** A moment just after an RFC 3339 time: the end of a selection that holds what died then. */
export function justAfter(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString();
}
