// Paths and what they are matched by. What needs an address bar is tested in a browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { match, withQuery } from "../src/route";

test("a pattern takes whole paths only, and names its parts", () => {
  assert.deepEqual(match("/", "/"), {});
  assert.equal(match("/", "/webhooks"), null);
  assert.deepEqual(match("/dead-letters", "/dead-letters/"), {});
  assert.equal(match("/webhooks/:namespace/:name", "/webhooks/shop"), null);
  assert.deepEqual(match("/webhooks/:namespace/:name/*rest", "/webhooks/shop/slack"), { namespace: "shop", name: "slack", rest: "" });
  assert.deepEqual(match("/webhooks/:namespace/:name/*rest", "/webhooks/shop/slack/invocations/dlv_1.2"), {
    namespace: "shop",
    name: "slack",
    rest: "invocations/dlv_1.2",
  });
});

test("parts are decoded, and what cannot be stays as it is", () => {
  assert.deepEqual(match("/a/:b", "/a/x%20y"), { b: "x y" });
  assert.deepEqual(match("/a/:b", "/a/%zz"), { b: "%zz" });
});

test("parameters are set and taken away, the others stay", () => {
  assert.equal(withQuery("/", { q: "a b", sort: null }, new URLSearchParams("sort=name&limit=5")), "/?limit=5&q=a+b");
  assert.equal(withQuery("/", { q: "" }, new URLSearchParams("q=x")), "/");
});
