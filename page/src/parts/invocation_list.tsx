// Invocations, the newest first, each a link that opens it beside the list.
import { duration } from "../format";
import { Link } from "../router";
import type { Invocation } from "../types_invocations";
import { Age } from "./age";
import { ResultBadge } from "./result_badge";

interface Props {
  readonly items: readonly Invocation[];
  /** The id in the address: of an invocation, or of a delivery whose latest is shown. */
  readonly current: string | null;
  readonly href: (id: string) => string;
  /** Name the webhook of each: the list is of several. */
  readonly several: boolean;
}

export function InvocationList({ items, current, href, several }: Props) {
  if (items.length === 0) return null;
  const place = items.findIndex(({ id }) => id === current || id.startsWith(`${current}.`));
  return (
    <ul class="invocations">
      {items.map((one, at) => (
        <li key={one.id}>
          <Link href={href(one.id)} aria-current={at === place ? "true" : undefined}>
            <ResultBadge result={one.result} statusCode={one.response?.statusCode} />
            <span class="invocation-name cut">
              {one.trigger ?? "No trigger"}
              {one.friendlyID !== null && <span class="quiet"> · <bdi>{one.friendlyID}</bdi></span>}
            </span>
            <span class="quiet invocation-age"><Age time={one.time} /></span>
            <span class="invocation-more quiet small cut">{more(one, several)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function more(one: Invocation, several: boolean): string {
  const parts = [duration(one.timings.total)];
  if (one.attempt > 1) parts.unshift(`attempt ${one.attempt}`);
  if (one.kind === "Manual") parts.unshift("manual call");
  if (several) parts.unshift(one.webhook);
  if (one.result !== "Delivered" && one.message) parts.push(one.message);
  return parts.join(" · ");
}
