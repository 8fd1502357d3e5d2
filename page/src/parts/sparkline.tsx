// What came of a webhook's attempts in the last hour, as bars with a label in words.
import { bars, HEIGHT, inWords, WIDTH } from "../sparkline";
import type { Slot } from "../types_webhooks";

const NOTHING: readonly Slot[] = Array.from({ length: 30 }, () => [0, 0] as const);

interface Props {
  /** Absent: nothing happened. */
  readonly slots: readonly Slot[] | undefined;
  /** Seconds of a slot. */
  readonly seconds: number;
}

export function Sparkline({ slots = NOTHING, seconds }: Props) {
  const { good, bad, floor } = bars(slots);
  const words = inWords(slots, seconds);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words} preserveAspectRatio="none">
      <title>{words}</title>
      {floor !== "" && <path class="floor" d={floor} />}
      {good !== "" && <path class="good" d={good} />}
      {bad !== "" && <path class="bad" d={bad} />}
    </svg>
  );
}
