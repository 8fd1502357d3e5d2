// A body template in colours: JSON with {{ }}, {% %} and {# #} in it. A line at a time, as the editor asks for it.
// Must not: judge a template (the dispatcher does).
import { HighlightStyle, StreamLanguage, type StringStream, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

interface State {
  /** What ends the tag that was opened, null outside of one. */
  end: "}}" | "%}" | "#}" | null;
  /** Inside a text of JSON, and whether that is a key. */
  text: "string" | "propertyName" | null;
}

const ENDS = { "{{": "}}", "{%": "%}", "{#": "#}" } as const;
const WORDS = /^(?:for|in|if|elif|else|endif|endfor|set|endset|with|endwith|raw|endraw|not|and|or|is|loop|true|false|none)\b/;

const template = StreamLanguage.define<State>({
  name: "template",
  startState: () => ({ end: null, text: null }),
  copyState: (state) => ({ ...state }),
  token: (stream, state) => {
    if (state.end !== null) return inTag(stream, state, state.end);
    if (opens(stream, state)) return state.end === "#}" ? "comment" : "meta";
    return state.text === null ? outside(stream, state) : inText(stream, state, state.text);
  },
});

function opens(stream: StringStream, state: State): boolean {
  const opening = stream.match(/^\{[{%#][-+]?/);
  if (!Array.isArray(opening)) return false;
  state.end = ENDS[opening[0]?.slice(0, 2) as keyof typeof ENDS];
  return true;
}

function inTag(stream: StringStream, state: State, end: string): string | null {
  if (stream.match(/^[-+]?[}%#]\}/)) {
    state.end = null;
    return end === "#}" ? "comment" : "meta";
  }
  if (end === "#}") {
    stream.next();
    return "comment";
  }
  if (stream.eatSpace()) return null;
  if (stream.match(WORDS)) return "keyword";
  if (stream.match(/^(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/)) return "string";
  if (stream.match(/^-?\d[\d.]*/)) return "number";
  if (stream.match(/^[A-Za-z_][\w.]*/)) return "variableName";
  return stream.match(/^[|=<>!~+*/%-]+/) ? "operator" : step(stream);
}

function inText(stream: StringStream, state: State, kind: "string" | "propertyName"): string {
  if (stream.match('"')) state.text = null;
  else if (!stream.match(/^(?:\\.|[^"\\{]+)/)) stream.next();
  return kind;
}

function outside(stream: StringStream, state: State): string | null {
  if (stream.match(/^"(?=(?:[^"\\]|\\.)*"\s*:)/)) state.text = "propertyName";
  else if (stream.match('"')) state.text = "string";
  if (state.text !== null) return state.text;
  if (stream.match(/^-?\d[\d.eE+-]*/)) return "number";
  if (stream.match(/^(?:true|false|null)\b/)) return "number";
  return step(stream);
}

function step(stream: StringStream): null {
  stream.next();
  return null;
}

const colours = HighlightStyle.define([
  { tag: tags.string, color: "var(--code-text)" },
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: tags.variableName, color: "var(--code-key)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: tags.keyword, color: "var(--code-number)", fontWeight: "650" },
  { tag: tags.operator, color: "var(--code-number)" },
  { tag: tags.meta, color: "var(--secret)", fontWeight: "650" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

/** The language with its colours. */
export const language = [template, syntaxHighlighting(colours)];
