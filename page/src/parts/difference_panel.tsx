// What another attempt of the same delivery sent and got, against this one, line by line.
import { difference, type Line } from "../difference";
import { useLive } from "../live";
import type { Invocation } from "../types_invocations";
import { written } from "../written";
import { Panel } from "./panel";

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
    <Panel title="Difference" level={3} actions={<span class="quiet">Attempt {heads[0]} → {heads[1]}</span>}>
      {older && newer ? <Lines lines={difference(written(older), written(newer))} /> : <p class="no-body quiet">Reading …</p>}
    </Panel>
  );
}

function Lines({ lines }: { readonly lines: readonly Line[] }) {
  return (
    <div class="difference mono" tabIndex={0} role="group" aria-label="Lines">
      {lines.map((line, place) => <Row key={place} line={line} />)}
    </div>
  );
}

function Row({ line: { kind, text } }: { readonly line: Line }) {
  if (kind === "added") return <ins><span class="sign">+</span><span>{text}</span></ins>;
  if (kind === "removed") return <del><span class="sign">−</span><span>{text}</span></del>;
  return <div><span class="sign" /><span>{text}</span></div>;
}
