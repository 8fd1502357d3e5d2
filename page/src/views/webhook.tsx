// One webhook: its name and state, where it sends to, what is wrong, six facts, and below them the tab of the address.
// Must not: know what a tab shows.
import { useState } from "preact/hooks";

import { post, Refused } from "../api";
import { count, counted } from "../format";
import { useLive } from "../live";
import { Age } from "../parts/age";
import { announce } from "../parts/announce";
import { CopyButton } from "../parts/copy_button";
import { Dot } from "../parts/dot";
import { Empty } from "../parts/empty";
import { Fact, Facts } from "../parts/facts";
import { Icon } from "../parts/icon";
import { Message } from "../parts/message";
import { ResultBadge } from "../parts/result_badge";
import { Method, Shown } from "../parts/shown";
import { Sparkline } from "../parts/sparkline";
import { State } from "../parts/state";
import { Tabs } from "../parts/tabs";
import { Title } from "../parts/title";
import { type Params, withQuery } from "../route";
import { Link } from "../router";
import { session } from "../session";
import { verdict } from "../standing";
import type { WebhookView as Webhook } from "../types_webhooks";
import { TestDialog } from "./test_dialog";
import { TABS, webhookPath, type WebhookTab } from "./webhook_tabs";

const SECONDS = 2;
const COMMAND = /(?:kubectl )?hookwright retry [a-z0-9./-]+[a-z0-9]/;

export function WebhookView({ params }: { readonly params: Params }) {
  const webhook = `${params["namespace"]}/${params["name"]}`;
  const { data, problem, refresh } = useLive<Webhook>(webhookPath(webhook), {}, SECONDS);
  if (data === undefined) return problem instanceof Refused ? <Unknown webhook={webhook} message={problem.message} /> : null;
  const [segment = "", ...rest] = (params["rest"] ?? "").split("/");
  const tab = TABS.find((each) => each.segment === segment) ?? TABS[0];
  const href = (each: string): string => (each === TABS[0].segment ? webhookPath(webhook) : `${webhookPath(webhook)}/${each}`);
  return (
    <div class={rest.length > 0 ? "webhook inside" : "webhook"}>
      <Head webhook={data} place={placeOf(tab, rest)} />
      <Wrong webhook={data} refresh={refresh} />
      <WebhookFigures webhook={data} />
      <Tabs label={`Views of ${webhook}`} tabs={TABS.map((each) => ({ href: href(each.segment), text: each.text }))} current={href(tab.segment)} />
      <tab.View key={tab.segment} webhook={data} rest={rest.join("/")} />
    </div>
  );
}

function Unknown({ webhook, message }: { readonly webhook: string; readonly message: string }) {
  return (
    <>
      <Title name={webhook} />
      <Empty title={message}><Link href="/">All webhooks</Link></Empty>
    </>
  );
}

/** What its tab shows, for the name of the browser's: nothing, where it is the first one. */
function placeOf(tab: WebhookTab, rest: readonly string[]): string {
  if (rest.length > 0) return `Invocation ${rest.join("/")}`;
  return tab === TABS[0] ? "" : tab.text;
}

function Head({ webhook, place }: { readonly webhook: Webhook; readonly place: string }) {
  const [testing, setTesting] = useState(false);
  const title = webhook.displayName ?? webhook.webhook;
  const [namespace, name] = webhook.webhook.split("/");
  return (
    <div class="view-head">
      <div class="webhook-head">
        <nav class="crumbs" aria-label="Breadcrumbs">
          <Link href="/">Webhooks</Link> <span class="quiet">/ <Link href={withQuery("/", { namespace })}>{namespace}</Link> / {name}</span>
        </nav>
        <div class="webhook-name">
          <Dot webhook={webhook} />
          <div class="webhook-title">
            <Title name={title} tab={[place, title].filter(Boolean).join(" · ")} />
            <State webhook={webhook} />
          </div>
        </div>
        <Target webhook={webhook} />
      </div>
      {!session.use()?.readOnly && (
        <button class="button primary" type="button" onClick={() => setTesting(true)}><Icon name="send" /> Send test</button>
      )}
      {testing && <TestDialog webhook={webhook} onClose={() => setTesting(false)} />}
    </div>
  );
}

function Target({ webhook: { method, url } }: { readonly webhook: Webhook }) {
  return <p class="target">{method !== null && <Method name={method} />} <Shown text={url ?? ""} /></p>;
}

/** Why it does not deliver, with the command that tries it now, and a button that does. */
function Wrong({ webhook, refresh }: { readonly webhook: Webhook; readonly refresh: () => void }) {
  const { word, tone } = verdict(webhook);
  if (!webhook.message) return null;
  const command = COMMAND.exec(webhook.message)?.[0];
  const [before, after] = command === undefined ? [webhook.message] : webhook.message.split(command);
  return (
    <div class="wrong">
      <Message tone={tone === "bad" ? "bad" : "warn"} title={word}>
        {before}
        {command !== undefined && <><code>{command}</code>{after} <CopyButton label="Copy command" text={command} plain /></>}
        {command !== undefined && <TryNow webhook={webhook.webhook} done={refresh} />}
      </Message>
    </div>
  );
}

function TryNow({ webhook, done }: { readonly webhook: string; readonly done: () => void }) {
  const [refused, setRefused] = useState<string | null>(null);
  if (session.use()?.readOnly) return null;
  const retry = async (): Promise<void> => {
    try {
      await post(`${webhookPath(webhook)}/probe`);
      setRefused(null);
      announce("It is tried now.");
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    }
    done();
  };
  return (
    <>
      <button class="button small" type="button" onClick={retry}><Icon name="again" /> Try now</button>
      {refused !== null && <p role="alert">{refused}</p>}
    </>
  );
}

function DeadLink({ webhook, number }: { readonly webhook: string; readonly number: number }) {
  return (
    <Link class="bad" href={withQuery("/dead-letters", { webhook })} aria-label={counted(number, "dead letter")}>{count(number)}</Link>
  );
}

function WebhookFigures({ webhook }: { readonly webhook: Webhook }) {
  const { webhook: key, lastInvocation: last, lastSuccessTime, consecutiveFailures, pending, inFlight, deadLettered, triggers } = webhook;
  return (
    <section class="panel figures" aria-label="Facts">
      <Facts>
        <Fact name="Last result" more={last && <Age time={last.time} spoken />}>
          {last ? <ResultBadge result={last.result} statusCode={last.statusCode} /> : "None yet"}
        </Fact>
        <Fact name="Last hour"><Sparkline slots={webhook.activity} seconds={webhook.activitySeconds} /></Fact>
        <Fact name="Failures in a row" more={lastSuccessTime && <>last success <Age time={lastSuccessTime} spoken /></>}>
          {count(consecutiveFailures)}
        </Fact>
        <Fact name="Waiting" more={`${count(inFlight)} under way`}>{count(pending)}</Fact>
        <Fact name="Dead letters">
          {deadLettered > 0 ? <DeadLink webhook={key} number={deadLettered} /> : "0"}
        </Fact>
        <Fact name="Triggers"><span class="triggers">{triggers.join(", ") || "None"}</span></Fact>
      </Facts>
    </section>
  );
}
