// The dead letters of one webhook with one reason, each by itself, the newest first; a page of them at a time.
import { Refused } from "../api";
import { useLive } from "../live";
import { Age } from "../parts/age";
import { Icon } from "../parts/icon";
import { Message } from "../parts/message";
import { Panel } from "../parts/panel";
import { withQuery } from "../route";
import { Link, useRoute } from "../router";
import type { Listed } from "../types";
import type { DeadLetter } from "../types_dead_letters";
import type { Chosen } from "./dead_letters";

const ROWS = 50;

interface Props {
  readonly webhook: string;
  readonly reason: string;
  /** Null: nothing may be replayed. */
  readonly onReplay: ((chosen: Chosen) => void) | null;
}

export function Letters({ webhook, reason, onReplay }: Props) {
  const { query } = useRoute();
  const before = query.get("before");
  const { data, problem } = useLive<Listed<DeadLetter>>("/dead-letters", { webhook, reason, before, limit: ROWS });
  if (problem instanceof Refused) return <Message tone="bad" role="alert">{problem.message}</Message>;
  if (data === undefined || data.items.length === 0) return null;
  const page = (position: string | null): string => withQuery("/dead-letters", { before: position }, query);
  return (
    <Panel title="Letters" class="dead-single">
      <ul>
        {data.items.map((letter) => <Letter key={letter.id} letter={letter} onReplay={onReplay} />)}
      </ul>
      {(data.next || before !== null) && (
        <nav class="pages" aria-label="Pages of letters">
          {before !== null && <Link class="button small" href={page(null)}><Icon name="left" /> Newest</Link>}
          {data.next && <Link class="button small" href={page(data.next)}>Older <Icon name="right" /></Link>}
        </nav>
      )}
    </Panel>
  );
}

function Letter({ letter, onReplay }: { readonly letter: DeadLetter; readonly onReplay: Props["onReplay"] }) {
  const { id, webhook } = letter;
  return (
    <li>
      <div class="letter-what">
        <div class="letter-line">
          <Link class="mono" href={`/webhooks/${webhook}/invocations/${id}`}>{id}</Link>
          <span class="quiet">{letter.trigger ?? "no trigger"}</span>
        </div>
        <p class="quiet small">{letter.message}</p>
      </div>
      <div class="letter-when quiet small">
        <Age time={letter.time} spoken />
        <span>{letter.attempts === 1 ? "1 attempt" : `${letter.attempts} attempts`}</span>
      </div>
      {onReplay !== null && (
        <button class="button small" type="button" aria-label={`Replay ${id}`}
          onClick={() => onReplay({ chosen: { ids: [id] }, whose: webhook })}>
          <Icon name="again" /> Replay
        </button>
      )}
    </li>
  );
}
