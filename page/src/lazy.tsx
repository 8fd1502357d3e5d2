// Views that are loaded when they are needed, so that nobody waits for the others. What was loaded is kept; what could
// not be, as the dispatcher was gone, is loaded when that is back.
// Must not: know which views there are.
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { lost } from "./live";
import { Message } from "./parts/message";

export interface Lazy<P> {
  (props: P): JSX.Element | null;
  /** Begin to load it, where it is known earlier that it comes. */
  load(): void;
}

/** A view in place of which nothing is drawn until it is there. */
export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): Lazy<P> {
  let coming: Promise<void> | undefined;
  let View: FunctionComponent<P> | undefined;
  const begin = (): Promise<void> => (coming ??= load().then((loaded) => void (View = loaded)).finally(() => (coming = undefined)));

  function Later(props: P): JSX.Element | null {
    const [state, setState] = useState("coming");
    const away = lost.use() !== null;
    useEffect(() => {
      if (View !== undefined || away) return;
      setState("coming");
      begin().then(() => setState("there"), () => setState("failed"));
    }, [away]);
    if (View !== undefined) return <View {...props} />;
    return state === "failed" && !away ? <NotLoaded /> : null;
  }
  return Object.assign(Later, { load: () => void begin().catch(() => {}) });
}

function NotLoaded() {
  return (
    <Message tone="bad" title="Not loaded" role="alert">
      This part of the page did not come; perhaps another version runs now.{" "}
      <button class="button small" type="button" onClick={() => location.reload()}>Load the page anew</button>
    </Message>
  );
}
