// A part of a view with a heading of its own: a region that a screen reader finds by its name.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly title: string;
  /** 2: a part of the view; 3: a part of such a part. */
  readonly level?: 2 | 3;
  /** Beside the heading: buttons, selects. */
  readonly actions?: ComponentChildren;
  /** Further classes of the region. */
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Panel({ title, level = 2, actions, class: more = "", children }: Props) {
  const heading = useId();
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section class={`panel ${more}`} aria-labelledby={heading}>
      <div class="panel-head">
        <Heading id={heading}>{title}</Heading>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}
