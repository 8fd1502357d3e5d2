// A heading that takes the focus when somebody came to it by a link of the page, as a new page would be announced.
// The one of level 1 names the tab as well.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { hasMoved } from "../router";

interface Props {
  /** What it is about, in plain text. */
  readonly name: string;
  readonly level?: 1 | 2;
  /** What the browser's tab is called, where views with the same heading are several. */
  readonly tab?: string;
  /** What is drawn, where that is more than the name. */
  readonly children?: ComponentChildren;
}

export function Title({ name, level = 1, tab = name, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const Heading = level === 1 ? "h1" : "h2";
  useEffect(() => {
    if (level === 1) document.title = `${tab} · Hookwright`;
  }, [tab]);
  useEffect(() => {
    if (hasMoved()) heading.current?.focus({ preventScroll: level === 1 });
  }, [name]);
  return (
    <Heading ref={heading} tabIndex={-1}>
      {children ?? name}
    </Heading>
  );
}
