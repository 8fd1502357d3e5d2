// What another attempt of the same delivery sent and got, against this one, line by line.
import { difference, type Fold, folded, type Line } from "../difference";
import { counted } from "../format";
import { useLive } from "../live";
import type { Invocation } from "../types_invocations";
import { written } from "../written";
import { Panel } from "./panel";
import { Shown } from "./shown";

const CONTEXT = 3; // lines around a change

interface Props {
  readonly shown: Invocation;
  /** The attempt that it is compared with, as it stands in the list: without what was sent. */
  readonly other: Invocation;
}

export function DifferencePanel({ shown, other }: Props) {
  const { data: whole } = useLive<Invocation>(`/invocations/${other.id}`, {}, 60);
  const [older, newer] = other.attempt < shown.attempt ? [whole, shown] : [shown, whole];
  const heads = [other.attempt, shown.attempt].sort((one, two) => one - two);
  return (
    <Panel title="Difference" level={3} actions={<span class="quiet">Attempt {heads[0]} <span aria-hidden="true">→</span><span class="unseen">against</span> {heads[1]}</span>}>
      {older && newer ? <Lines lines={folded(difference(written(older), written(newer)), CONTEXT)} /> : <p class="no-body quiet">Reading …</p>}
    </Panel>
  );
}

function Lines({ lines }: { readonly lines: readonly (Line | Fold)[] }) {
  return (
    <div class="difference" tabIndex={0} role="group" aria-label="Lines">
      {lines.map((line, place) => <Row key={place} line={line} />)}
    </div>
  );
}

function Row({ line }: { readonly line: Line | Fold }) {
  if (line.kind === "folded") return <div class="folded"><span class="sign" /><span>{counted(line.count, "equal line")}</span></div>;
  const text = <Shown text={line.text} />;
  if (line.kind === "added") return <ins><span class="sign">+</span>{text}</ins>;
  if (line.kind === "removed") return <del><span class="sign">−</span>{text}</del>;
  return <div><span class="sign" />{text}</div>;
}
