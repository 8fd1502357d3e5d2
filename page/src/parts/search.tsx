// The box that narrows what a view shows; the key / leads to it.
import { Icon } from "./icon";

interface Props {
  /** Its name: "Search webhooks". */
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly maxLength?: number;
  readonly onInput: (text: string) => void;
}

export function Search({ label, placeholder, value, maxLength = 256, onInput }: Props) {
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input type="search" aria-label={label} placeholder={placeholder} value={value} maxLength={maxLength} autocomplete="off"
        spellcheck={false} onInput={(event) => onInput(event.currentTarget.value)} />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}
