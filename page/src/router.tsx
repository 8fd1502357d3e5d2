// Where somebody is: path and query are the only state, so that every view can be sent to a colleague.
// `useRoute` follows it, `go` and <Link> move, `setQuery` changes filters in place. The fragment is no place: it may
// carry a token, which `session` takes out before anything is drawn. Must not: know the views.
import type { AnchorHTMLAttributes, ComponentChildren, JSX, TargetedMouseEvent } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Route {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Parameters of a path, by the names in its pattern. */
export type Params = Readonly<Record<string, string>>;

type Change = Readonly<Record<string, string | null | undefined>>;

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

/** A path with parameters, those of `base` first. Null, undefined and "" take one away. */
export function withQuery(path: string, change: Change, base?: URLSearchParams): string {
  const query = new URLSearchParams(base);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Whether somebody came here by a link of this page: then its heading takes the focus. */
export function hasMoved(): boolean {
  return moved;
}

/** A segment of a path, and its parameters: `match("/webhooks/:namespace/:name", path)`; `*rest` takes what is left. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  const found: Record<string, string> = {};
  for (const [place, segment] of wanted.entries()) {
    if (segment.startsWith("*")) return { ...found, [segment.slice(1)]: given.slice(place).join("/") };
    const here = given[place];
    if (here === undefined) return null;
    if (segment.startsWith(":")) found[segment.slice(1)] = decoded(here);
    else if (segment !== here) return null;
  }
  return given.length === wanted.length ? found : null;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
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
