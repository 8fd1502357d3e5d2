// Below a table: which of how many are seen, and the way to the pages beside it.
import { range } from "../table";
import { Icon } from "./icon";

interface Props {
  readonly skipped: number;
  readonly shown: number;
  readonly total: number;
  /** Marks of the pages beside it; null: there is none; an empty one: the first page. */
  readonly previous: string | null;
  readonly next: string | null;
  readonly onGo: (after: string) => void;
}

export function Pager({ skipped, shown, total, previous, next, onGo }: Props) {
  return (
    <div class="pager">
      <span class="quiet numeric" role="status">{range(skipped, shown, total)}</span>
      {(previous !== null || next !== null) && (
        <div class="actions">
          <button class="button small" type="button" disabled={previous === null} onClick={() => onGo(previous ?? "")}>
            <Icon name="left" /> Previous
          </button>
          <button class="button small" type="button" disabled={next === null} onClick={() => onGo(next ?? "")}>
            Next <Icon name="right" />
          </button>
        </div>
      )}
    </div>
  );
}
