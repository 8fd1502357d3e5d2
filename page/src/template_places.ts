// Places of problems in a template: the dispatcher counts lines and characters (code points), the editor counts UTF-16
// units from the start. Pure.
import type { PreviewProblem } from "./types_workbench";

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where a problem stands in a text: its characters, else its line; null where it stands in none. */
export function rangeOf(text: string, problem: PreviewProblem): Range | null {
  if (problem.line < 1) return null;
  const start = lineStart(text, problem.line);
  if (problem.column < 1) return trimmed(text, start);
  const from = forward(text, start, problem.column - 1);
  return { from, to: Math.max(forward(text, from, problem.length), Math.min(from + 1, text.length)) };
}

function lineStart(text: string, line: number): number {
  let at = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf("\n", at);
    if (end < 0) break;
    at = end + 1;
  }
  return at;
}

/** A line without the blanks around it; the end of the text where it is empty. */
function trimmed(text: string, start: number): Range {
  const end = text.indexOf("\n", start);
  const line = text.slice(start, end < 0 ? text.length : end);
  const from = start + (line.length - line.trimStart().length);
  return { from, to: start + line.trimEnd().length < from ? from : start + line.trimEnd().length };
}

/** So many code points further. */
function forward(text: string, from: number, characters: number): number {
  let at = from;
  for (let passed = 0; passed < characters && at < text.length; passed += 1) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
