// Views that follow what happens: `useLive` asks again every few seconds, not in a hidden tab and not while the page is
// paused, and keeps what it has when no answer comes. `paused`, `lost` and `now` are what the whole page shares.
// Must not: know what is asked for.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { get, type Query, Refused, Unreachable } from "./api";
import { type Store, store } from "./store";

const AGAIN_SECONDS = 2; // after no answer came: it heals by itself, and soon

/** Whether somebody paused live updates. */
export const paused: Store<boolean> = store(false);

/** When the dispatcher was last heard of (epoch milliseconds), if it does not answer now. */
export const lost: Store<number | null> = store<number | null>(null);

/** Epoch milliseconds, once a second while the page is seen: what ages are drawn from. */
export const now: Store<number> = store(Date.now());

setInterval(() => {
  if (!document.hidden) now.set(Date.now());
}, 1000);

export interface Live<T> {
  /** The latest answer; undefined: none yet. After a change of path or query the old one until the new one is there. */
  readonly data: T | undefined;
  /** Why there is no newer one. */
  readonly problem: Refused | Unreachable | null;
  /** When `data` last changed, epoch milliseconds. */
  readonly since: number | null;
  /** `data` is of another path or query than is asked for now. */
  readonly stale: boolean;
  /** Ask at once: after an action, say. */
  readonly refresh: () => void;
}

interface Answered<T> {
  readonly address: string;
  readonly data: T | undefined;
  readonly since: number | null;
  readonly problem: Refused | Unreachable | null;
}

/** The answer to `path` and `query`, kept up to date. `path` null: nothing is asked. */
export function useLive<T>(path: string | null, query: Query = {}, seconds = 2): Live<T> {
  const address = JSON.stringify([path, query]);
  const nothing: Answered<T> = { address, data: undefined, since: null, problem: null };
  const [answered, setAnswered] = useState<Answered<T>>(nothing);
  const asking = useRef<() => void>(() => {});

  useEffect(() => {
    if (path === null) return undefined;
    const ended = new AbortController();
    const poll = poller(seconds, async () => {
      try {
        const data = await get<T>(path, query, ended.signal);
        heard();
        setAnswered((old) => (same(old, address, data) ? old : { address, data, since: Date.now(), problem: null }));
        return true;
      } catch (error) {
        if (ended.signal.aborted) return true;
        const problem = told(error);
        setAnswered((old) => ({ ...old, address: old.data === undefined ? address : old.address, problem }));
        return problem instanceof Refused;
      }
    });
    asking.current = poll.ask;
    return () => {
      ended.abort();
      poll.end();
    };
  }, [address, seconds]);

  const refresh = useCallback(() => asking.current(), []);
  const { data, problem, since } = answered;
  return { data, problem, since, stale: data !== undefined && answered.address !== address, refresh };
}

function same<T>(old: Answered<T>, address: string, data: T): boolean {
  return old.data === data && old.address === address && old.problem === null;
}

function told(error: unknown): Refused | Unreachable {
  if (error instanceof Refused) {
    heard();
    return error;
  }
  if (!(error instanceof Unreachable)) throw error;
  if (lost.get() === null) lost.set(lastHeard);
  return error;
}

let lastHeard = Date.now();

function heard(): void {
  lastHeard = Date.now();
  lost.set(null);
}

/** Calls `ask` now, when asked to, and `seconds` after each answer, but in a hidden tab and while paused. */
function poller(seconds: number, ask: () => Promise<boolean>): { ask: () => void; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  let busy = false;
  const idle = (): boolean => document.hidden || paused.get();
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    if (busy || over) return;
    busy = true;
    const fine = await ask().finally(() => (busy = false));
    if (!over && !idle()) timer = setTimeout(run, 1000 * (fine ? seconds : Math.min(seconds, AGAIN_SECONDS)));
  };
  const wake = (): void => {
    if (idle()) clearTimeout(timer);
    else void run();
  };
  document.addEventListener("visibilitychange", wake);
  const unfollow = paused.follow(wake);
  void run();
  return {
    ask: () => void run(),
    end: () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
      unfollow();
    },
  };
}
