// Where the page starts: who asks, and which view a path is. A view gets the parameters of its path.
// A new view is one line in VIEWS.
import { type ComponentType, render } from "preact";

import { Frame } from "./frame";
import { Login } from "./login";
import { match, type Params } from "./route";
import { useRoute } from "./router";
import { session, start } from "./session";
import { DeadLettersView } from "./views/dead_letters";
import { InvocationsView } from "./views/invocations";
import { NothingHereView } from "./views/nothing_here";
import { WebhookView } from "./views/webhook";
import { WebhooksView } from "./views/webhooks";

const VIEWS: readonly (readonly [string, ComponentType<{ readonly params: Params }>])[] = [
  ["/", WebhooksView],
  ["/webhooks/:namespace/:name/*rest", WebhookView],
  ["/invocations/*rest", InvocationsView],
  ["/dead-letters", DeadLettersView],
  ["/*rest", NothingHereView],
];

function Page() {
  const { path } = useRoute();
  const known = session.use();
  if (known === null || !known.authenticated) return <Login />;
  for (const [pattern, View] of VIEWS) {
    const params = match(pattern, path);
    if (params === null) continue;
    const key = `${pattern} ${params["namespace"] ?? ""}/${params["name"] ?? ""}`; // another webhook starts afresh
    return (
      <Frame>
        <View key={key} params={params} />
      </Frame>
    );
  }
  return null;
}

void start();
render(<Page />, document.getElementById("page")!);
