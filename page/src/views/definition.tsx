// A webhook as it is written, with references and never values, what holds for the fields that it leaves out, and the
// template where it stands elsewhere.
import { useLive } from "../live";
import { Code } from "../parts/code";
import { CopyButton } from "../parts/copy_button";
import { Empty } from "../parts/empty";
import { Message } from "../parts/message";
import { Panel } from "../parts/panel";
import type { Definition } from "../types_workbench";
import type { TabProps } from "./webhook_tabs";

export function DefinitionTab({ webhook: { webhook } }: TabProps) {
  const { data, problem } = useLive<Definition>(`/webhooks/${webhook}/definition`, {}, 10);
  if (!data) return problem ? <Empty title={problem.message} /> : <p class="quiet" role="status">Loading…</p>;
  return (
    <div class="definition">
      {data.problem && <Message tone="bad" title="It cannot be sent now.">{data.problem}</Message>}
      {data.yaml && (
        <Panel title="Resource" class="definition-yaml" actions={<CopyButton label="Copy YAML" text={data.yaml} />}>
          <Code text={data.yaml} label="Resource as YAML" raw />
        </Panel>
      )}
      {data.spec && <Defaults defaults={data.defaults} />}
      {data.bodyTemplateFrom && (
        <Panel title="Body template" class="definition-template" actions={<span class="tag">ConfigMap {data.bodyTemplateFrom}</span>}>
          {data.bodyTemplate === null ? <p class="note">It is not there.</p> : <Code text={data.bodyTemplate} label="Body template" raw />}
        </Panel>
      )}
    </div>
  );
}

function Defaults({ defaults }: { readonly defaults: Definition["defaults"] }) {
  return (
    <Panel title="Defaults in force" class="definition-defaults">
      <dl class="defaults">
        {Object.entries(defaults).map(([field, value]) => (
          <div key={field}><dt>{field}</dt><dd>{Array.isArray(value) ? value.join(", ") : String(value)}</dd></div>
        ))}
      </dl>
    </Panel>
  );
}
