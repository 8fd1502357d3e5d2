// The box of a template, loaded by the workbench alone, as its editor is most of the page.
// The editor owns the text: drawing it from outside while somebody types would undo what was typed meanwhile.
import { useEffect, useImperativeHandle, useRef, useState } from "preact/hooks";
import type { Ref } from "preact";

import { type Editor, editor } from "../editor/editor";
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
  const [made, setMade] = useState<Editor | null>(null);
  useEffect(() => {
    const begun = editor(host.current!, {
      label,
      text,
      onChange: (now) => latest.current.onChange(now),
      complete: (before) => completions(before, latest.current.fields),
    });
    setMade(begun);
    return () => begun.end();
  }, []);
  useEffect(() => made?.setMarks(marks), [made, marks]);
  useImperativeHandle(box, () => made, [made]);
  return <div ref={host} class="template-editor" />;
}
