// The template workbench of one webhook: the event's fields, its body template as it is being changed, and what would be
// sent. Shows what to paste into Git. Must not: change anything, or judge a template (the dispatcher does, as always).
import { useMemo, useRef, useState } from "preact/hooks";

import { fieldTree } from "../event_fields";
import { lazy } from "../lazy";
import { useLive } from "../live";
import { Empty } from "../parts/empty";
import { Message } from "../parts/message";
import { Panel } from "../parts/panel";
import type { TemplateBox } from "../parts/template_editor";
import { usePreview } from "../preview";
import { session } from "../session";
import { rangeOf } from "../template_places";
import type { Definition, Json, Preview, PreviewProblem } from "../types_workbench";
import type { TabProps } from "./webhook_tabs";
import { EventPanel, useEvent } from "./workbench_event";
import { FieldsPanel } from "./workbench_fields";
import { Outcome } from "./workbench_outcome";
import { ResultPanel } from "./workbench_result";
import { YamlDialog } from "./workbench_yaml";

const TemplateEditor = lazy(() => import("../parts/template_editor").then((file) => file.TemplateEditor));
const BODY = ["spec.bodyTemplate", "spec.bodyTemplateFrom"];

export function Workbench(props: TabProps) {
  if (session.use()?.readOnly) return <Empty title="This token may only read.">The workbench renders, which asks for the admin token.</Empty>;
  return <Loaded {...props} />;
}

function Loaded({ webhook: { webhook } }: TabProps) {
  const definition = useLive<Definition>(`/webhooks/${webhook}/definition`, {}, 30);
  const schema = useLive<Json>("/schema", {}, 3600);
  if (definition.problem && !definition.data) return <Empty title={definition.problem.message} />;
  if (!definition.data || !schema.data) return <p class="quiet" role="status">Loading…</p>;
  if (definition.data.spec === null) {
    return <Message tone="bad" title="There is nothing to try.">{definition.data.problem}</Message>;
  }
  return <Panes key={webhook} definition={definition.data} schema={schema.data} />;
}

function Panes({ definition, schema }: { readonly definition: Definition; readonly schema: Json }) {
  const asWritten = definition.bodyTemplate ?? "";
  const [text, setText] = useState(asWritten);
  const [shown, setShown] = useState(false);
  const box = useRef<TemplateBox | null>(null);
  const event = useEvent(definition);
  const fields = useMemo(() => fieldTree(schema, event.document ?? {}), [schema, event.document]);
  const none = text === "" && definition.bodyTemplate === null;
  const template = none ? {} : { bodyTemplate: text };
  const previewed = usePreview(event.document && { webhook: definition.webhook, ...template, event: event.document });
  const marks = useMemo(() => marksOf(previewed.preview, text), [previewed.preview]);
  const insert = (make: (before: string) => string): void => box.current?.insert(make);
  return (
    <div class="workbench">
      <FieldsPanel fields={fields} onInsert={insert} />
      <div class="workbench-middle">
        <Panel title="Body template" actions={<Actions changed={text !== asWritten} onUndo={() => box.current?.setText(asWritten)} onYaml={() => setShown(true)} />}>
          <div class="template-place">
            <TemplateEditor label="Body template" text={asWritten} marks={marks} fields={fields} onChange={setText} box={box} />
          </div>
          <Outcome previewed={previewed} none={none} onCure={(problem) => box.current?.setText(cured(text, problem))} />
        </Panel>
        <EventPanel event={event} />
      </div>
      <ResultPanel previewed={previewed} />
      {shown && <YamlDialog definition={definition} previewed={previewed} text={text} onClose={() => setShown(false)} />}
    </div>
  );
}

interface ActionsProps {
  readonly changed: boolean;
  readonly onUndo: () => void;
  readonly onYaml: () => void;
}

function Actions({ changed, onUndo, onYaml }: ActionsProps) {
  return (
    <>
      {changed && <button class="button small" type="button" onClick={onUndo}>Undo all</button>}
      <button class={changed ? "button small primary" : "button small"} type="button" onClick={onYaml}>YAML to paste</button>
    </>
  );
}

/** The text with what a problem says is to be written instead. */
function cured(text: string, problem: PreviewProblem): string {
  const range = rangeOf(text, problem);
  return range === null ? text : text.slice(0, range.from) + (problem.cure ?? "") + text.slice(range.to);
}

/** Where the problems of the template stand in its text. */
function marksOf(preview: Preview | null, text: string) {
  return (preview?.problems ?? []).flatMap((problem) => {
    const range = BODY.includes(problem.field) ? rangeOf(text, problem) : null;
    const { severity, message } = problem;
    return range === null ? [] : [{ ...range, severity, message }];
  });
}
