// Where somebody is: path and query are the only state, so that every view can be sent to a colleague.
// `useRoute` follows it, `go` and <Link> move, `setQuery` changes filters in place. The fragment is no place: it may
// carry a token, which `session` takes out before anything is drawn. Must not: know the views.
import type { AnchorHTMLAttributes, ComponentChildren, JSX, TargetedMouseEvent } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Change, withQuery } from "./route";

export interface Route {
  readonly path: string;
  readonly query: URLSearchParams;
}

const followers = new Set<(route: Route) => void>();
let current = read();
let moved = false;

function read(): Route {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

function tell(): void {
  current = read();
  for (const follow of [...followers]) follow(current);
}

addEventListener("popstate", () => {
  moved = true;
  tell();
});

/** The present path and query; draws anew when they change. */
export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    followers.add(setRoute);
    setRoute(current); // it may have changed before this was mounted
    return () => void followers.delete(setRoute);
  }, []);
  return route;
}

/** Move to a path of this page, such as `/webhooks/shop/slack?result=Rejected`. */
export function go(href: string): void {
  moved = true;
  history.pushState(null, "", href);
  scrollTo(0, 0);
  tell();
}

/** Set and (null, "") take away parameters of the present address, without a new entry in the history. */
export function setQuery(change: Change): void {
  history.replaceState(null, "", withQuery(current.path, change, current.query));
  tell();
}

/** Whether somebody came here by a link of this page: then its heading takes the focus. */
export function hasMoved(): boolean {
  return moved;
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "role"> & {
  readonly href: string;
  readonly children?: ComponentChildren;
};

/** A link within the page: a real one, so that it opens in a new tab as well. */
export function Link({ href, children, onClick, ...rest }: LinkProps): JSX.Element {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}
