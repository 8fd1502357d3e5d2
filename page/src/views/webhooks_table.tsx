// The table of webhooks: a row for each, on a phone a card. What is wrong stands out, what is well stays quiet.
// Must not: ask for anything, know the address.
import { count, counted, duration } from "../format";
import { Age } from "../parts/age";
import { Column } from "../parts/column";
import { Dot } from "../parts/dot";
import { ResultBadge } from "../parts/result_badge";
import { Method } from "../parts/shown";
import { Sparkline } from "../parts/sparkline";
import { State } from "../parts/state";
import { go, Link } from "../router";
import { verdict } from "../standing";
import type { Sorting } from "../table";
import type { WebhookView } from "../types_webhooks";

interface Props {
  readonly webhooks: readonly WebhookView[];
  readonly sorting: Sorting;
  readonly onSort: (column: string) => void;
}

export function WebhooksTable({ webhooks, ...sorted }: Props) {
  return (
    <div class="panel">
      <table class="table webhooks" aria-label="Webhooks">
        <thead>
          <tr>
            <Column {...sorted} sort="attention" class="of-dot"><span class="attention">Attention</span></Column>
            <Column {...sorted} sort="name" class="of-name">Webhook</Column>
            <Column {...sorted} sort="host" class="of-target">Target</Column>
            <Column {...sorted} class="of-triggers">Triggers</Column>
            <Column {...sorted} sort="result" class="of-result">Last result</Column>
            <Column {...sorted} sort="time" class="of-time">When</Column>
            <Column {...sorted} class="of-activity">Last hour</Column>
            <Column {...sorted} sort="waiting" class="of-number">Waiting</Column>
            <Column {...sorted} sort="dead" class="of-number">Dead</Column>
          </tr>
        </thead>
        <tbody>
          {webhooks.map((webhook) => <Row key={webhook.webhook} webhook={webhook} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ webhook }: { readonly webhook: WebhookView }) {
  const last = webhook.lastInvocation;
  return (
    <tr onClick={(event) => openRow(event, addressOf(webhook))}>
      <td class="of-dot"><Dot webhook={webhook} /></td>
      <td class="of-name"><Name webhook={webhook} /></td>
      <td class="of-target">
        <Target webhook={webhook} />
      </td>
      <td class="of-triggers"><Triggers names={webhook.triggers} /></td>
      <td class="of-result">
        {last === null ? <span class="quiet">No delivery yet</span> : (
          <span class="row-result" title={last.message}>
            <ResultBadge result={last.result} statusCode={last.statusCode} />
            <span class="quiet numeric">{duration(last.durationMillis)}</span>
          </span>
        )}
      </td>
      <td class="of-time quiet">{last === null ? "–" : <Age time={last.time} />}</td>
      <td class="of-activity"><Sparkline slots={webhook.activity} seconds={webhook.activitySeconds} /></td>
      <td class="of-number"><Number number={webhook.pending} of="waiting" /></td>
      <td class="of-number"><Dead webhook={webhook} /></td>
    </tr>
  );
}

function addressOf({ webhook }: WebhookView): string {
  return `/webhooks/${webhook}`;
}

/** A click beside the links of a row is one on its name, unless somebody selects text. */
function openRow(event: MouseEvent, address: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || String(getSelection()) !== "") return;
  if (!(event.target as Element).closest("a")) go(address);
}

function Name({ webhook }: { readonly webhook: WebhookView }) {
  const name = webhook.displayName ?? webhook.webhook.split("/")[1];
  const well = verdict(webhook).word === "Running";
  return (
    <>
      <Link class="row-link cut" href={addressOf(webhook)}><bdi>{name}</bdi></Link>
      <span class="below" title={webhook.message === "" ? webhook.webhook : webhook.message}>
        <span class="cut">{webhook.webhook}</span>{!well && <span> · <State webhook={webhook} plain /></span>}
      </span>
    </>
  );
}

/** A host that is not known is in a Secret that is away; without a method nothing of it can be read. */
function Target({ webhook: { method, host } }: { readonly webhook: WebhookView }) {
  if (method === null) return <span class="quiet">–</span>;
  return (
    <span class="row-target">
      <Method name={method} />
      {host === null ? <span class="quiet">from a Secret</span> : <bdi class="cut" title={host}>{host}</bdi>}
    </span>
  );
}

function Triggers({ names }: { readonly names: readonly string[] }) {
  const [first, ...others] = names;
  if (first === undefined) return null;
  return (
    <span class="row-triggers" title={names.join(", ")}>
      <bdi class="tag cut">{first}</bdi>
      {others.length > 0 && <span class="quiet numeric">+{others.length}<span class="unseen"> more</span></span>}
    </span>
  );
}

/** A number; the word beside it is for cards, which have no heads of columns. */
function Number({ number, of }: { readonly number: number; readonly of: string }) {
  return <span class={number === 0 ? "quiet none" : undefined}>{count(number)}<span class="of-card"> {of}</span></span>;
}

function Dead({ webhook: { webhook, deadLettered } }: { readonly webhook: WebhookView }) {
  const of = deadLettered === 1 ? "dead letter" : "dead letters";
  if (deadLettered === 0) return <Number number={0} of={of} />;
  return (
    <Link class="dead-link" href={`/dead-letters?webhook=${encodeURIComponent(webhook)}`} title={`Dead letters of ${webhook}`}
      aria-label={`${counted(deadLettered, "dead letter")} of ${webhook}`}>
      {count(deadLettered)}<span class="of-card"> {of}</span>
    </Link>
  );
}
