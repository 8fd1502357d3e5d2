// How a webhook stands, as a word: `plain` in a line of small text, otherwise as a badge.
import { type Standing, verdict } from "../standing";

interface Props {
  readonly webhook: Standing;
  readonly plain?: boolean;
}

export function State({ webhook, plain = false }: Props) {
  const { word, tone } = verdict(webhook);
  return <span class={`${plain ? "word" : "badge"} ${tone}`}>{word}</span>;
}
