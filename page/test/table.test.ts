// What the address says of a table, the sentence below it, and the bars of a webhook's last hour.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bars, HEIGHT, inWords, WIDTH } from "../src/sparkline";
import { range, sortedBy, sortingOf } from "../src/table";
import type { Slot } from "../src/types_webhooks";

test("a click on a column sorts by it, the next one turns it round, pages begin anew", () => {
  const usual = sortingOf(new URLSearchParams("after=3~a/b"), "attention");
  assert.deepEqual(usual, { by: "attention", direction: "ascending" });
  assert.deepEqual(sortedBy("dead", usual, "attention"), { sort: "dead", order: null, after: null });
  const rising = sortingOf(new URLSearchParams("sort=dead"), "attention");
  assert.deepEqual(sortedBy("dead", rising, "attention"), { sort: "dead", order: "desc", after: null });
  const falling = sortingOf(new URLSearchParams("sort=dead&order=desc"), "attention");
  assert.equal(falling.direction, "descending");
  assert.deepEqual(sortedBy("dead", falling, "attention"), { sort: "dead", order: null, after: null });
  assert.deepEqual(sortedBy("attention", falling, "attention"), { sort: null, order: null, after: null });
});

test("a page says which of how many it shows", () => {
  assert.equal(range(0, 50, 10_000), "1–50 of 10,000");
  assert.equal(range(9_950, 50, 10_000), "9,951–10,000 of 10,000");
  assert.equal(range(0, 0, 12), "0 of 12");
});

test("the last hour is told in words", () => {
  const slots: Slot[] = Array.from({ length: 30 }, () => [0, 0]);
  assert.equal(inWords(slots, 120), "Last hour: nothing sent");
  slots[0] = [1_200, 0];
  assert.equal(inWords(slots, 120), "Last hour: 1,200 delivered");
  slots[29] = [0, 3];
  assert.equal(inWords(slots, 120), "Last hour: 1,200 delivered, 3 failed");
});

test("the highest bar fills the drawing, a failure stands on top, the floor is drawn where nothing happened", () => {
  const drawn = bars([[100, 0], [0, 0], [99, 1]]);
  assert.equal(drawn.good.split("M")[1], `0 0h39v${HEIGHT}h-39z`);
  assert.equal(drawn.floor, `M40 ${HEIGHT - 1}h39v1h-39z`);
  assert.equal(drawn.bad, "M80 0h39v2.5h-39z");
  assert.equal(drawn.good.split("M")[2], `80 2.5h39v${HEIGHT - 2.5}h-39z`);
});

test("a single attempt beside very many is still seen, and no bar leaves the drawing", () => {
  const drawn = bars([[1_000_000, 0], [0, 1]]);
  assert.match(drawn.bad, /v2\.5h/);
  const places = `${drawn.good}${drawn.bad}`.matchAll(/M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)/g);
  for (const [, x, y, width, height] of places) {
    assert.ok(Number(x) + Number(width) <= WIDTH && Number(y) + Number(height) <= HEIGHT);
  }
});
