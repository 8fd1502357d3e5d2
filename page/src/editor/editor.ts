// The editor of templates: CodeMirror in a shadow root, where it brings its styles as constructed sheets, which the
// page's policy allows without a nonce. Loaded by `import()`, on the workbench only.
// Must not: know the API; what may follow, and what is wrong where, come in from outside.
import { autocompletion, closeBrackets, closeBracketsKeymap, type Completion, type CompletionContext, type CompletionResult, completionKeymap } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";

import type { completions } from "../template_text";
import { language } from "./language";
import { look } from "./look";
import { type Mark, mark, marks } from "./marks";

export interface Editor {
  /** Replace the whole text, as one step that can be undone. */
  setText(text: string): void;
  /** Put a text at the cursor, made from what stands before it, and go on typing behind it. */
  insert(make: (before: string) => string): void;
  setMarks(found: readonly Mark[]): void;
  end(): void;
}

interface Options {
  readonly label: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly complete: (before: string) => ReturnType<typeof completions>;
}

/** An editor in the shadow root of an element that has none yet, or one of an earlier editor. */
export function editor(host: HTMLElement, { label, text, onChange, complete }: Options): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        marks,
        history(),
        highlightSpecialChars(),
        highlightActiveLine(),
        closeBrackets(),
        autocompletion({ override: [(context) => source(context, complete)], icons: false, activateOnTypingDelay: 30, interactionDelay: 0 }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...standardKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, "aria-multiline": "true", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
        language,
        look,
      ],
    }),
  });
  return {
    setText: (whole) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: whole } }),
    insert: (make) => {
      const { from } = view.state.selection.main;
      view.dispatch(view.state.replaceSelection(make(view.state.sliceDoc(0, from))), { scrollIntoView: true, userEvent: "input" });
      view.focus();
    },
    setMarks: (found) => mark(view, found),
    end: () => view.destroy(),
  };
}

function source(context: CompletionContext, complete: Options["complete"]): CompletionResult | null {
  const found = complete(context.state.sliceDoc(0, context.pos));
  if (found === null) return null;
  const options: Completion[] = found.options.map(({ label, detail, info }) => ({ label, detail, ...(info === "" ? {} : { info }) }));
  return { from: context.pos - found.back, options, validFor: /^[\w[\]"]*$/ };
}
