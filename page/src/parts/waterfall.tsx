// Where the time of an attempt went: a bar a phase, one behind the other. Its name says the same in words.
import { duration } from "../format";
import { keptConnection, type Phase, phases, spokenTimings } from "../phases";
import type { Timings } from "../types_invocations";

const WIDTH = 1000; // of the drawing, whatever the screen's
const LEAST = 4; // of a bar, so that none disappears

export function Waterfall({ timings }: { readonly timings: Timings }) {
  const found = phases(timings);
  const end = found.reduce((most, { from, took }) => Math.max(most, from + took), 0) || 1;
  return (
    <figure class="waterfall" aria-label={spokenTimings(timings)}>
      {found.map((phase) => (
        <Row key={phase.name} phase={phase} end={end} />
      ))}
      <div class="waterfall-row total">
        <span>In all</span>
        <span class="quiet">{keptConnection(timings) && "over a kept connection: no DNS, connect or TLS"}</span>
        <span class="numeric right">{duration(timings.total)}</span>
      </div>
    </figure>
  );
}

function Row({ phase: { name, from, took }, end }: { readonly phase: Phase; readonly end: number }) {
  const width = Math.max(LEAST, (took / end) * WIDTH);
  const left = Math.min((from / end) * WIDTH, WIDTH - width);
  return (
    <div class="waterfall-row">
      <span>{name}</span>
      <svg viewBox={`0 0 ${WIDTH} 8`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="lane" width={WIDTH} height="8" rx="2" />
        <rect class="bar" x={left} width={width} height="8" rx="2" />
      </svg>
      <span class="numeric right">{duration(took)}</span>
    </div>
  );
}
