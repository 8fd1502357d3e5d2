// A sentence that must be seen: what is wrong, what to check, what came of an action.
import type { ComponentChildren } from "preact";

export type Tone = "good" | "warn" | "bad" | "info";

interface Props {
  readonly tone: Tone;
  /** A word or two before the sentence. */
  readonly title?: string;
  /** `alert`: told at once; `status`: told when there is time; neither: read where it stands. */
  readonly role?: "alert" | "status";
  readonly children?: ComponentChildren;
}

export function Message({ tone, title, role, children }: Props) {
  return (
    <div class={`message ${tone}`} role={role}>
      {title !== undefined && <Heading title={title} />} <span>{children}</span>
    </div>
  );
}

/** Bold to the eye; to the ear a colon parts it from the sentence. */
function Heading({ title }: { readonly title: string }) {
  return <span><strong>{title}</strong>{!title.endsWith(".") && <span class="unseen">:</span>}</span>;
}
