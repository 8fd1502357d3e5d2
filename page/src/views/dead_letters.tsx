// Dead letters by webhook and reason.
import { Title } from "../parts/title";

export function DeadLettersView() {
  return <Title name="Dead letters" />;
}
