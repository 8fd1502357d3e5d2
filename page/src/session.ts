// Who asks: whether the dispatcher wants a token, whether ours is taken, and what it may do. The token comes from the
// login or from `#token=…`, which is taken out of the address before anything is drawn.
// Must not: keep a token itself (`api` does).
import { get, setToken, token, Unreachable, whenSignedOut } from "./api";
import { type Store, store } from "./store";
import type { Session } from "./types";

const AGAIN_MS = 2000;
const WRONG = "This token is not taken. It is the content of the admin token file.";

/** What is known of the dispatcher and of us; null: nothing yet. With `readOnly` no action is drawn. */
export const session: Store<Session | null> = store<Session | null>(null);

/** Why we are not signed in, one sentence, if there is more to say than that a token is asked for. */
export const refusal: Store<string | null> = store<string | null>(null);

/** Learn who we are; tries until the dispatcher answers. */
export async function start(): Promise<void> {
  takeFragment();
  whenSignedOut(() => {
    const known = session.get();
    if (known !== null) session.set({ ...known, authenticated: false });
    refusal.set("The token is not taken any more.");
  });
  try {
    await look(token() !== null);
  } catch (error) {
    refusal.set(error instanceof Unreachable ? null : (error as Error).message);
    setTimeout(() => void start(), AGAIN_MS);
  }
}

/** Use this token. False: it is not taken, and `refusal` says so. Throws Refused, Unreachable. */
export async function signIn(text: string): Promise<boolean> {
  const given = text.trim();
  if (!/^[\x21-\x7e]+$/.test(given)) {
    refusal.set(WRONG);
    return false;
  }
  setToken(given);
  return look(true);
}

async function look(given: boolean): Promise<boolean> {
  const found = await get<Session>("/session");
  if (!found.authenticated) setToken(null);
  refusal.set(given && !found.authenticated ? WRONG : null);
  session.set(found);
  return found.authenticated;
}

function takeFragment(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  setToken(given.trim());
  history.replaceState(null, "", location.pathname + location.search);
}
