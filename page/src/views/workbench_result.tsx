// What would be sent: whether the event matches and if not why, and the request as it may be shown. While there is a
// problem the last request stays, dimmed, and says so.
import { useState } from "preact/hooks";

import { counted } from "../format";
import { Panel } from "../parts/panel";
import { Method, Shown } from "../parts/shown";
import { coloured, indented } from "../pretty";
import type { Previewed } from "../preview";
import type { PreviewRequest } from "../types_workbench";

export function ResultPanel({ previewed }: { readonly previewed: Previewed }) {
  const { preview, last } = previewed;
  const request = preview?.request ?? last;
  const old = preview !== null && preview.request === null;
  return (
    <Panel title="What would be sent" class="would-send" actions={preview && <Verdict matched={preview.matched} />}>
      {preview && !preview.matched && (
        <ul class="reasons" aria-label="Why it does not match">
          {preview.reasons.map((reason) => <li key={reason}>{reason}</li>)}
        </ul>
      )}
      {old && <p class="note">{request ? "As it was before the problem:" : "Nothing, until the problem is mended."}</p>}
      {request && <Request request={request} old={old} />}
    </Panel>
  );
}

function Verdict({ matched }: { readonly matched: boolean }) {
  return <span class={`badge ${matched ? "good" : "warn"}`}>{matched ? "Matches" : "Does not match"}</span>;
}

function Request({ request, old }: { readonly request: PreviewRequest; readonly old: boolean }) {
  const headers = Object.entries(request.headers);
  return (
    <div class={old ? "request dimmed" : "request"}>
      <p class="request-line"><Method name={request.method} /> <Shown text={request.url} /></p>
      <details class="request-headers">
        <summary>{counted(headers.length, "header")}</summary>
        <dl>
          {headers.map(([name, value]) => (
            <div key={name}><dt>{name}</dt><dd><Shown text={value} /></dd></div>
          ))}
        </dl>
      </details>
      <Body text={request.body ?? ""} />
    </div>
  );
}

/** As it goes out, byte for byte, unless somebody asks for it indented. */
function Body({ text }: { readonly text: string }) {
  const [indent, setIndent] = useState(false);
  const pieces = coloured(indent ? indented(text) : text);
  return (
    <>
      <div class="body-head">
        <h3>Body</h3>
        <button class="button small plain" type="button" aria-pressed={indent} onClick={() => setIndent(!indent)}>Indent</button>
      </div>
      <section aria-label="Rendered body">
        {text !== "" && (
          <pre class="code-block" tabIndex={0}>
            {pieces.map(({ kind, text: part }, place) => (kind === "plain" ? part : <span key={place} class={`c-${kind}`}>{part}</span>))}
          </pre>
        )}
      </section>
      {text === "" && <p class="note">No body is sent.</p>}
    </>
  );
}
