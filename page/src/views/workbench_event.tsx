// The event that the template is tried with: the sample of a trigger or the recorded one of a delivery, both named in the
// address, and what somebody made of it. Must not: send it anywhere but into a preview.
import { useMemo, useRef, useState } from "preact/hooks";

import { useLive } from "../live";
import { Panel } from "../parts/panel";
import { setQuery, useRoute } from "../router";
import { type Definition, type Json, type RecordedEvent, SAMPLE_TRIGGERS } from "../types_workbench";

export interface TriedEvent {
  /** The event, or the last one while its text is no JSON object; null: there is none yet. */
  readonly document: Json | null;
  readonly text: string;
  /** What is wrong with the text. */
  readonly problem: string | null;
  readonly trigger: string;
  /** Whose recorded event it is; null: it is a sample. */
  readonly delivery: string | null;
  /** The event of the delivery in the address is not kept any more. */
  readonly gone: boolean;
  readonly onEdit: (text: string) => void;
}

/** The event that the address names: `?delivery=`, `?trigger=`, else the sample of the webhook's first trigger with one. */
export function useEvent(definition: Definition): TriedEvent {
  const { query } = useRoute();
  const delivery = query.get("delivery");
  const trigger = [query.get("trigger") ?? "", ...triggersOf(definition)].find(hasSample) ?? SAMPLE_TRIGGERS[0];
  const recorded = useLive<RecordedEvent>(delivery && `/deliveries/${encodeURIComponent(delivery)}`, {}, 3600);
  const sample = useLive<Json>(`/samples/${encodeURIComponent(trigger)}`, {}, 3600);
  const gone = delivery !== null && (recorded.problem !== null || (recorded.data !== undefined && recorded.data.event === null));
  const source = delivery !== null && !gone ? recorded.data?.event : sample.stale ? undefined : sample.data;
  const name = `${delivery ?? ""} ${trigger} ${gone}`;
  const [edited, setEdited] = useState<{ readonly name: string; readonly text: string } | null>(null);
  const written = source ? JSON.stringify(source, null, 2) : "";
  const text = edited?.name === name ? edited.text : written;
  const read = useMemo(() => readEvent(text), [text]);
  const last = useRef<Json | null>(null);
  last.current = read.document ?? last.current;
  return { document: last.current, problem: read.problem, text, trigger, delivery: gone ? null : delivery, gone, onEdit: (now) => setEdited({ name, text: now }) };
}

function triggersOf(definition: Definition): readonly string[] {
  const triggers = definition.spec?.["triggers"];
  return Array.isArray(triggers) ? triggers.map(String) : [];
}

/** A CloudEvents type has none. */
function hasSample(trigger: string): boolean {
  return SAMPLE_TRIGGERS.some((each) => each === trigger);
}

function readEvent(text: string): { readonly document: Json | null; readonly problem: string | null } {
  if (text === "") return { document: null, problem: null };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { document: value as Json, problem: null };
    return { document: null, problem: "An event is a JSON object." };
  } catch (error) {
    return { document: null, problem: `This is not JSON: ${(error as Error).message}.` };
  }
}

export function EventPanel({ event }: { readonly event: TriedEvent }) {
  return (
    <Panel title="Event" class="tried-event" actions={<Source event={event} />}>
      {event.gone && <p class="note warn">The event of this delivery is not kept any more; this is a sample.</p>}
      <textarea aria-label="Event" spellcheck={false} autocomplete="off" rows={16} value={event.text} aria-invalid={event.problem !== null}
        onInput={(input) => event.onEdit(input.currentTarget.value)} />
      {event.problem && <p class="note bad" role="status"><strong>Problem</strong> {event.problem} What it was before is used.</p>}
    </Panel>
  );
}

/** The samples, and the delivery that somebody came from. */
function Source({ event }: { readonly event: TriedEvent }) {
  const choose = (value: string): void => setQuery(value === event.delivery ? {} : { trigger: value, delivery: null });
  return (
    <label class="source">
      {event.delivery === null ? "Sample" : "Recorded"}
      <select value={event.delivery ?? event.trigger} onChange={(change) => choose(change.currentTarget.value)}>
        {event.delivery !== null && <option value={event.delivery}>{event.delivery}</option>}
        {SAMPLE_TRIGGERS.map((trigger) => <option key={trigger} value={trigger}>{trigger}</option>)}
      </select>
    </label>
  );
}
