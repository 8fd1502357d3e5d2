// What a table's address says of it, and the sentence below it. Pure.
import { count } from "./format";
import type { Change } from "./route";

export type Direction = "ascending" | "descending";

/** How a table is sorted. */
export interface Sorting {
  readonly by: string;
  readonly direction: Direction;
}

/** The order that a query asks for, `usual` without one. */
export function sortingOf(query: URLSearchParams, usual: string): Sorting {
  return { by: query.get("sort") ?? usual, direction: query.get("order") === "desc" ? "descending" : "ascending" };
}

/** What a click on the head of a column changes: to it, or the other way round; pages begin anew. */
export function sortedBy(column: string, present: Sorting, usual: string): Change {
  const turned = present.by === column && present.direction === "ascending";
  return { sort: column === usual ? null : column, order: turned ? "desc" : null, after: null };
}

/** "1–50 of 10,000". */
export function range(skipped: number, shown: number, total: number): string {
  if (shown === 0) return `0 of ${count(total)}`;
  return `${count(skipped + 1)}–${count(skipped + shown)} of ${count(total)}`;
}
