// Bodies as they are shown.
import assert from "node:assert/strict";
import { test } from "node:test";

import { coloured, indented } from "../src/pretty";

test("JSON is indented, and numbers keep their digits", () => {
  assert.equal(
    indented('{"a":1.0,"b":[1e400,{"c":null}],"d":{},"e":[]}'),
    '{\n  "a": 1.0,\n  "b": [\n    1e400,\n    {\n      "c": null\n    }\n  ],\n  "d": {},\n  "e": []\n}',
  );
});

test("what is no JSON stays as it is", () => {
  for (const text of ["", "plain", "{a: 1}", '{"cut": "off…', "<b>{}</b>"]) assert.equal(indented(text), text);
});

test("brackets, quotes and line breaks within a text are text", () => {
  assert.equal(indented('["{\\"a\\":[1,2]}","\\n\u2028"]'), '[\n  "{\\"a\\":[1,2]}",\n  "\\n\u2028"\n]');
});

test("pieces say keys from texts, and are the text together", () => {
  const text = '{"k" : "v", "n": [-1.5, true, null]}';
  const pieces = coloured(text);
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  const kinds = pieces.filter((piece) => piece.kind !== "plain").map(({ kind, text: part }) => `${kind} ${part}`);
  assert.deepEqual(kinds, ['key "k"', 'text "v"', 'key "n"', "number -1.5", "word true", "word null"]);
});

test("a cut body is coloured as far as it goes", () => {
  const text = '{"a": "b", "c": "cut off…';
  assert.equal(coloured(text).map((piece) => piece.text).join(""), text);
});
