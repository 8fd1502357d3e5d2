// What the webhook's response validators made of the answer.
import type { ValidatorResult } from "../types_invocations";
import { Icon } from "./icon";

export function Validators({ results }: { readonly results: readonly ValidatorResult[] }) {
  if (results.length === 0) return null;
  return (
    <ul class="validators" aria-label="Response validators">
      {results.map((each, place) => (
        <li key={place} class={each.passed ? "good" : "bad"}>
          <Icon name={each.passed ? "check" : "cross"} />
          <span class="unseen">{each.passed ? "Passed: " : "Failed: "}</span>
          <code>{each.path}</code> <span class="quiet">{found(each)}</span>
        </li>
      ))}
    </ul>
  );
}

function found({ actual, problem }: ValidatorResult): string {
  if (problem !== undefined) return `the answer ${problem}`;
  return actual === null ? "nothing there" : `is ${actual}`;
}
