// JSON for the eye: indented, and cut into pieces that have a colour each. Numbers keep their digits (1.0, 10^30), as
// nothing is parsed into numbers of JavaScript. Pure. Must not: take long over what is large, or change what is no JSON.

export type Kind = "key" | "text" | "number" | "word" | "plain";

export interface Piece {
  readonly kind: Kind;
  readonly text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]|\s+|./gsu;
const COLOURED = 100_000; // characters; what is larger is shown plain, so that drawing it stays quick

/** The text indented by two blanks; as it is where it is no JSON. */
export function indented(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let out = "";
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^\s/.test(token)) continue;
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    const opened = last === "{" || last === "[";
    if ((closes && !opened) || (!closes && opened) || last === ",") out += `\n${"  ".repeat(depth)}`;
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    last = token;
  }
  return out;
}

/** The pieces of a text that may be JSON, in order; together they are the text. */
export function coloured(text: string): readonly Piece[] {
  if (text.length > COLOURED || !/^\s*[{["]/.test(text)) return [{ kind: "plain", text }];
  const tokens = Array.from(text.matchAll(TOKEN), ([token]) => token);
  const pieces: { kind: Kind; text: string }[] = [];
  for (const [place, token] of tokens.entries()) {
    const kind = kindOf(token, tokens, place);
    const before = pieces.at(-1);
    if (before !== undefined && before.kind === kind) before.text += token;
    else pieces.push({ kind, text: token });
  }
  return pieces;
}

function kindOf(token: string, tokens: readonly string[], place: number): Kind {
  if (token.length > 1 && token.startsWith('"')) return isKey(tokens, place) ? "key" : "text";
  if (/^-?\d/.test(token)) return "number";
  return token === "true" || token === "false" || token === "null" ? "word" : "plain";
}

function isKey(tokens: readonly string[], place: number): boolean {
  const next = tokens[place + 1];
  return next === ":" || (next !== undefined && /^\s/.test(next) && tokens[place + 2] === ":");
}
