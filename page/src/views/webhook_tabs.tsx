// The tabs of one webhook: what follows its address, and what is drawn there. A new tab is one line in TABS.
import type { ComponentType } from "preact";

import { withQuery } from "../route";
import type { WebhookView } from "../types_webhooks";
import { DefinitionTab } from "./definition";
import { InvocationsPane } from "./invocations_pane";
import { Workbench } from "./workbench";

export interface TabProps {
  readonly webhook: WebhookView;
  /** What follows the tab's own segment of the path: an invocation's id. */
  readonly rest: string;
}

export interface WebhookTab {
  /** The segment of the path; the first tab is shown without one too. */
  readonly segment: string;
  readonly text: string;
  readonly View: ComponentType<TabProps>;
}

export const TABS: readonly [WebhookTab, ...WebhookTab[]] = [
  { segment: "invocations", text: "Invocations", View: InvocationsTab },
  { segment: "workbench", text: "Template workbench", View: Workbench },
  { segment: "definition", text: "Definition", View: DefinitionTab },
];

/** Where a webhook's view is. */
export function webhookPath(webhook: string): string {
  return `/webhooks/${webhook}`;
}

function InvocationsTab({ webhook: { webhook, triggers }, rest }: TabProps) {
  const path = webhookPath(webhook);
  const command = `hookwright send --trigger ${triggers[0] ?? "RequestGranted"}`;
  return <InvocationsPane webhook={webhook} list={withQuery(path, {})} one={`${path}/invocations`} chosen={rest || null} command={command} />;
}
