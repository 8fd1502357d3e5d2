// A request and an answer as lines of text: what two attempts are compared by. Pure.
import { indented } from "./pretty";
import type { Invocation, RequestRecord, ResponseRecord } from "./types_invocations";

/** Request, blank line, answer; bodies indented where they are JSON. */
export function written({ request, response, message }: Invocation): readonly string[] {
  const answer = response === null ? [message] : answerLines(response);
  return [...(request === null ? [] : requestLines(request)), "", ...answer];
}

function requestLines({ method, url, headers, body }: RequestRecord): readonly string[] {
  return [`${method} ${url}`, ...headerLines(headers), ...bodyLines(body)];
}

function answerLines({ statusCode, headers, body }: ResponseRecord): readonly string[] {
  return [`HTTP ${statusCode}`, ...headerLines(headers), ...bodyLines(body)];
}

function headerLines(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function bodyLines(body: string | null): readonly string[] {
  return body ? ["", ...indented(body).split("\n")] : [];
}
