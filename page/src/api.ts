// The one way to the admin API: JSON in and out, the token in a header, what was refused as `Refused`, what did not
// come through as `Unreachable`. Answers with an ETag are kept, so that an unchanged one costs nothing and is the very
// same object. Must not: draw, or keep a token anywhere but in sessionStorage.
import type { Problem } from "./types";

const ROOT = "/admin/v1";
const TOKEN = "hookwright.token";
const KEPT = 40; // answers: the views somebody goes back and forth between
const PATIENCE_MS = 10_000;
const ACTION_PATIENCE_MS = 120_000; // a test or a replay waits for a target

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The dispatcher said no, in one sentence: `message`. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No answer came. */
export class Unreachable extends Error {}

const kept = new Map<string, { readonly tag: string; readonly answer: unknown }>();
let signedOut: () => void = () => {};

/** Who wants to know that the token is not taken any more. */
export function whenSignedOut(told: () => void): void {
  signedOut = told;
}

/** The token of this tab, null without one. */
export function token(): string | null {
  return sessionStorage.getItem(TOKEN);
}

/** Keep a token for as long as this tab is open; null forgets it and all that was read with it. */
export function setToken(text: string | null): void {
  kept.clear();
  if (text === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, text);
}

/** GET. Throws Refused, Unreachable, and what an aborted `signal` throws. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const address = ROOT + path + asText(query);
  const known = kept.get(address);
  const headers = new Headers(known === undefined ? [] : [["if-none-match", known.tag]]);
  const answer = await ask(address, { headers, signal: until(PATIENCE_MS, signal) }, signal);
  if (answer.status === 304 && known !== undefined) return known.answer as T;
  const body: unknown = await read(answer, signal);
  const tag = answer.headers.get("etag");
  if (tag !== null) keep(address, tag, body);
  return body as T;
}

/** POST of a JSON body, or of none. Throws as `get` does. */
export async function post<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await ask(ROOT + path, { method: "POST", ...sent, signal: until(ACTION_PATIENCE_MS, signal) }, signal);
  return (await read(answer, signal)) as T;
}

function asText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

function until(milliseconds: number, signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(milliseconds);
  return signal === undefined ? late : AbortSignal.any([signal, late]);
}

async function ask(address: string, request: RequestInit, signal?: AbortSignal): Promise<Response> {
  const given = token();
  const headers = new Headers(request.headers);
  if (given !== null) headers.set("authorization", `Bearer ${given}`);
  try {
    return await fetch(address, { ...request, headers, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    throw signal?.aborted ? error : new Unreachable("The dispatcher does not answer.");
  }
}

async function read(answer: Response, signal?: AbortSignal): Promise<unknown> {
  let body: unknown;
  try {
    body = await answer.json();
  } catch (error) {
    throw signal?.aborted ? error : new Unreachable("The dispatcher's answer did not come through.");
  }
  if (answer.ok) return body;
  if (answer.status === 401) {
    setToken(null);
    signedOut();
  }
  throw new Refused(body as Problem);
}

function keep(address: string, tag: string, answer: unknown): void {
  kept.delete(address);
  kept.set(address, { tag, answer });
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
}
