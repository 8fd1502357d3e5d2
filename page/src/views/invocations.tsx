// All invocations, newest first: of every webhook, searched by the request that people know (AR-123) or by an id.
import { Search } from "../parts/search";
import { Title } from "../parts/title";
import { type Params } from "../route";
import { go, setQuery, useRoute } from "../router";
import { InvocationsPane } from "./invocations_pane";

const PATH = "/invocations";
const ID = /^dlv_[0-9a-z]{19}(\.[0-9]{1,9})?$/;

export function InvocationsView({ params }: { readonly params: Params }) {
  const { query } = useRoute();
  const chosen = params["rest"] || null;
  const search = (text: string): void => {
    const wanted = text.trim();
    if (ID.test(wanted)) go(`${PATH}/${wanted}`);
    else setQuery({ request: wanted, before: null });
  };
  return (
    <>
      <div class="view-head">
        <Title name="Invocations" tab={chosen === null ? "Invocations" : `Invocation ${chosen}`} />
        <Search label="Search invocations" placeholder="Request (AR-123) or id (dlv_…)" value={query.get("request") ?? ""}
          maxLength={64} onInput={search} />
      </div>
      <InvocationsPane webhook={null} list={PATH} one={PATH} chosen={chosen} command="hookwright send --trigger RequestGranted" />
    </>
  );
}
