// The dot before a webhook: active or hollow. Its colour is never alone: the state's word stands beside it (<State>).
import { type Standing, verdict } from "../standing";

export function Dot({ webhook }: { readonly webhook: Standing }) {
  const name = webhook.active ? "Active" : "Inactive";
  const hollow = webhook.active ? "" : " hollow";
  return <span class={`dot ${verdict(webhook).tone}${hollow}`} role="img" aria-label={name} title={name} />;
}
