// Before anything is known: the form for the admin token, or that the dispatcher does not answer yet.
// The address stays as it is, so that whoever signs in is where it points.
import { useState } from "preact/hooks";

import { Mark } from "./parts/icon";
import { Message } from "./parts/message";
import { refusal, session, signIn } from "./session";

export function Login() {
  const known = session.use();
  const why = refusal.use();
  return (
    <main class="login">
      <div class="login-card">
        <Mark />
        <h1>Hookwright</h1>
        {known === null ? <Waiting why={why} /> : <Form why={why} />}
      </div>
    </main>
  );
}

function Waiting({ why }: { readonly why: string | null }) {
  return <p class="quiet" role="status">{why ?? "Asking the dispatcher …"}</p>;
}

function Form({ why }: { readonly why: string | null }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      await signIn(text);
    } catch (error) {
      setTrouble((error as Error).message);
    }
    setBusy(false);
  };
  const said = trouble ?? why;
  return (
    <form onSubmit={submit}>
      <label for="token">Admin token</label>
      <input id="token" type="password" autocomplete="off" autofocus required value={text}
        onInput={(event) => setText(event.currentTarget.value)} aria-describedby="token-help"
        aria-invalid={said !== null} />
      <p id="token-help" class="quiet">
        It is kept in this tab only. <code>hookwright open</code> signs you in by itself.
      </p>
      {said !== null && <Message tone="bad" role="alert">{said}</Message>}
      <button class="button primary" type="submit" disabled={busy}>Sign in</button>
    </form>
  );
}
