// How long ago something was; goes on by itself. The exact time stands in the tooltip and for machines.
import { age, ago } from "../format";
import { now } from "../live";

interface Props {
  /** RFC 3339. */
  readonly time: string;
  /** "5 s ago" in place of "5 s". */
  readonly spoken?: boolean;
}

export function Age({ time, spoken = false }: Props) {
  const present = now.use();
  return (
    <time dateTime={time} title={time} class="numeric">
      {spoken ? ago(time, present) : age(time, present)}
    </time>
  );
}
