// One invocation: what came of it and what to check, where its delivery stands, all attempts, timings, request, response.
// The attempt itself never changes; its delivery does, so that is what is asked for again and again.
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { post, Refused } from "../api";
import { curl } from "../curl";
import { duration, span } from "../format";
import { now, useLive } from "../live";
import { Age } from "../parts/age";
import { announce } from "../parts/announce";
import { Attempts } from "../parts/attempts";
import { Code } from "../parts/code";
import { CopyButton } from "../parts/copy_button";
import { DifferencePanel } from "../parts/difference_panel";
import { Empty } from "../parts/empty";
import { Exchange } from "../parts/exchange";
import { Fact, Facts } from "../parts/facts";
import { Icon } from "../parts/icon";
import { Message } from "../parts/message";
import { ResultBadge } from "../parts/result_badge";
import { Title } from "../parts/title";
import { Validators } from "../parts/validators";
import { Waterfall } from "../parts/waterfall";
import { withQuery } from "../route";
import { Link } from "../router";
import { session } from "../session";
import type { Delivery, Invocation } from "../types_invocations";

const DELIVERY_SECONDS = 3;
const RECORD_SECONDS = 60; // it does not change, but it may leave the history

interface Props {
  /** Of an invocation, or of a delivery: its latest. */
  readonly id: string;
  /** Back to the list alone. */
  readonly list: string;
  /** Where another one is shown. */
  readonly href: (id: string) => string;
  /** Name its webhook: the view is not that one's. */
  readonly named: boolean;
}

export function InvocationDetail({ id, list, href, named }: Props) {
  const path = encodeURIComponent(id);
  const { data, problem } = useLive<Invocation>(`/invocations/${path}`, {}, RECORD_SECONDS);
  const delivery = useLive<Delivery>(`/deliveries/${path}`, {}, DELIVERY_SECONDS);
  return (
    <section class="panel detail" aria-label="Invocation">
      <Link class="back" href={list}><Icon name="left" /> All invocations</Link>
      {problem instanceof Refused && data === undefined && <NotThere status={problem.status} message={problem.message} />}
      {data !== undefined && named && (
        <p class="detail-of">Of <Link href={`/webhooks/${data.webhook}`}>{data.webhook}</Link></p>
      )}
      {data !== undefined && <Whole invocation={data} delivery={delivery.data} refresh={delivery.refresh} href={href} />}
    </section>
  );
}

function NotThere({ status, message }: { readonly status: number; readonly message: string }) {
  return (
    <>
      <Title level={2} name={status === 404 ? "There is no such invocation" : "It cannot be shown now"} />
      <Empty title="">{message}</Empty>
    </>
  );
}

interface WholeProps {
  readonly invocation: Invocation;
  readonly delivery: Delivery | undefined;
  readonly refresh: () => void;
  readonly href: (id: string) => string;
}

function Whole({ invocation, delivery, refresh, href }: WholeProps) {
  const attempts = delivery?.attempts ?? [];
  const other = neighbour(attempts, invocation);
  const [compared, setCompared] = useState(false);
  return (
    <>
      <Head invocation={invocation} delivery={delivery} refresh={refresh} />
      <p class="sentence">{invocation.message || "The target took it."}</p>
      {invocation.hint && <Message tone="info" title="Tip">{invocation.hint}</Message>}
      <DetailFacts invocation={invocation} delivery={delivery} />
      {attempts.length > 1 && <Attempts attempts={attempts} current={invocation.id} href={href} />}
      <Waterfall timings={invocation.timings} />
      <Validators results={invocation.validators} />
      {other !== undefined && (
        <div>
          <button class="button" type="button" aria-pressed={compared} onClick={() => setCompared(!compared)}>
            Compare with attempt {other.attempt}
          </button>
        </div>
      )}
      {compared && other !== undefined && <DifferencePanel shown={invocation} other={other} />}
      <Exchange invocation={invocation} />
      {delivery !== undefined && invocation.kind === "Delivery" && <EventPart delivery={delivery} />}
    </>
  );
}

