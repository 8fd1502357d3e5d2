// Problems in the editor: a wavy line below the text they stand in, and a dot beside its line, with the sentence as a
// tooltip. They move with the text until others are told.
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, gutter, GutterMarker } from "@codemirror/view";

/** What is wrong with a part of the text. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly severity: "error" | "warning";
  readonly message: string;
}

const setMarks = StateEffect.define<readonly Mark[]>();

const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (present, transaction) => {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) return decorations(effect.value, transaction.newDoc.length);
    }
    return present.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Of a text that may have been longer when they were found. */
function decorations(marks: readonly Mark[], length: number): DecorationSet {
  const ranges = marks
    .filter(({ from, to }) => from < Math.min(to, length))
    .map((mark) => {
      const { severity, message } = mark;
      const decoration = Decoration.mark({ class: `problem ${severity}`, attributes: { title: message }, mark });
      return decoration.range(mark.from, Math.min(mark.to, length));
    });
  return Decoration.set(ranges, true);
}

class Dot extends GutterMarker {
  constructor(private readonly mark: Mark) {
    super();
  }

  override eq(other: Dot): boolean {
    return this.mark.message === other.mark.message;
  }

  override toDOM(): Node {
    const dot = document.createElement("span");
    dot.className = `problem-dot ${this.mark.severity}`;
    dot.title = this.mark.message;
    return dot;
  }
}

const dots = gutter({
  class: "problem-dots",
  lineMarker: (view, line) => {
    let found: Mark | undefined;
    view.state.field(marked).between(line.from, line.to, (from, _, decoration) => {
      if (from >= line.from) found ??= decoration.spec.mark as Mark;
    });
    return found === undefined ? null : new Dot(found);
  },
  lineMarkerChange: (update) => update.docChanged || update.startState.field(marked) !== update.state.field(marked),
});

/** What an editor needs to show problems. */
export const marks = [marked, dots];

/** Show these and no others. */
export function mark(view: EditorView, found: readonly Mark[]): void {
  view.dispatch({ effects: setMarks.of(found) });
}
