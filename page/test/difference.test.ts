// What differs between two attempts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { difference, folded } from "../src/difference";

function shown(before: string, after: string): string {
  const signs = { same: " ", removed: "-", added: "+" };
  return difference([...before], [...after]).map(({ kind, text }) => signs[kind] + text).join(" ");
}

test("equal texts have no difference, and an empty one is all added or removed", () => {
  assert.equal(shown("abc", "abc"), " a  b  c");
  assert.equal(shown("", "ab"), "+a +b");
  assert.equal(shown("ab", ""), "-a -b");
  assert.equal(shown("", ""), "");
});

test("the most lines stay, whatever changed between them", () => {
  assert.equal(shown("abcdef", "abXdYf"), " a  b -c +X  d -e +Y  f");
  assert.equal(shown("aXbc", "abcX"), " a -X  b  c +X");
  assert.equal(shown("aaa", "aa"), " a  a -a");
});

test("together the lines are both texts, whatever these are", () => {
  let seed = 7;
  const chance = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 300; round += 1) {
    const [before, after] = [0, 0].map(() => Array.from({ length: chance(12) }, () => "abc"[chance(3)]!)) as [string[], string[]];
    const lines = difference(before, after);
    assert.deepEqual(lines.filter(({ kind }) => kind !== "added").map(({ text }) => text), before);
    assert.deepEqual(lines.filter(({ kind }) => kind !== "removed").map(({ text }) => text), after);
  }
});

test("long runs of equal lines are left out, but for those around a change", () => {
  const before = [..."abcdefghijklmnop"];
  const rows = folded(difference(before, before.map((each) => (each === "f" ? "F" : each))), 2);
  assert.deepEqual(rows.map((row) => (row.kind === "folded" ? row.count : row.text)), [3, "d", "e", "f", "F", "g", "h", 8]);
  assert.deepEqual(folded(difference(before, before), 2), [{ kind: "folded", count: 16 }]);
  assert.deepEqual(folded(difference(["a", "b"], ["a", "c"]), 0).map(({ kind }) => kind), ["same", "removed", "added"]);
  assert.deepEqual(folded([], 2), []);
});

test("what is too large to be compared counts as replaced", () => {
  const lines = (sign: string): string[] => ["same", ...Array.from({ length: 3_000 }, (_, place) => `${sign}${place}`)];
  const found = difference(lines("a"), lines("b"));
  assert.equal(found.length, 6_001);
  assert.deepEqual(found[0], { kind: "same", text: "same" });
});
