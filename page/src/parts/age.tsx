// How long ago something was; goes on by itself. The exact time stands in the tooltip and for machines. Where there is
// little room the word "ago" is only heard: beside a duration nobody could tell them apart.
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
  const whole = ago(time, present);
  const short = age(time, present);
  return (
    <time dateTime={time} title={time} class="numeric">
      {spoken ? whole : <>{short}<span class="unseen">{whole.slice(short.length)}</span></>}
    </time>
  );
}
