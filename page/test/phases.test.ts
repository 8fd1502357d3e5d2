// The waterfall of an attempt.
import assert from "node:assert/strict";
import { test } from "node:test";

import { keptConnection, phases, spokenTimings } from "../src/phases";

const WHOLE = { dns: 1, connect: 2, tls: 3, firstByte: 4, total: 12 };

test("phases follow one another, and the last is what remains", () => {
  assert.deepEqual(phases(WHOLE).map(({ name, from, took }) => [name, from, took]), [
    ["DNS", 0, 1], ["Connect", 1, 2], ["TLS", 3, 3], ["First byte", 6, 4], ["Read and the rest", 10, 2],
  ]);
  assert.equal(keptConnection(WHOLE), false);
});

test("a kept connection has no phases before the first byte", () => {
  const timings = { dns: null, connect: null, tls: null, firstByte: 4, total: 3.9 };
  assert.deepEqual(phases(timings).map(({ took }) => took), [4, 0]);
  assert.equal(keptConnection(timings), true);
});

test("an attempt that came to nothing has no phases, and words all the same", () => {
  assert.deepEqual(phases({ total: 15_000 }), []);
  assert.equal(keptConnection({ total: 15_000 }), false);
  assert.equal(spokenTimings({ total: 15_000 }), "Timings: in all 15 s");
  assert.equal(spokenTimings({ ...WHOLE, dns: null }), "Timings: Connect 2.0 ms, TLS 3.0 ms, First byte 4.0 ms, Read and the rest 3.0 ms, in all 12 ms");
});
