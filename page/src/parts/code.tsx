// A text in the type of code, JSON in colours: bodies, events, YAML to paste.
// It can be scrolled by keyboard where it is long, so it has a name.
import { coloured, indented } from "../pretty";

interface Props {
  readonly text: string;
  /** What it is, for a screen reader: "Request body". */
  readonly label: string;
  /** As it came, neither indented nor in colours. */
  readonly raw?: boolean;
}

export function Code({ text, label, raw = false }: Props) {
  const pieces = raw ? [{ kind: "plain", text }] : coloured(indented(text));
  return (
    <pre class="code-block" tabIndex={0} role="group" aria-label={label}>
      {pieces.map(({ kind, text: part }, place) => (kind === "plain" ? part : <span key={place} class={`c-${kind}`}>{part}</span>))}
    </pre>
  );
}
