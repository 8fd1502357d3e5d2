// A value that several parts follow: set in one place, drawn wherever `use()` is called.
// For what is neither in the address nor read from the API: whether the page is live, reachable, light or dark.
import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** The value, in a component. */
  use(): T;
  /** Be told of every change; returns what ends that. */
  follow(told: (value: T) => void): () => void;
}

export function store<T>(value: T): Store<T> {
  const followers = new Set<(value: T) => void>();
  const follow = (told: (value: T) => void): (() => void) => {
    followers.add(told);
    return () => void followers.delete(told);
  };
  const use = (): T => {
    const [seen, setSeen] = useState<{ readonly value: T }>({ value });
    useEffect(() => {
      setSeen({ value });
      return follow((now) => setSeen({ value: now }));
    }, []);
    return seen.value;
  };
  const set = (now: T): void => {
    if (Object.is(now, value)) return;
    value = now;
    for (const told of [...followers]) told(now);
  };
  return { get: () => value, set, use, follow };
}
