// All invocations, newest first.
import { Title } from "../parts/title";

export function InvocationsView() {
  return <Title name="Invocations" />;
}
