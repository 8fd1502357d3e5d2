// What differs between two texts, line by line: the longest common lines stay, all others were removed or added. Pure.
// Bounded: where the middle of both is too large to be compared, all of it counts as replaced.

export interface Line {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** So many lines that were left out, as they are the same. */
export interface Fold {
  readonly kind: "folded";
  readonly count: number;
}

const CELLS = 4_000_000; // of the table that is filled: 2,000 lines against 2,000, some 30 ms

/** Lines of both, in an order in which `before` becomes `after`. */
export function difference(before: readonly string[], after: readonly string[]): readonly Line[] {
  const head = common(before, after, (lines, place) => lines[place]);
  const tail = common(before.slice(head), after.slice(head), (lines, place) => lines[lines.length - 1 - place]);
  return [
    ...same(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

/** The lines with long runs of same ones left out, but for `context` lines around every change. */
export function folded(lines: readonly Line[], context: number): readonly (Line | Fold)[] {
  const changed = lines.flatMap(({ kind }, place) => (kind === "same" ? [] : [place]));
  const rows: (Line | Fold)[] = [];
  let end = 0;
  for (const place of [...changed, lines.length + context]) {
    const begin = Math.min(Math.max(end, place - context), lines.length);
    if (begin - end > 1) rows.push({ kind: "folded", count: begin - end });
    else rows.push(...lines.slice(end, begin));
    end = Math.max(end, Math.min(place + context + 1, lines.length));
    rows.push(...lines.slice(begin, end));
  }
  return rows;
}

type At = (lines: readonly string[], place: number) => string | undefined;

/** How many lines at one end are the same. */
function common(before: readonly string[], after: readonly string[], at: At): number {
  const most = Math.min(before.length, after.length);
  let count = 0;
  while (count < most && at(before, count) === at(after, count)) count += 1;
  return count;
}

function same(lines: readonly string[]): readonly Line[] {
  return lines.map((text) => ({ kind: "same", text }));
}

function middle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1;
  if (before.length * after.length > CELLS) return [...before.map(removed), ...after.map(added)];
  const longest = lengths(before, after);
  const lines: Line[] = [];
  let [left, right] = [0, 0];
  while (left < before.length && right < after.length) {
    if (before[left] === after[right]) {
      lines.push({ kind: "same", text: before[left]! });
      left += 1;
      right += 1;
    } else if (longest[(left + 1) * width + right]! >= longest[left * width + right + 1]!) lines.push(removed(before[left++]!));
    else lines.push(added(after[right++]!));
  }
  return [...lines, ...before.slice(left).map(removed), ...after.slice(right).map(added)];
}

/** Of each pair of ends, how many lines they have in common. */
function lengths(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1;
  const longest = new Uint16Array((before.length + 1) * width);
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      const here = left * width + right;
      longest[here] =
        before[left] === after[right] ? longest[here + width + 1]! + 1 : Math.max(longest[here + width]!, longest[here + 1]!);
    }
  }
  return longest;
}

function removed(text: string): Line {
  return { kind: "removed", text };
}

function added(text: string): Line {
  return { kind: "added", text };
}
