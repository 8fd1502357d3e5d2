// Views of one thing beside each other. Each has an address of its own, so they are links and no tab list.
import { Link } from "../router";

export interface Tab {
  readonly href: string;
  readonly text: string;
}

interface Props {
  /** What they are views of: "Views of shop/slack". */
  readonly label: string;
  readonly tabs: readonly Tab[];
  /** The `href` of the present one. */
  readonly current: string;
}

export function Tabs({ label, tabs, current }: Props) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ href, text }) => (
        <Link key={href} href={href} aria-current={href === current ? "page" : undefined}>{text}</Link>
      ))}
    </nav>
  );
}
