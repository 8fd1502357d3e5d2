// Puts a text into the clipboard, and says so where it stands and to a screen reader.
import { useState } from "preact/hooks";

import { announce } from "./announce";
import { Icon } from "./icon";

const SHOWN_MS = 2000;

interface Props {
  /** The button's name, "Copy id". */
  readonly label: string;
  /** The text, or what makes it when it is asked for. */
  readonly text: string | (() => string | Promise<string>);
  /** Without a frame, for use within a line or a panel's head. */
  readonly plain?: boolean;
}

export function CopyButton({ label, text, plain = false }: Props) {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    const fine = await write(typeof text === "string" ? text : await text());
    announce(fine ? "Copied." : "This browser does not let the page copy.");
    setDone(fine);
    if (fine) setTimeout(() => setDone(false), SHOWN_MS);
  };
  return (
    <button class={`button small${plain ? " plain" : ""}`} type="button" aria-label={label} onClick={copy}>
      <Icon name={done ? "check" : "copy"} />
      <span>{label}</span>
    </button>
  );
}

/** A clipboard is there only where the page comes over TLS or from this machine. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
