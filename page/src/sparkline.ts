// Bars of what came of a webhook's attempts: their places in a drawing, and the same in words. Pure.
import { count, span } from "./format";
import type { Slot } from "./types_webhooks";

export const WIDTH = 120;
export const HEIGHT = 24;
const GAP = 1;
const LEAST = 2.5; // a single attempt among thousands is still seen

/** Paths of the drawing: delivered ones below, others on top, a floor where nothing happened. */
export interface Bars {
  readonly good: string;
  readonly bad: string;
  readonly floor: string;
}

/** The bars; their height is the square root of how many there were, so that few beside many are seen. */
export function bars(slots: readonly Slot[]): Bars {
  const step = WIDTH / slots.length;
  const most = Math.sqrt(Math.max(1, ...slots.map(([good, bad]) => good + bad)));
  const paths = { good: "", bad: "", floor: "" };
  for (const [place, [good, bad]] of slots.entries()) {
    const left = place * step;
    if (good + bad === 0) {
      paths.floor += box(left, HEIGHT - 1, step - GAP, 1);
      continue;
    }
    const high = Math.max(LEAST, (Math.sqrt(good + bad) / most) * HEIGHT);
    const top = bad === 0 ? 0 : good === 0 ? high : Math.max(LEAST, (bad / (good + bad)) * high);
    if (bad > 0) paths.bad += box(left, HEIGHT - high, step - GAP, top);
    if (good > 0) paths.good += box(left, HEIGHT - high + top, step - GAP, Math.max(1, high - top));
  }
  return paths;
}

/** "Last hour: 340 delivered, 2 failed". */
export function inWords(slots: readonly Slot[], seconds: number): string {
  const sum = (which: 0 | 1): number => slots.reduce((all, slot) => all + slot[which], 0);
  const [good, bad] = [sum(0), sum(1)];
  const of = `Last ${span(seconds * slots.length * 1000).replace(/^1 h$/, "hour")}`;
  if (good + bad === 0) return `${of}: nothing sent`;
  return `${of}: ${count(good)} delivered${bad === 0 ? "" : `, ${count(bad)} failed`}`;
}

function box(left: number, top: number, width: number, height: number): string {
  const [x, y, w, h] = [left, top, width, height].map((number) => Number(number.toFixed(2)));
  return `M${x} ${y}h${w}v${h}h-${w}z`;
}
