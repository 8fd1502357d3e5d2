// One webhook, whatever its tab.
import { Title } from "../parts/title";

export function WebhookView() {
  return <Title name="Webhook" />;
}
