// Dead letters: how many of which webhook for which reason, the one that came last first; of one group, each letter.
// Webhook and reason stand in the address.
import { useState } from "preact/hooks";

import { Refused } from "../api";
import { type Live, useLive } from "../live";
import { Empty } from "../parts/empty";
import { Icon } from "../parts/icon";
import { Message } from "../parts/message";
import { ReplayDialog } from "../parts/replay_dialog";
import { Title } from "../parts/title";
import { justAfter } from "../replaying";
import { withQuery } from "../route";
import { Link, useRoute } from "../router";
import { session } from "../session";
import type { Listed } from "../types";
import type { DeadGroup, Replays } from "../types_dead_letters";
import { GroupsTable } from "./dead_groups";
import { Letters } from "./dead_letters_single";

const ROWS = 50;

/** What somebody is about to replay. */
export interface Chosen {
  readonly chosen: Replays;
  readonly whose: string;
}

export function DeadLettersView() {
  const { query } = useRoute();
  const webhook = query.get("webhook") ?? "";
  const reason = query.get("reason") ?? "";
  const [asked, setAsked] = useState<Chosen | null>(null);
  const live = useLive<Listed<DeadGroup>>("/dead-letters/groups", {
    webhook, reason, before: query.get("groups") ?? "", limit: ROWS,
  });
  const mayReplay = !session.use()?.readOnly;
  const close = (): void => {
    setAsked(null);
    live.refresh();
  };
  return (
    <>
      <div class="view-head">
        <div>
          <Title name="Dead letters" tab={["Dead letters", webhook, reason].filter(Boolean).join(" · ")} />
          <Narrowed webhook={webhook} reason={reason} />
        </div>
        {mayReplay && <ReplayAll groups={live.data?.items ?? []} webhook={webhook} reason={reason} onReplay={setAsked} />}
      </div>
      <Found live={live} query={query} onReplay={mayReplay ? setAsked : null} />
      {webhook !== "" && reason !== "" && <Letters webhook={webhook} reason={reason} onReplay={mayReplay ? setAsked : null} />}
      {asked !== null && <ReplayDialog {...asked} onClose={close} />}
    </>
  );
}

interface Narrow {
  readonly webhook: string;
  readonly reason: string;
}

function Narrowed({ webhook, reason }: Narrow) {
  if (webhook === "" && reason === "") return null;
  return (
    <p class="quiet narrowed">
      {[webhook, reason].filter(Boolean).join(", ")} · <Link href="/dead-letters">Show all</Link>
    </p>
  );
}

interface ReplayAllProps extends Narrow {
  readonly groups: readonly DeadGroup[];
  readonly onReplay: (chosen: Chosen) => void;
}

/** All that fit the address, as of the newest that is shown: what dies later is not meant. */
function ReplayAll({ groups, webhook, reason, onReplay }: ReplayAllProps) {
  const newest = groups.reduce((latest, group) => (group.newest > latest ? group.newest : latest), "");
  if (newest === "") return null;
  const narrow = { ...(webhook !== "" && { webhook }), ...(reason !== "" && { reason }) };
  const whose = webhook === "" ? "all webhooks" : webhook;
  const chosen = { chosen: { ...narrow, until: justAfter(newest) }, whose: reason === "" ? whose : `${whose}, ${reason}` };
  return (
    <button class="button primary" type="button" onClick={() => onReplay(chosen)}>
      <Icon name="again" /> Replay all
    </button>
  );
}

interface FoundProps {
  readonly live: Live<Listed<DeadGroup>>;
  readonly query: URLSearchParams;
  readonly onReplay: ((chosen: Chosen) => void) | null;
}

function Found({ live: { data, problem, stale }, query, onReplay }: FoundProps) {
  if (problem instanceof Refused && (data === undefined || stale)) {
    return <Message tone="bad" role="alert">{problem.message}</Message>;
  }
  if (data === undefined) return <div class="panel waiting" aria-busy="true" />;
  if (data.items.length === 0) return <div class="panel"><Nothing narrowed={query.toString() !== ""} /></div>;
  const page = (groups: string | null): string => withQuery("/dead-letters", { groups }, query);
  return (
    <div class={stale ? "stale" : undefined} aria-busy={stale}>
      <GroupsTable groups={data.items} onReplay={onReplay} />
      {(data.next || query.has("groups")) && (
        <nav class="pages" aria-label="Pages">
          {query.has("groups") && <Link class="button small" href={page(null)}><Icon name="left" /> Newest</Link>}
          {data.next && <Link class="button small" href={page(data.next)}>Older <Icon name="right" /></Link>}
        </nav>
      )}
    </div>
  );
}

function Nothing({ narrowed }: { readonly narrowed: boolean }) {
  if (narrowed) return <Empty title="No dead letter fits"><Link class="button" href="/dead-letters">Show all</Link></Empty>;
  return (
    <Empty title="There is no dead letter">
      <p>A delivery that cannot succeed, or did not in time, is kept here with its event, to be sent once more.</p>
    </Empty>
  );
}
