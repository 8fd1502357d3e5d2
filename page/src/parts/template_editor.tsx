// The box of a template. Its editor comes in a script of its own; until that is there the text stands in a plain one.
// The editor owns the text: drawing it from outside while somebody types would undo what was typed meanwhile.
import { useEffect, useImperativeHandle, useRef, useState } from "preact/hooks";
import type { Ref } from "preact";

import type { Editor } from "../editor/editor";
import type { Mark } from "../editor/marks";
import type { Field } from "../event_fields";
import { completions } from "../template_text";

/** What can be done with it from outside. */
export type TemplateBox = Pick<Editor, "insert" | "setText">;

interface Props {
  readonly label: string;
  /** At first. */
  readonly text: string;
  readonly marks: readonly Mark[];
  readonly fields: readonly Field[];
  readonly onChange: (text: string) => void;
  readonly box: Ref<TemplateBox | null>;
}

export function TemplateEditor({ label, text, marks, fields, onChange, box }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef({ fields, onChange });
  latest.current = { fields, onChange };
  const [editor, setEditor] = useState<Editor | null>(null);
  useEffect(() => {
    let made: Editor | undefined;
    let over = false;
    void import("../editor/editor").then((module) => {
      if (over || host.current === null) return;
      made = module.editor(host.current, {
        label,
        text,
        onChange: (now) => latest.current.onChange(now),
        complete: (before) => completions(before, latest.current.fields),
      });
      setEditor(made);
    });
    return () => {
      over = true;
      made?.end();
    };
  }, []);
  useEffect(() => editor?.setMarks(marks), [editor, marks]);
  useImperativeHandle(box, () => editor, [editor]);
  return (
    <>
      <div ref={host} class="template-editor" />
      {editor === null && <pre class="template-waits">{text}</pre>}
    </>
  );
}
