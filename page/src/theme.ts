// Light, dark, or as the system has it. Kept in this browser; the sheet does the rest with `light-dark()`.
import { type Store, store } from "./store";

export type Theme = "auto" | "light" | "dark";

const NAME = "hookwright.theme";
const NEXT: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };

export const theme: Store<Theme> = store<Theme>(kept());

/** The one that follows. */
export function nextTheme(present: Theme): Theme {
  return NEXT[present];
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(NAME, chosen);
  theme.set(chosen);
  show(chosen);
}

function kept(): Theme {
  const found = localStorage.getItem(NAME);
  const chosen = found === "light" || found === "dark" ? found : "auto";
  show(chosen);
  return chosen;
}

function show(chosen: Theme): void {
  if (chosen === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}
