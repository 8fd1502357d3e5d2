// A replay goes in steps, tells how far it is, and stops when told to.
import assert from "node:assert/strict";
import { test } from "node:test";

import { type Ask, howMany, justAfter, replay, step } from "../src/replaying";

/** A dispatcher with so many dead letters; what it was asked. */
function dispatcher(letters: number) {
  const asked: Parameters<Ask>[0][] = [];
  const ask: Ask = async (body) => {
    asked.push(body);
    const replayed = body.dryRun ? 0 : Math.min(letters, body.limit ?? 500);
    letters -= replayed;
    return { replayed, remaining: letters };
  };
  return { ask, asked };
}

const CHOSEN = { webhook: "shop/slack", reason: "Rejected", until: "2026-01-02T00:00:00.001Z" };

test("all are replayed, step by step, each as chosen", async () => {
  const { ask, asked } = dispatcher(60);
  const told: number[] = [];
  assert.equal(await howMany(ask, CHOSEN), 60);
  assert.equal(await replay(ask, CHOSEN, 60, new AbortController().signal, (done) => told.push(done)), 60);
  assert.deepEqual(told.slice(0, 2), [3, 6]);
  assert.deepEqual(asked.at(-1), { ...CHOSEN, limit: 3 });
  assert.equal(asked.length, 21);
});

test("a stop lets the step under way end and asks for no more", async () => {
  const { ask, asked } = dispatcher(100);
  const stopped = new AbortController();
  assert.equal(await replay(ask, CHOSEN, 100, stopped.signal, (done) => done >= 8 && stopped.abort()), 8);
  assert.equal(asked.length, 2);
});

test("it ends where somebody else was quicker", async () => {
  const { ask } = dispatcher(0);
  assert.equal(await replay(ask, CHOSEN, 10, new AbortController().signal, () => {}), 0);
});

test("steps are small enough to be seen and no larger than the dispatcher likes", () => {
  assert.deepEqual([1, 10, 60, 1_000_000].map(step), [1, 1, 3, 500]);
});

test("a selection ends just after the newest", () => {
  assert.equal(justAfter("2026-01-02T00:00:00.999Z"), "2026-01-02T00:00:01.000Z");
});
