// A path that is no view.
import { Empty } from "../parts/empty";
import { Title } from "../parts/title";
import { Link } from "../router";

export function NothingHereView() {
  return (
    <>
      <Title name="Nothing here" />
      <Empty title="There is no such page">
        <Link href="/">All webhooks</Link>
      </Empty>
    </>
  );
}
