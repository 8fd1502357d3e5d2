// Sends mock data to a webhook's target, once, and shows what came of it: result, tip, timings, request and response.
// Must not: count as a delivery anywhere (the dispatcher sees to it), or send twice for one click.
import { useId, useState } from "preact/hooks";

import { post } from "../api";
import { duration } from "../format";
import { Dialog } from "../parts/dialog";
import { Exchange } from "../parts/exchange";
import { Icon } from "../parts/icon";
import { Message } from "../parts/message";
import { Validators } from "../parts/validators";
import { Waterfall } from "../parts/waterfall";
import type { TestRun } from "../types_invocations";
import type { WebhookView } from "../types_webhooks";

interface Props {
  readonly webhook: WebhookView;
  readonly onClose: () => void;
}

export function TestDialog({ webhook: { webhook, triggers }, onClose }: Props) {
  const samples = triggers.filter((trigger) => !trigger.includes(".")); // a CloudEvents type has none
  const [trigger, setTrigger] = useState(samples[0] ?? "");
  const [run, setRun] = useState<TestRun | string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setRun(null);
    setRun(await sent(webhook, trigger));
    setBusy(false);
  };
  return (
    <Dialog title={`Test ${webhook}`} onClose={onClose} wide>
      <p class="quiet">Sends mock data for real, once: the target receives it, marked with <code>webhook-test: true</code>.</p>
      {samples.length === 0 ? (
        <p>None of its triggers has a sample event; a WebhookTest that names an event tests it.</p>
      ) : (
        <Form samples={samples} trigger={trigger} busy={busy} onChoose={setTrigger} onSend={send} />
      )}
      {typeof run === "string" && <Message tone="bad" title="No test was made" role="alert">{run}</Message>}
      {run !== null && typeof run !== "string" && <Outcome run={run} />}
    </Dialog>
  );
}

/** What came of one run; a sentence: it was refused. */
async function sent(webhook: string, trigger: string): Promise<TestRun | string> {
  const name = webhook.split("/")[1];
  const spec = { webhookRef: { name }, trigger, mode: "Send" };
  try {
    return await post<TestRun>("/tests", { runID: runID(), test: webhook, spec });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function runID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

interface FormProps {
  readonly samples: readonly string[];
  readonly trigger: string;
  readonly busy: boolean;
  readonly onChoose: (trigger: string) => void;
  readonly onSend: () => void;
}

function Form({ samples, trigger, busy, onChoose, onSend }: FormProps) {
  const field = useId();
  return (
    <div class="test-form">
      <label for={field}>Trigger</label>
      <select id={field} value={trigger} onChange={(event) => onChoose(event.currentTarget.value)}>
        {samples.map((each) => <option key={each}>{each}</option>)}
      </select>
      <button class="button primary" type="button" aria-disabled={busy} onClick={onSend}><Icon name="send" /> Send test</button>
      {busy && <span class="quiet">Waiting for the answer …</span>}
    </div>
  );
}

function Outcome({ run: { result, message, hint, invocation } }: { readonly run: TestRun }) {
  const took = invocation === null ? "" : ` (${duration(invocation.timings.total)})`;
  return (
    <>
      <Message tone={result === "Test successful" ? "good" : "bad"} title={result} role="status">{message}{took}</Message>
      {hint && <Message tone="info" title="Tip">{hint}</Message>}
      {invocation !== null && (
        <>
          <Waterfall timings={invocation.timings} />
          <Validators results={invocation.validators} />
          <Exchange invocation={invocation} />
        </>
      )}
    </>
  );
}
