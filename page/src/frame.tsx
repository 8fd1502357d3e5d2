// What stands around every view: navigation, counts, Live, theme, and above the content what concerns everybody.
// Must not: know what a view shows.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Refused } from "./api";
import { keepFocus } from "./focus";
import { count, span } from "./format";
import { type Live, lost, now, paused, useLive } from "./live";
import { announced } from "./parts/announce";
import { Icon, type IconName, Mark } from "./parts/icon";
import { Message } from "./parts/message";
import { Link, useRoute } from "./router";
import { session } from "./session";
import { nextTheme, setTheme, theme } from "./theme";
import type { Summary } from "./types";

export function Frame({ children }: { readonly children: ComponentChildren }) {
  const content = useRef<HTMLElement>(null);
  const summary = useLive<Summary>("/summary", {}, 5);
  useEffect(() => {
    document.addEventListener("keydown", toSearch);
    return () => document.removeEventListener("keydown", toSearch);
  }, []);
  useEffect(() => keepFocus(content.current!), []);
  const skip = (event: Event): void => {
    event.preventDefault();
    content.current?.focus();
  };
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>Skip to content</a>
      <Top summary={summary.data} />
      <main id="content" ref={content} tabIndex={-1}>
        <Concerns summary={summary} />
        {children}
      </main>
      <div class="unseen" aria-live="polite">{announced.use()}</div>
    </>
  );
}

function toSearch(event: KeyboardEvent): void {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.composedPath()[0];
  if (at instanceof HTMLElement && (at.isContentEditable || /^(input|textarea|select)$/i.test(at.tagName))) return;
  const search = document.querySelector<HTMLInputElement>("dialog[open] input[type=search], main input[type=search]");
  if (search === null) return;
  event.preventDefault();
  search.focus();
  search.select();
}

function Top({ summary }: { readonly summary: Summary | undefined }) {
  return (
    <header class="top">
      <Link class="brand" href="/"><Mark /><span>Hookwright</span></Link>
      <nav class="main-nav" aria-label="Main">
        <Place href="/" also="/webhooks/" icon="hook">Webhooks</Place>
        <Place href="/invocations" also="/invocations/" icon="list">Invocations</Place>
        <Place href="/dead-letters" icon="letter" number={summary?.deadLetters}>Dead letters</Place>
      </nav>
      <div class="top-end">
        {summary && <span class="under-way">{count(summary.pending)} waiting · {count(summary.inFlight)} under way</span>}
        {session.use()?.readOnly && <span class="tag">Read only</span>}
        <LiveButton />
        <ThemeButton />
      </div>
    </header>
  );
}

interface PlaceProps {
  readonly href: string;
  readonly also?: string;
  readonly icon: IconName;
  readonly number?: number | undefined;
  readonly children: string;
}

function Place({ href, also, icon, number, children }: PlaceProps) {
  const { path } = useRoute();
  const here = path === href || (also !== undefined && path.startsWith(also));
  return (
    <Link href={href} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      <span>{children}</span>
      {number ? <>{" "}<span class="number">{count(number)}</span></> : null}
    </Link>
  );
}

function LiveButton() {
  const resting = paused.use();
  const label = resting ? "Live updates are paused. Resume" : "Live updates are on. Pause";
  return (
    <button class="button plain live" type="button" aria-label={label} title={label} onClick={() => paused.set(!resting)}>
      <Icon name={resting ? "play" : "pause"} />
      <span>{resting ? "Paused" : "Live"}</span>
    </button>
  );
}

function ThemeButton() {
  const chosen = theme.use();
  const label = `Theme: ${chosen}. Change to ${nextTheme(chosen)}`;
  return (
    <button class="button plain" type="button" aria-label={label} title={label} onClick={() => setTheme(nextTheme(chosen))}>
      <Icon name={chosen === "light" ? "sun" : chosen === "dark" ? "moon" : "half"} />
    </button>
  );
}

/** What concerns everybody, whatever the view. */
function Concerns({ summary: { data, problem } }: { readonly summary: Live<Summary> }) {
  const notReady = problem instanceof Refused ? problem.message : data?.notReady;
  return (
    <>
      <Lost />
      {notReady && <Message tone="warn" title="No event is taken" role="alert">{notReady}</Message>}
      {data?.configProblem && (
        <Message tone="bad" title="Configuration refused" role="alert">
          {data.configProblem} What was in force before runs on.
        </Message>
      )}
    </>
  );
}

function Lost() {
  const since = lost.use();
  const present = now.use();
  if (since === null) return null;
  return (
    <Message tone="bad" title="Not up to date" role="alert">
      The dispatcher does not answer; this is what it said <span aria-hidden="true">{span(present - since)} ago</span>
      <span class="unseen"> before</span>. It is asked again by itself.
    </Message>
  );
}
