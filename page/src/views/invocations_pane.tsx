// Invocations and, beside the list, the one that the address names: of one webhook or of all.
// Filters and page stand in the query; on a phone the chosen one stands alone. Must not: know how one is shown.
import type { Query } from "../api";
import { useLive } from "../live";
import { Empty } from "../parts/empty";
import { InvocationList } from "../parts/invocation_list";
import { Message } from "../parts/message";
import { Panel } from "../parts/panel";
import { withQuery } from "../route";
import { Link, setQuery, useRoute } from "../router";
import type { Listed } from "../types";
import type { Invocation } from "../types_invocations";
import { InvocationDetail } from "./invocation_detail";

const SECONDS = 2;
const RESULTS = ["Delivered", "Retrying", "Rejected", "Gone", "Exhausted", "Test successful", "Test failed"];
const TIMES = [["15m", "Last 15 min"], ["1h", "Last hour"], ["24h", "Last day"]] as const;
const FILTERS = { result: null, kind: null, since: null, request: null, before: null };

interface Props {
  /** Of this webhook alone; null: of all. */
  readonly webhook: string | null;
  /** Where the list is, and where one is: below `one`. */
  readonly list: string;
  readonly one: string;
  /** The id in the address. */
  readonly chosen: string | null;
  /** How to send something, for whom nothing was sent yet. */
  readonly command: string;
}

export function InvocationsPane({ webhook, list, one, chosen, command }: Props) {
  const { query } = useRoute();
  const href = (id: string): string => withQuery(`${one}/${id}`, {}, query);
  const { data, problem, stale } = useLive<Listed<Invocation>>("/invocations", asked(webhook, query), SECONDS);
  return (
    <div class={chosen === null ? "split" : "split chosen"}>
      <Panel title="Invocations" class={stale ? "list stale" : "list"} actions={<Filters query={query} />}>
        {problem !== null && data === undefined && <Message tone="bad" role="alert">{problem.message}</Message>}
        {data !== undefined && data.items.length === 0 && <Nothing filtered={isFiltered(query)} more={Boolean(data.next)} command={command} />}
        {data !== undefined && <InvocationList items={data.items} current={chosen} href={href} several={webhook === null} />}
        <Pages query={query} next={data?.next ?? null} path={chosen === null ? list : `${one}/${chosen}`} />
      </Panel>
      {chosen === null ? (
        <Choose />
      ) : (
        <InvocationDetail key={chosen} id={chosen} list={withQuery(list, {}, query)} href={href} named={webhook === null} />
      )}
    </div>
  );
}

function asked(webhook: string | null, query: URLSearchParams): Query {
  const result = query.get("result");
  return {
    webhook,
    ...(result === "failed" ? { failed: true } : { result }),
    kind: query.get("kind"),
    since: query.get("since"),
    friendlyID: query.get("request"),
    before: query.get("before"),
    fields: "summary",
  };
}

function isFiltered(query: URLSearchParams): boolean {
  return Object.keys(FILTERS).some((name) => query.has(name));
}

function Filters({ query }: { readonly query: URLSearchParams }) {
  return (
    <div class="invocation-filters">
      <Choice name="result" label="Result" every="All" query={query}
        options={[["failed", "Failed"], ...RESULTS.map((result) => [result, result] as const)]} />
      <Choice name="kind" label="Kind" every="All kinds" query={query}
        options={[["Delivery", "Deliveries"], ["Manual", "Manual calls"], ["Test", "Tests"]]} />
      <Choice name="since" label="Time" every="Any time" query={query} options={TIMES} />
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  /** What is chosen while nothing is. */
  readonly every: string;
  readonly options: readonly (readonly [string, string])[];
  readonly query: URLSearchParams;
}

function Choice({ name, label, every, options, query }: ChoiceProps) {
  const chosen = query.get(name) ?? "";
  return (
    <select aria-label={label} value={chosen} onChange={(event) => setQuery({ [name]: event.currentTarget.value, before: null })}>
      <option value="">{every}</option>
      {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
    </select>
  );
}

interface NothingProps {
  readonly filtered: boolean;
  /** Whether older ones were not looked at yet. */
  readonly more: boolean;
  readonly command: string;
}

function Nothing({ filtered, more, command }: NothingProps) {
  if (more) return <Empty title="None of the newest fits">Older ones may: a page looks at a part of the history.</Empty>;
  if (filtered) {
    return (
      <Empty title="No invocation fits">
        <button class="button" type="button" onClick={() => setQuery(FILTERS)}>Show all</button>
      </Empty>
    );
  }
  return <Empty title="Nothing was sent yet">Send an event: <code>{command}</code></Empty>;
}

interface PagesProps {
  readonly query: URLSearchParams;
  readonly next: string | null;
  readonly path: string;
}

function Pages({ query, next, path }: PagesProps) {
  const older = query.has("before");
  if (!older && next === null) return null;
  return (
    <nav class="pages" aria-label="Pages of invocations">
      {older && <Link class="button small" href={withQuery(path, { before: null }, query)}>Newest</Link>}
      {next !== null && <Link class="button small" href={withQuery(path, { before: next }, query)}>Older</Link>}
    </nav>
  );
}

function Choose() {
  return (
    <div class="panel choose">
      <p class="quiet">Choose an invocation to see request, response and timings.</p>
    </div>
  );
}
