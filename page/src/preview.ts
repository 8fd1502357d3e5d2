// What the dispatcher says of a template while it is typed: asked a moment after the last change, the question before
// given up. The last request that could be made is kept, for while there is a problem.
import { useEffect, useState } from "preact/hooks";

import { post, Refused, Unreachable } from "./api";
import type { Json, Preview, PreviewRequest } from "./types_workbench";

const PAUSE_MS = 150; // after the last change, so that a word typed quickly is one question

export interface Wanted {
  readonly webhook: string;
  readonly bodyTemplate?: string;
  readonly event: Json;
}

export interface Previewed {
  readonly preview: Preview | null;
  /** The template that it is about. */
  readonly bodyTemplate: string | undefined;
  /** The latest request that there was. */
  readonly last: PreviewRequest | null;
  /** Why there is no answer. */
  readonly refused: string | null;
}

/** The answer to what is wanted; null: nothing is asked, and what was answered stays. */
export function usePreview(wanted: Wanted | null): Previewed {
  const [previewed, setPreviewed] = useState<Previewed>({ preview: null, bodyTemplate: undefined, last: null, refused: null });
  useEffect(() => {
    if (wanted === null) return undefined;
    const over = new AbortController();
    const timer = setTimeout(() => void ask(wanted, over.signal).then(setPreviewed), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [JSON.stringify(wanted)]);
  return previewed;
}

/** What the answer makes of what was known before it. */
async function ask(wanted: Wanted, signal: AbortSignal): Promise<(old: Previewed) => Previewed> {
  try {
    const preview = await post<Preview>("/preview", wanted, signal);
    return (old) => ({ preview, bodyTemplate: wanted.bodyTemplate, last: preview.request ?? old.last, refused: null });
  } catch (error) {
    if (signal.aborted) return (old) => old;
    if (error instanceof Refused || error instanceof Unreachable) return (old) => ({ ...old, refused: error.message });
    throw error;
  }
}
