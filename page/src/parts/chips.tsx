// A choice of one among few, each with its count: filters above a list.
import { count } from "../format";

export interface Chip {
  readonly value: string;
  readonly text: string;
  readonly count?: number | undefined;
}

interface Props {
  /** What is chosen, for a screen reader: "State". */
  readonly label: string;
  readonly chips: readonly Chip[];
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}

export function Chips({ label, chips, chosen, onChoose }: Props) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {chips.map((chip) => (
        <button key={chip.value} class="chip" type="button" aria-pressed={chip.value === chosen} onClick={() => onChoose(chip.value)}>
          {chip.text} {chip.count !== undefined && <b class="numeric">{count(chip.count)}</b>}
        </button>
      ))}
    </div>
  );
}
