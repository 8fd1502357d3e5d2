// The box of a template. Its editor comes in a script of its own; until that is there the text stands in a plain one.
import { useEffect, useImperativeHandle, useRef, useState } from "preact/hooks";
import type { Ref } from "preact";

import type { Editor, Mark } from "../editor/editor";
import type { Field } from "../event_fields";
import { completions } from "../template_text";

export interface Inserter {
  insert(make: (before: string) => string): void;
}

interface Props {
  readonly label: string;
  readonly text: string;
  readonly marks: readonly Mark[];
  readonly fields: readonly Field[];
  readonly onChange: (text: string) => void;
  readonly inserter: Ref<Inserter>;
}

export function TemplateEditor({ label, text, marks, fields, onChange, inserter }: Props) {
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
  useEffect(() => editor?.setText(text), [editor, text]);
  useEffect(() => editor?.setMarks(marks), [editor, marks]);
  useImperativeHandle(inserter, () => ({ insert: (make) => editor?.insert(make) }), [editor]);
  return (
    <>
      <div ref={host} class="template-editor" />
      {editor === null && <pre class="template-waits">{text}</pre>}
    </>
  );
}
