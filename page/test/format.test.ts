// Numbers, times and durations as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { age, ago, bytes, count, counted, duration, span } from "../src/format";

const NOON = Date.parse("2026-01-02T12:00:00Z");

test("counts have separators and the right word", () => {
  assert.deepEqual([count(10000), counted(1, "dead letter"), counted(1234, "dead letter")], ["10,000", "1 dead letter", "1,234 dead letters"]);
});

test("durations keep two or three digits that matter", () => {
  const given = [0.04, 0.4, 9.94, 9.96, 12.4, 999.4, 999.6, 1400, 59_940, 59_960, 125_000];
  assert.deepEqual(given.map(duration), ["0.0 ms", "0.4 ms", "9.9 ms", "10 ms", "12 ms", "999 ms", "1 s", "1.4 s", "59.9 s", "1 min", "2 min 5 s"]);
});

test("spans have at most two units that follow each other", () => {
  const given = [0, 400, 61_000, 3_600_000, 3_601_000, 90_061_000, -5];
  assert.deepEqual(given.map(span), ["0 s", "0 s", "1 min 1 s", "1 h", "1 h", "1 d 1 h", "0 s"]);
});

test("ages have one unit, and a clock that is ahead is now", () => {
  const times = ["2026-01-02T12:00:01Z", "2026-01-02T11:59:59Z", "2026-01-02T11:59:55Z", "2026-01-02T11:57:00Z", "2026-01-02T02:00:00Z", "2025-12-30T12:00:00Z"];
  assert.deepEqual(times.map((time) => age(time, NOON)), ["now", "now", "5 s", "3 min", "10 h", "3 d"]);
  assert.deepEqual(times.slice(1, 3).map((time) => ago(time, NOON)), ["now", "5 s ago"]);
});

test("bytes have the unit that fits", () => {
  assert.deepEqual([1, 303, 12_700, 2_097_152].map(bytes), ["1 byte", "303 bytes", "12.4 KiB", "2 MiB"]);
});
