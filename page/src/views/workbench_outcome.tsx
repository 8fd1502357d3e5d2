// Below the template: that it renders, to how much and how fast, or what is wrong with it, in the words of
// `hookwright validate`. Only what is wrong is told to screen readers, or each letter typed would be answered.
import type { ComponentChildren } from "preact";

import { bytes } from "../format";
import type { Previewed } from "../preview";
import type { PreviewProblem } from "../types_workbench";

interface Props {
  readonly previewed: Previewed;
  /** There is no template. */
  readonly none: boolean;
  /** Write what a problem says is to be written. */
  readonly onCure: (problem: PreviewProblem) => void;
}

export function Outcome({ previewed, none, onCure }: Props) {
  const { preview, refused } = previewed;
  const problems = preview?.problems ?? [];
  return (
    <div class="outcome">
      <div role="status">
        {refused !== null && <Line tone="bad" title="Not tried">{refused}</Line>}
        {problems.map((problem) => <Problem key={`${problem.field} ${problem.message}`} problem={problem} onCure={onCure} />)}
      </div>
      {refused === null && preview?.request && problems.every(({ severity }) => severity === "warning") && (
        <Line tone="good" title={none ? "No template:" : "Renders:"}>{rendered(preview.request.body ?? "", preview.tookMillis, none)}</Line>
      )}
    </div>
  );
}

function rendered(body: string, took: number, none: boolean): string {
  const size = bytes(new TextEncoder().encode(body).length);
  return none ? `the event itself is the body, ${size}` : `${size} in ${took.toFixed(2)} ms`;
}

function Problem({ problem, onCure }: { readonly problem: PreviewProblem; readonly onCure: Props["onCure"] }) {
  const warning = problem.severity === "warning";
  const here = problem.field.startsWith("spec.bodyTemplate");
  const cure = here && problem.cure && problem.column > 0 && (
    <button class="button small" type="button" onClick={() => onCure(problem)}>Write it so</button>
  );
  return (
    <Line tone={warning ? "warn" : "bad"} title={warning ? "Warning" : "Problem"} action={cure}>
      {(here ? "" : `${problem.field}: `) + problem.message}
    </Line>
  );
}

interface LineProps {
  readonly tone: "good" | "warn" | "bad";
  readonly title: string;
  readonly action?: ComponentChildren;
  readonly children: string;
}

function Line({ tone, title, action, children }: LineProps) {
  return (
    <div class={`outcome-line ${tone}`}>
      <p><strong>{title}</strong> <span>{children}</span></p>
      {action}
    </div>
  );
}
