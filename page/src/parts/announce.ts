// What a screen reader is told: results of actions ("Copied"), never what ticks by itself.
import { type Store, store } from "../store";

export const announced: Store<string> = store("");

/** Say it once; the same sentence twice is said twice. */
export function announce(sentence: string): void {
  announced.set("");
  setTimeout(() => announced.set(sentence), 50);
}
