// The whole resource with the template as it is now, to be put where it lives: the page changes nothing itself.
import { Code } from "../parts/code";
import { CopyButton } from "../parts/copy_button";
import { Dialog } from "../parts/dialog";
import { Message } from "../parts/message";
import type { Definition, Preview } from "../types_workbench";

interface Props {
  readonly definition: Definition;
  readonly preview: Preview | null;
  /** The template is not the one that is configured. */
  readonly changed: boolean;
  readonly onClose: () => void;
}

export function YamlDialog({ definition, preview, changed, onClose }: Props) {
  const yaml = (changed ? preview?.yaml : definition.yaml) ?? "";
  const refused = changed && preview?.problems.some(({ severity }) => severity === "error");
  const moved = changed && definition.bodyTemplateFrom;
  return (
    <Dialog title="YAML to paste into Git" onClose={onClose} wide>
      <div class="yaml-head">
        <p class="quiet">This page changes nothing in the cluster. Put this where the resource lives; keep the labels and annotations it has there.</p>
        <CopyButton label="Copy YAML" text={yaml} />
      </div>
      {refused && <Message tone="bad" title="It has a problem.">hookwright validate refuses it as it is now.</Message>}
      {moved && <Message tone="info" title="The template moved.">It stood in ConfigMap {moved}; here it stands in the Webhook itself.</Message>}
      <Code text={yaml} label="YAML" raw />
    </Dialog>
  );
}
