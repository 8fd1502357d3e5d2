// Where the focus goes when what had it is taken away: a button that did its work, a row that is no more.
// A browser lets it fall to the top of the page; here it goes to the heading of the view, from where the keyboard goes on.
// Must not: move the focus while anything has it.

/** Watch over what is `within` until the returned function is called. */
export function keepFocus(within: HTMLElement): () => void {
  let last: Node | null = null;
  const note = (event: FocusEvent): void => {
    last = event.target as Node;
  };
  const observer = new MutationObserver(() => {
    if (last === null || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    within.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  });
  within.addEventListener("focusin", note);
  observer.observe(within, { childList: true, subtree: true });
  return () => {
    within.removeEventListener("focusin", note);
    observer.disconnect();
  };
}
