// A dialog over the page. Escape, Close and a click beside it end it, and the focus goes back to where it was.
// Draw it while it is wanted: `{open && <Dialog …/>}`.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";

import { Icon } from "./icon";

interface Props {
  readonly title: string;
  /** It is to be drawn no longer. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Below the content, always seen: the buttons. */
  readonly foot?: ComponentChildren;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, foot, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    if (document.activeElement === document.body) dialog.current?.focus(); // what had the focus is not there any more
  });
  const besides = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose();
  };
  const cancel = (event: Event): void => {
    event.preventDefault(); // whoever draws it ends it
    onClose();
  };
  return (
    <dialog ref={dialog} tabIndex={-1} class={wide ? "wide" : undefined} aria-labelledby={heading} onCancel={cancel} onMouseDown={besides}>
      <div class="dialog">
        <header>
          <h2 id={heading}>{title}</h2>
          <button class="button small plain" type="button" onClick={onClose}>
            <Icon name="cross" /> Close
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {foot !== undefined && <footer>{foot}</footer>}
      </div>
    </dialog>
  );
}
