// All attempts of a delivery as a chain, each a link, and between two how long it waited.
import { span } from "../format";
import { Link } from "../router";
import type { Invocation } from "../types_invocations";
import { look } from "./result_badge";

interface Props {
  readonly attempts: readonly Invocation[];
  /** The id of the one that is shown. */
  readonly current: string;
  readonly href: (id: string) => string;
}

export function Attempts({ attempts, current, href }: Props) {
  return (
    <nav class="attempts" aria-label="Attempts">
      <ol>
        {attempts.map((one, place) => (
          <li key={one.id}>
            {place > 0 && <span class="quiet small">{gap(attempts[place - 1]!, one)} later</span>}
            <Link class="attempt" href={href(one.id)} aria-current={one.id === current ? "true" : undefined}>
              <span class={`attempt-mark ${look(one.result).tone}`} />
              <span class="unseen">Attempt </span>
              <b>{one.attempt}</b><span class="unseen">: </span>
              <span>{one.response?.statusCode ?? "no answer"}</span>
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function gap(before: Invocation, after: Invocation): string {
  const waited = Date.parse(after.time) - Date.parse(before.time);
  return waited < 9_950 ? `${(Math.max(0, waited) / 1000).toFixed(1)} s` : span(waited);
}
