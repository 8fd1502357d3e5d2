// The fields of an event, to find and to put into the template. Objects and lists open and close; a list can be put in
// as a loop. Must not: know where the cursor is.
import { useState } from "preact/hooks";

import { type Field, found } from "../event_fields";
import { Panel } from "../parts/panel";
import { insertion, loopBlock } from "../template_text";

type Insert = (make: (before: string) => string) => void;

interface Props {
  readonly fields: readonly Field[];
  readonly onInsert: Insert;
}

const OPEN = ["data", "data.requester"]; // at first

export function FieldsPanel({ fields, onInsert }: Props) {
  const [text, setText] = useState("");
  const shown = found(fields, text);
  return (
    <Panel title="Event fields" class="event-fields">
      <div class="find">
        <input type="search" aria-label="Find a field" placeholder="Find a field" value={text} autocomplete="off" spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)} />
      </div>
      {shown.length === 0 && <p class="quiet nothing">No field is called so.</p>}
      <Fields key={text === "" ? "all" : "found"} fields={shown} all={text !== ""} onInsert={onInsert} />
    </Panel>
  );
}

function Fields({ fields, all, onInsert }: Props & { readonly all: boolean }) {
  return (
    <ul class="fields">
      {fields.map((field) => (
        <li key={field.path} class={`field ${field.kind}`}>
          {field.kind === "value" ? <Value field={field} onInsert={onInsert} /> : (
            <Group field={field} all={all} onInsert={onInsert} />
          )}
        </li>
      ))}
    </ul>
  );
}

function Value({ field, onInsert }: { readonly field: Field; readonly onInsert: Insert }) {
  return (
    <>
      <button type="button" aria-label={`Insert ${field.path}`} title={field.description || undefined}
        onClick={() => onInsert((before) => insertion(before, field))}>
        {field.name}
      </button>
      <span class="sample cut">{field.sample}</span>
    </>
  );
}

function Group({ field, all, onInsert }: { readonly field: Field; readonly all: boolean; readonly onInsert: Insert }) {
  const [open, setOpen] = useState(all || OPEN.includes(field.path));
  return (
    <>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary title={field.description || undefined}>{field.name}</summary>
        {open && <Fields fields={field.children} all={all} onInsert={onInsert} />}
      </details>
      {field.kind === "list" && (
        <button class="loop" type="button" aria-label={`Insert a loop over ${field.path}`}
          onClick={() => onInsert((before) => loopBlock(before, field))}>
          loop
        </button>
      )}
    </>
  );
}
