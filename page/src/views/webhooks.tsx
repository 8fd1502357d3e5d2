// The webhooks of all namespaces: what needs attention first.
import { Title } from "../parts/title";

export function WebhooksView() {
  return <Title name="Webhooks" />;
}
