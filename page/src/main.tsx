// Where the page starts: who asks, and which view a path is. A view gets the parameters of its path.
// A new view is one line in VIEWS.
import { render } from "preact";

import { Frame } from "./frame";
import { type Lazy, lazy } from "./lazy";
import { Login } from "./login";
import { match, type Params } from "./route";
import { useRoute } from "./router";
import { session, start } from "./session";

interface Found {
  readonly View: Lazy<{ readonly params: Params }>;
  readonly params: Params;
  /** Another one starts afresh. */
  readonly key: string;
}

const VIEWS: readonly (readonly [string, Found["View"]])[] = [
  ["/", lazy(() => import("./views/webhooks").then((file) => file.WebhooksView))],
  ["/webhooks/:namespace/:name/*rest", lazy(() => import("./views/webhook").then((file) => file.WebhookView))],
  ["/invocations/*rest", lazy(() => import("./views/invocations").then((file) => file.InvocationsView))],
  ["/dead-letters", lazy(() => import("./views/dead_letters").then((file) => file.DeadLettersView))],
  ["/*rest", lazy(() => import("./views/nothing_here").then((file) => file.NothingHereView))],
];

function find(path: string): Found | null {
  for (const [pattern, View] of VIEWS) {
    const params = match(pattern, path);
    if (params !== null) return { View, params, key: `${pattern} ${params["namespace"]}/${params["name"]}` };
  }
  return null;
}

function Page() {
  const { path } = useRoute();
  const known = session.use();
  const found = find(path);
  if (known === null || !known.authenticated) return <Login />;
  if (found === null) return null;
  return (
    <Frame>
      <found.View key={found.key} params={found.params} />
    </Frame>
  );
}

void start();
find(location.pathname)?.View.load();
render(<Page />, document.getElementById("page")!);
