// Replaying dead letters: how many and of whom first, then how far it is, then what came of it. Closing it stops it.
// Must not: choose which.
import { useEffect, useRef, useState } from "preact/hooks";

import { post, Refused, Unreachable } from "../api";
import { count, counted } from "../format";
import { type Ask, howMany, replay } from "../replaying";
import { Link } from "../router";
import type { Replays } from "../types_dead_letters";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Message } from "./message";

interface Props {
  readonly chosen: Replays;
  /** Of whom, as it stands after "3 dead letters of". */
  readonly whose: string;
  readonly onClose: () => void;
}

interface State {
  readonly phase: "asking" | "running" | "over";
  /** How many there are; undefined: not counted yet. */
  readonly total?: number;
  readonly done: number;
  readonly problem?: string;
}

const ask: Ask = (body) => post("/replays", body);

export function ReplayDialog({ chosen, whose, onClose }: Props) {
  const { state, begin, stop } = useReplay(chosen);
  const foot = <Foot state={state} onBegin={begin} onCancel={state.phase === "running" ? stop : onClose} onClose={onClose} />;
  return (
    <Dialog title="Replay dead letters" onClose={onClose} foot={foot}>
      {state.phase === "asking" ? <Question total={state.total} whose={whose} /> : <Bar state={state} />}
      <div role="status" class="replay-status">
        {state.phase === "over" && `Replayed ${counted(state.done, "dead letter")}`}
      </div>
      {state.phase === "over" && <Afterwards state={state} />}
      {state.problem !== undefined && <Message tone="bad" title="Stopped" role="alert">{state.problem}</Message>}
    </Dialog>
  );
}

function useReplay(chosen: Replays) {
  const [state, setState] = useState<State>({ phase: "asking", done: 0 });
  const stopped = useRef(new AbortController());
  const change = (part: Partial<State>): void => setState((old) => ({ ...old, ...part }));
  useEffect(() => {
    howMany(ask, chosen).then((total) => change({ total }), (error: unknown) => change({ problem: sentence(error) }));
    return () => stopped.current.abort();
  }, []);
  const begin = async (): Promise<void> => {
    change({ phase: "running" });
    try {
      await replay(ask, chosen, state.total ?? 0, stopped.current.signal, (done) => change({ done }));
    } catch (error) {
      change({ problem: sentence(error) });
    }
    change({ phase: "over" });
  };
  return { state, begin: () => void begin(), stop: () => stopped.current.abort() };
}

function sentence(error: unknown): string {
  if (error instanceof Refused || error instanceof Unreachable) return error.message;
  throw error;
}

function Question({ total, whose }: { readonly total: number | undefined; readonly whose: string }) {
  const many = total === undefined ? "Dead letters" : counted(total, "dead letter");
  return (
    <>
      <p class="replay-whose"><strong>{many}</strong> of <strong>{whose}</strong></p>
      <p class="quiet">
        Each waits again and is sent as its webhook is now, with the <code>webhook-id</code> it had. A target that took one of
        them before may see that event twice: it knows it by its <code>webhook-id</code>.
      </p>
    </>
  );
}

function Bar({ state }: { readonly state: State }) {
  const total = Math.max(state.total ?? 0, state.done);
  return (
    <div class="replay-bar">
      <progress aria-label="Replayed" max={Math.max(1, total)} value={state.done} />
      <span class="numeric quiet">{count(state.done)} of {count(total)}</span>
    </div>
  );
}

function Afterwards({ state }: { readonly state: State }) {
  const left = Math.max(0, (state.total ?? 0) - state.done);
  return (
    <p class="quiet">
      {left > 0 && `${counted(left, "dead letter")} stayed as they were. `}
      What becomes of those that were replayed stands under <Link href="/invocations">Invocations</Link>.
    </p>
  );
}

interface FootProps {
  readonly state: State;
  readonly onBegin: () => void;
  readonly onCancel: () => void;
  readonly onClose: () => void;
}

function Foot({ state, onBegin, onCancel, onClose }: FootProps) {
  if (state.phase === "over") return <button class="button primary" type="button" onClick={onClose}>Done</button>;
  return (
    <>
      <button class="button" type="button" onClick={onCancel}>Cancel</button>
      {state.phase === "asking" && (
        <button class="button primary" type="button" disabled={!state.total} onClick={onBegin}>
          <Icon name="again" /> Replay {count(state.total ?? 0)}
        </button>
      )}
    </>
  );
}
