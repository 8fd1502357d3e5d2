// The result of an attempt or a test, with the status code of the answer if there was one.
import { Icon, type IconName } from "./icon";
import type { Tone } from "./message";

interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
}

const LOOKS: Readonly<Record<string, Look>> = {
  Delivered: { tone: "good", icon: "check" },
  "Test successful": { tone: "good", icon: "check" },
  Retrying: { tone: "warn", icon: "again" },
};
const FAILED: Look = { tone: "bad", icon: "cross" };

/** Colour and sign of a result; also for dots and bars that stand for one. */
export function look(result: string): Look {
  return LOOKS[result] ?? FAILED;
}

interface Props {
  readonly result: string;
  readonly statusCode?: number | null | undefined;
}

export function ResultBadge({ result, statusCode }: Props) {
  const { tone, icon } = look(result);
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {result}
      {statusCode ? <span class="code">{statusCode}</span> : null}
    </span>
  );
}
