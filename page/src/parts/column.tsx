// The head of a column: plain, or a button that sorts by it and says to a screen reader how it is sorted.
import type { ComponentChildren } from "preact";

import type { Sorting } from "../table";
import { Icon } from "./icon";

interface Props {
  readonly children: ComponentChildren;
  /** What it is for the API; without it the column cannot be sorted. */
  readonly sort?: string;
  readonly sorting: Sorting;
  readonly onSort: (column: string) => void;
  readonly class?: string;
}

export function Column({ children, sort, sorting, onSort, class: more }: Props) {
  if (sort === undefined) return <th scope="col" class={more}>{children}</th>;
  const chosen = sorting.by === sort;
  return (
    <th scope="col" class={more} aria-sort={chosen ? sorting.direction : undefined}>
      <button class="sort" type="button" onClick={() => onSort(sort)}>
        {children}
        <Icon name={chosen && sorting.direction === "descending" ? "down" : "up"} />
      </button>
    </th>
  );
}
