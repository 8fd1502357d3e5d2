// What was sent and what came back: two regions, each with its headers folded and its body pretty or raw.
// Everything in them is text of strangers. Must not: show anything of it but as text.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { counted } from "../format";
import type { Invocation, RequestRecord, ResponseRecord } from "../types_invocations";
import { Code } from "./code";
import { CopyButton } from "./copy_button";
import { Panel } from "./panel";
import { Method, Shown } from "./shown";

const FEW_HEADERS = 8;

export function Exchange({ invocation }: { readonly invocation: Invocation }) {
  const { request, response, unread } = invocation;
  return (
    <div class="exchange">
      <RequestPanel request={request} />
      <ResponsePanel response={response} unread={unread} />
    </div>
  );
}

function RequestPanel({ request }: { readonly request: RequestRecord | null }) {
  if (request === null) return <NoPanel title="Request">No request could be made, so nothing was sent.</NoPanel>;
  return (
    <MessagePanel title="Request" headers={request.headers} body={request.body}>
      <Method name={request.method} /> <Shown text={request.url} />
    </MessagePanel>
  );
}

function ResponsePanel({ response, unread }: { readonly response: ResponseRecord | null; readonly unread: string | null }) {
  if (response !== null) {
    return (
      <MessagePanel title="Response" headers={response.headers} body={response.body}>
        <b class="mono">HTTP {response.statusCode}</b>
      </MessagePanel>
    );
  }
  if (unread) {
    return (
      <Panel title="Response" level={3}>
        <p class="start-line quiet">No answer that can be read; it began with this.</p>
        <Code text={unread} label="What came" raw />
      </Panel>
    );
  }
  return <NoPanel title="Response">No answer came.</NoPanel>;
}

function NoPanel({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <Panel title={title} level={3}>
      <p class="start-line quiet">{children}</p>
    </Panel>
  );
}

interface MessageProps {
  readonly title: "Request" | "Response";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The first line. */
  readonly children: ComponentChildren;
}

function MessagePanel({ title, headers, body, children }: MessageProps) {
  const [raw, setRaw] = useState(false);
  const actions = body ? (
    <>
      <button class="button small plain" type="button" aria-pressed={raw} onClick={() => setRaw(!raw)}>Raw</button>
      <CopyButton label="Copy body" text={body} plain />
    </>
  ) : undefined;
  return (
    <Panel title={title} level={3} actions={actions}>
      <p class="start-line">{children}</p>
      <Headers headers={headers} />
      {body ? <Code text={body} label={`${title} body`} raw={raw} /> : <NoBody kept={body !== null} />}
    </Panel>
  );
}

function Headers({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
  const lines = Object.entries(headers);
  if (lines.length === 0) return null;
  return (
    <details class="headers" open={lines.length <= FEW_HEADERS}>
      <summary>{counted(lines.length, "header")}</summary>
      <dl>
        {lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd><Shown text={value} /></dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function NoBody({ kept }: { readonly kept: boolean }) {
  if (kept) return <p class="no-body quiet">No body.</p>;
  return (
    <p class="no-body quiet">
      The body was not kept: the setting <code>history.bodies</code> says whose are (all, failed or none).
    </p>
  );
}
