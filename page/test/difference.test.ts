// What differs between two attempts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { difference } from "../src/difference";

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

test("what is too large to be compared counts as replaced", () => {
  const lines = (sign: string): string[] => ["same", ...Array.from({ length: 3_000 }, (_, place) => `${sign}${place}`)];
  const found = difference(lines("a"), lines("b"));
  assert.equal(found.length, 6_001);
  assert.deepEqual(found[0], { kind: "same", text: "same" });
});
