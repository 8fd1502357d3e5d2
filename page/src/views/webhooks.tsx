// The webhooks of all namespaces, those that need attention first: search, filters, pages, and a row for each.
// All that is chosen stands in the address; the dispatcher searches, sorts and counts.
import { Refused } from "../api";
import { type Live, useLive } from "../live";
import { type Chip, Chips } from "../parts/chips";
import { Empty } from "../parts/empty";
import { Message } from "../parts/message";
import { Pager } from "../parts/pager";
import { Search } from "../parts/search";
import { Title } from "../parts/title";
import { withQuery } from "../route";
import { go, setQuery, useRoute } from "../router";
import { sortedBy, sortingOf } from "../table";
import type { WebhookPage } from "../types_webhooks";
import { WebhooksTable } from "./webhooks_table";

const ROWS = 50;
const USUAL = "attention";
const STATES: readonly (readonly [string, string])[] = [
  ["failing", "Failing"],
  ["open", "Circuit open"],
  ["held", "Held"],
  ["gone", "Gone"],
  ["dead", "Dead letters"],
  ["inactive", "Inactive"],
];

export function WebhooksView() {
  const { query } = useRoute();
  const asked = (name: string): string => query.get(name) ?? "";
  const { by, direction } = sortingOf(query, USUAL);
  const live = useLive<WebhookPage>("/webhooks", {
    q: asked("q"), namespace: asked("namespace"), state: asked("state"), sort: by,
    order: direction === "descending" ? "desc" : "", after: asked("after"), limit: ROWS,
  });
  return (
    <>
      <div class="view-head"><Title name="Webhooks" /></div>
      <Filters query={query} page={live.data} />
      <Found query={query} live={live} />
    </>
  );
}

interface Asked {
  readonly query: URLSearchParams;
}

function Filters({ query, page }: Asked & { readonly page: WebhookPage | undefined }) {
  const state = query.get("state") ?? "";
  return (
    <div class="webhook-filters">
      <Search label="Search webhooks" placeholder="Name, host or display name" value={query.get("q") ?? ""}
        onInput={(q) => setQuery({ q, after: null })} />
      <Namespaces chosen={query.get("namespace") ?? ""} counts={page?.namespaces ?? {}} />
      <Chips label="State" chips={chips(state, page?.counts)} chosen={state}
        onChoose={(chosen) => setQuery({ state: chosen, after: null })} />
    </div>
  );
}

/** All, and the states that some are in; the chosen one also when none is. */
function chips(chosen: string, counts: WebhookPage["counts"] | undefined): readonly Chip[] {
  const some = STATES.filter(([value]) => value === chosen || (counts?.[value] ?? 0) > 0);
  return [
    { value: "", text: "All", count: counts?.["all"] },
    ...some.map(([value, text]) => ({ value, text, count: counts?.[value] })),
  ];
}

interface NamespacesProps {
  readonly chosen: string;
  readonly counts: WebhookPage["namespaces"];
}

function Namespaces({ chosen, counts }: NamespacesProps) {
  const names = Object.keys(counts);
  if (chosen !== "" && !names.includes(chosen)) names.unshift(chosen);
  return (
    <select aria-label="Namespace" value={chosen}
      onChange={(event) => setQuery({ namespace: event.currentTarget.value, after: null })}>
      <option value="">All namespaces</option>
      {names.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}

function Found({ query, live }: Asked & { readonly live: Live<WebhookPage> }) {
  const { data, problem, stale } = live;
  if (problem instanceof Refused && (data === undefined || stale)) return <NotUnderstood problem={problem} />;
  if (data === undefined) return <div class="panel webhooks-awaited" aria-busy="true" />;
  if (data.total === 0) return <div class="panel">{isNarrowed(query) ? <NothingFits /> : <NoWebhook />}</div>;
  const sorting = sortingOf(query, USUAL);
  const turn = (after: string): void => go(withQuery("/", { after }, query));
  return (
    <div class={stale ? "webhooks-stale" : undefined} aria-busy={stale}>
      <WebhooksTable webhooks={data.items} sorting={sorting} onSort={(by) => setQuery(sortedBy(by, sorting, USUAL))} />
      <Pager skipped={data.skipped} shown={data.items.length} total={data.total} previous={data.previous}
        next={data.next ?? null} onGo={turn} />
    </div>
  );
}

function isNarrowed(query: URLSearchParams): boolean {
  return ["q", "namespace", "state"].some((name) => query.has(name));
}

function NothingFits() {
  return <Empty title="No webhook fits"><ShowAll /></Empty>;
}

function NoWebhook() {
  return (
    <Empty title="There is no webhook yet">
      <p>Apply one: <code>kubectl apply -f webhook.yaml</code></p>
      <p>With <code>hookwright dev</code>, save one in its folder.</p>
    </Empty>
  );
}

function NotUnderstood({ problem }: { readonly problem: Refused }) {
  return (
    <>
      <Message tone="bad" role="alert">{problem.message}</Message>
      <Empty title="This address cannot be shown"><ShowAll /></Empty>
    </>
  );
}

function ShowAll() {
  return <button class="button" type="button" onClick={() => go("/")}>Show all</button>;
}
