// What stands where nothing is: why, and what to do next.
import type { ComponentChildren } from "preact";

interface Props {
  readonly title: string;
  /** The next step: a sentence, a command, a button. */
  readonly children?: ComponentChildren;
}

export function Empty({ title, children }: Props) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <div class="quiet">{children}</div>
    </div>
  );
}
