// One row per webhook and reason: how many, what the newest says, when the newest and the oldest died, Replay.
import { count, counted } from "../format";
import { Age } from "../parts/age";
import { Icon } from "../parts/icon";
import { justAfter } from "../replaying";
import { withQuery } from "../route";
import { Link } from "../router";
import type { DeadGroup } from "../types_dead_letters";
import type { Chosen } from "./dead_letters";

interface Props {
  readonly groups: readonly DeadGroup[];
  /** Null: nothing may be replayed. */
  readonly onReplay: ((chosen: Chosen) => void) | null;
}

export function GroupsTable({ groups, onReplay }: Props) {
  return (
    <div class="panel">
      <table class="table dead" role="table" aria-label="Dead letters">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" class="d-name">Webhook</th>
            <th role="columnheader" class="d-reason">Reason</th>
            <th role="columnheader" class="d-count right">Letters</th>
            <th role="columnheader">Latest message</th>
            <th role="columnheader" class="d-time">Newest</th>
            <th role="columnheader" class="d-time">Oldest</th>
            {onReplay !== null && <th role="columnheader" class="d-act"><span class="unseen">Replay</span></th>}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {groups.map((group) => <Row key={`${group.webhook} ${group.reason}`} group={group} onReplay={onReplay} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ group, onReplay }: { readonly group: DeadGroup; readonly onReplay: Props["onReplay"] }) {
  const { webhook, reason } = group;
  return (
    <tr role="row">
      <td role="cell" class="d-name"><Link href={withQuery("/dead-letters", { webhook, reason })}>{webhook}</Link></td>
      <td role="cell" class="d-reason"><span class="badge bad">{reason}</span></td>
      <td role="cell" class="d-count right numeric">
        {count(group.count)}<span class="d-unit"> {group.count === 1 ? "letter" : "letters"}</span>
      </td>
      <td role="cell" class="d-message quiet"><span title={group.message}>{group.message}</span></td>
      <td role="cell" class="d-time quiet"><span class="d-word">newest </span><Age time={group.newest} spoken /></td>
      <td role="cell" class="d-time quiet"><span class="d-word">oldest </span><Age time={group.oldest} spoken /></td>
      {onReplay !== null && <td role="cell" class="d-act"><ReplayGroup group={group} onReplay={onReplay} /></td>}
    </tr>
  );
}

interface ReplayGroupProps {
  readonly group: DeadGroup;
  readonly onReplay: (chosen: Chosen) => void;
}

function ReplayGroup({ group, onReplay }: ReplayGroupProps) {
  const { webhook, reason, newest } = group;
  const whose = `${webhook}, ${reason}`;
  return (
    <button class="button small" type="button" aria-label={`Replay ${counted(group.count, "dead letter")} of ${whose}`}
      onClick={() => onReplay({ chosen: { webhook, reason, until: justAfter(newest) }, whose })}>
      <Icon name="again" /> Replay
    </button>
  );
}
