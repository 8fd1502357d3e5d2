// The whole resource with the template as it is now, to be put where it lives: the page changes nothing itself.
import { Code } from "../parts/code";
import { CopyButton } from "../parts/copy_button";
import { Dialog } from "../parts/dialog";
import { Message } from "../parts/message";
import type { Previewed } from "../preview";
import type { Definition } from "../types_workbench";

interface Props {
  readonly definition: Definition;
  readonly previewed: Previewed;
  /** The template as it is now. */
  readonly text: string;
  readonly onClose: () => void;
}

export function YamlDialog({ definition, previewed, text, onClose }: Props) {
  const changed = text !== (definition.bodyTemplate ?? "");
  const preview = previewed.bodyTemplate === text ? previewed.preview : null; // an older one is of another text
  const yaml = changed ? preview?.yaml : definition.yaml;
  const refused = changed && preview?.problems.some(({ severity }) => severity === "error");
  const moved = changed && definition.bodyTemplateFrom;
  return (
    <Dialog title="YAML to paste into Git" onClose={onClose} wide>
      <div class="yaml-head">
        <p class="quiet">This page changes nothing in the cluster. Put this where the resource lives; keep the labels and annotations it has there.</p>
        {yaml && <CopyButton label="Copy YAML" text={yaml} />}
      </div>
      {refused && <Message tone="bad" title="It has a problem.">hookwright validate refuses it as it is now.</Message>}
      {moved && <Message tone="info" title="The template moved.">It stood in ConfigMap {moved}; here it stands in the Webhook itself.</Message>}
      {yaml ? <Code text={yaml} label="YAML" raw /> : <p class="quiet" role="status">{previewed.refused ?? "Loading…"}</p>}
    </Dialog>
  );
}
