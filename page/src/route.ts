// Paths and queries as text. Pure; `router` follows the address bar with them.

/** Parameters of a path, by the names in its pattern. */
export type Params = Readonly<Record<string, string>>;

/** Parameters to set; null, undefined and "" take one away. */
export type Change = Readonly<Record<string, string | null | undefined>>;

/** A path with parameters: those of `base`, changed. */
export function withQuery(path: string, change: Change, base?: URLSearchParams): string {
  const query = new URLSearchParams(base);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** What a path has where the pattern has `:name` and, at its end, `*rest`; null: it is another path. */
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
