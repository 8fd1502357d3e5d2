// A few figures side by side, each under its name: of a webhook, of an invocation.
import type { ComponentChildren } from "preact";

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

interface FactProps {
  readonly name: string;
  /** What is to be seen first. */
  readonly children: ComponentChildren;
  /** Below it, in small. */
  readonly more?: ComponentChildren;
}

export function Fact({ name, children, more }: FactProps) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>
        <div class="fact-value">{children}</div>
        {more && <div class="fact-more">{more}</div>}
      </dd>
    </div>
  );
}
