// One line below the template: that it renders, to how much and how fast, or what is wrong with it, in the words of
// `hookwright validate`. Told to screen readers when there is time.
import { bytes } from "../format";
import type { Previewed } from "../preview";
import type { PreviewProblem } from "../types_workbench";

interface Props {
  readonly previewed: Previewed;
  readonly text: string;
}

export function Outcome({ previewed, text }: Props) {
  const { preview, refused } = previewed;
  const problems = preview?.problems ?? [];
  return (
    <div class="outcome" role="status">
      {refused !== null && <Line tone="bad" title="Not tried">{refused}</Line>}
      {problems.map((problem) => <Problem key={`${problem.field} ${problem.message}`} problem={problem} />)}
      {refused === null && preview?.request && problems.every(({ severity }) => severity === "warning") && (
        <Line tone="good" title={text === "" ? "No template:" : "Renders:"}>{rendered(preview.request.body ?? "", preview.tookMillis, text)}</Line>
      )}
    </div>
  );
}

function rendered(body: string, took: number, text: string): string {
  const size = bytes(new TextEncoder().encode(body).length);
  return text === "" ? `the event itself is the body, ${size}` : `${size} in ${took.toFixed(2)} ms`;
}

function Problem({ problem }: { readonly problem: PreviewProblem }) {
  const warning = problem.severity === "warning";
  const elsewhere = problem.field.startsWith("spec.bodyTemplate") ? "" : `${problem.field}: `;
  return <Line tone={warning ? "warn" : "bad"} title={warning ? "Warning" : "Problem"}>{elsewhere + problem.message}</Line>;
}

function Line({ tone, title, children }: { readonly tone: "good" | "warn" | "bad"; readonly title: string; readonly children: string }) {
  return <p class={`outcome-line ${tone}`}><strong>{title}</strong> <span>{children}</span></p>;
}