/** The attempt before it, of the first one the one behind. */
function neighbour(attempts: readonly Invocation[], shown: Invocation): Invocation | undefined {
  const place = attempts.findIndex(({ id }) => id === shown.id);
  return place < 0 ? undefined : (attempts[place - 1] ?? attempts[place + 1]);
}

interface HeadProps {
  readonly invocation: Invocation;
  readonly delivery: Delivery | undefined;
  readonly refresh: () => void;
}

function Head({ invocation, delivery, refresh }: HeadProps) {
  const { result, trigger, friendlyID, response, request, webhook } = invocation;
  const name = [trigger ?? "No trigger", friendlyID].filter(Boolean).join(" · ");
  const event = delivery?.eventGone === false ? { delivery: delivery.id } : { trigger };
  return (
    <div class="detail-head">
      <Title level={2} name={`${result} ${name}`}>
        <ResultBadge result={result} statusCode={response?.statusCode} /> <bdi>{name}</bdi>
      </Title>
      <div class="actions">
        {delivery?.state === "dead" && delivery.event !== null && <Replay delivery={delivery} done={refresh} />}
        {request !== null && <CopyButton label="Copy as curl" text={() => curl(request)} />}
        <Link class="button small" href={withQuery(`/webhooks/${webhook}/workbench`, event)}>
          <Icon name="flask" /> Open in workbench
        </Link>
      </div>
    </div>
  );
}

function Replay({ delivery, done }: { readonly delivery: Delivery; readonly done: () => void }) {
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => () => {
    if (document.activeElement === button.current) button.current?.closest("section")?.querySelector("h2")?.focus();
  }, []);
  if (session.use()?.readOnly) return null;
  const replay = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await post("/replays", { ids: [delivery.id] });
      announce("It waits again, and is tried anew.");
    } catch (error) {
      announce(error instanceof Error ? error.message : "It could not be replayed.");
    }
    setBusy(false);
    done();
  };
  return (
    <button ref={button} class="button small" type="button" aria-disabled={busy} onClick={replay}>
      <Icon name="again" /> Replay
    </button>
  );
}

function DetailFacts({ invocation, delivery }: { readonly invocation: Invocation; readonly delivery: Delivery | undefined }) {
  const id = invocation.id.split(".")[0]!;
  return (
    <Facts>
      <Fact name="Began" more={<span class="mono">{invocation.time}</span>}><Age time={invocation.time} spoken /></Fact>
      <Fact name="Took">{duration(invocation.timings.total)}</Fact>
      {invocation.kind === "Delivery" ? <DeliveryFact delivery={delivery} /> : <Fact name="Kind">{KINDS[invocation.kind] ?? invocation.kind}</Fact>}
      <Fact name="webhook-id">
        <span class="id"><span class="mono cut" title={id}>{id}</span> <CopyButton label="Copy id" text={id} plain /></span>
      </Fact>
    </Facts>
  );
}

const KINDS: Readonly<Record<string, string>> = { Manual: "Manual call", Test: "Test" };
const STATES: Readonly<Record<string, string>> = {
  waiting: "Waiting", running: "Under way", delivered: "Delivered", dead: "Dead letter",
};

function DeliveryFact({ delivery }: { readonly delivery: Delivery | undefined }) {
  const present = now.use();
  if (delivery === undefined) return <Fact name="Delivery">…</Fact>;
  const { state, reason, nextAttemptTime, waitsFor } = delivery;
  const left = nextAttemptTime === null ? 0 : Date.parse(nextAttemptTime) - present;
  const next = nextAttemptTime === null ? waitsFor : left < 1000 ? "next attempt now" : `next attempt in ${span(left)}`;
  return <Fact name="Delivery" more={state === "dead" ? reason : next}>{STATES[state] ?? state}</Fact>;
}

function EventPart({ delivery: { event, eventGone } }: { readonly delivery: Delivery }) {
  return (
    <details class="panel event">
      <summary>Event as it was accepted</summary>
      {eventGone ? (
        <p class="no-body quiet">It is kept until its last delivery is done, and with dead letters.</p>
      ) : (
        <Code text={JSON.stringify(event)} label="Event" />
      )}
    </details>
  );
}
