// A request as a curl command that sends the same: method, address, headers, body. A secret is a shell variable, which
// says what it is where it is not set. Pure. Must not: hold a secret, or let a value become anything but an argument.
import type { RequestRecord } from "./types_invocations";

const SECRET = /‹secret ([^‹›/]*)\/([^‹›/]*)›/g;
const KEPT_BYTES = 16 * 1024;
const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** The variable that names the file with a body that is not kept whole; curl alone would send nothing where there is none. */
const BODY_FILE = "BODY_FILE";

/** Whether there was a body, and not all of it is kept. */
function isIncomplete({ headers, body }: RequestRecord): boolean {
  if (body === null) return Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return body.endsWith("…") && new TextEncoder().encode(body).length > KEPT_BYTES;
}

/** The command, ready to be pasted into sh, bash or zsh. */
export function curl(request: RequestRecord): string {
  const names = new Map([["", BODY_FILE]]);
  const quoted = (text: string): string => quote(text, names);
  const parts = ["curl", `--request ${quoted(request.method)}`];
  if (/[[\]{}]/.test(request.url)) parts.push("--globoff");
  if (/\/\.\.?(\/|$|\?)/.test(request.url)) parts.push("--path-as-is");
  for (const header of headers(request)) parts.push(`--header ${quoted(header)}`);
  if (isIncomplete(request)) parts.push(`--data-binary @"\${${BODY_FILE}:?is a file with the body}"`);
  else if (request.body) parts.push(`--data-raw ${literal(request.body)}`);
  parts.push(quoted(request.url));
  return `${parts[0]} ${parts.slice(1).join(" \\\n  ")}`;
}

/** Those that went out, and those that curl would add by itself taken away. */
function headers({ headers: sent, body }: RequestRecord): readonly string[] {
  const names = new Set(Object.keys(sent).map((name) => name.toLowerCase()));
  const lines = Object.entries(sent).map(([name, value]) => (value === "" ? `${name};` : `${name}: ${value}`));
  if (!names.has("accept-encoding")) lines.push("accept-encoding: identity"); // every request has it, so none keeps it
  if (!names.has("accept")) lines.push("accept:");
  if (body && !names.has("content-type")) lines.push("content-type:");
  return lines;
}

/** One argument: what is no secret stands as it is, each secret as a variable. */
function quote(text: string, names: Map<string, string>): string {
  const parts: string[] = [];
  let end = 0;
  for (const found of text.matchAll(SECRET)) {
    if (found.index > end) parts.push(literal(text.slice(end, found.index)));
    parts.push(`"\${${variable(found[1]!, found[2]!, names)}:?is key ${word(found[2]!)} of Secret ${word(found[1]!)}}"`);
    end = found.index + found[0].length;
  }
  if (end < text.length || parts.length === 0) parts.push(literal(text.slice(end)));
  return parts.join("");
}

function literal(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Names of Secrets and keys are letters, digits, dots, dashes and underscores; a text that only looks like one is not. */
function word(text: string): string {
  return text.replace(/[^\w.-]/g, "_");
}

/** `slack/token` → SLACK_TOKEN; another secret that would have the same name gets a number. */
function variable(secret: string, key: string, names: Map<string, string>): string {
  const label = `${secret}/${key}`;
  const known = names.get(label);
  if (known !== undefined) return known;
  const base = `${secret}_${key}`.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^(?=[0-9]|$)/, "S_");
  const taken = new Set(names.values());
  let name = base;
  for (let next = 2; taken.has(name); next += 1) name = `${base}_${next}`;
  names.set(label, name);
  return name;
}
