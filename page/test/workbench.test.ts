// The workbench's pure parts: the tree of an event's fields, what is put in at a place of a template, what may follow
// there, and where a problem stands.
import assert from "node:assert/strict";
import { test } from "node:test";

import { type Field, fieldAt, fieldTree, found } from "../src/event_fields";
import { rangeOf } from "../src/template_places";
import { called, completions, insertion, loopBlock, loopsAt, openTag, resolve } from "../src/template_text";

const SCHEMA = {
  properties: {
    event_type: { type: "string", description: "What happened." },
    data: { anyOf: [{ $ref: "#/$defs/Data" }, { type: "null" }] },
  },
  $defs: {
    Data: {
      properties: {
        requester: { anyOf: [{ $ref: "#/$defs/Person" }, { type: "null" }], description: "Who asked." },
        groups: { type: ["array", "null"], items: { $ref: "#/$defs/Group" } },
      },
    },
    Group: { properties: { owner: { $ref: "#/$defs/Person" }, units: { type: "array", items: { type: "object" } } } },
    Person: { properties: { id: { type: "string" }, email: { type: ["string", "null"] } } },
  },
};
const EVENT = {
  event_type: "AccessRequestCreated",
  data: { requester: { id: "user-1", email: "user@example.com" }, groups: [{ owner: { id: "o" } }], "my-own": 7 },
};
const TREE = fieldTree(SCHEMA, EVENT);

function at(path: string): Field {
  const field = fieldAt(TREE, path);
  assert.ok(field, path);
  return field;
}

test("a tree has the schema's fields with the event's values, and those that only the event has", () => {
  assert.deepEqual(TREE.map(({ path }) => path), ["event_type", "data"]);
  assert.deepEqual(at("data").children.map(({ path }) => path), ["data.requester", "data.groups", 'data["my-own"]']);
  assert.deepEqual([at("data.requester.email").sample, at('data["my-own"]').sample], ["user@example.com", "7"]);
  assert.equal(at("data.requester").description, "Who asked.");
  assert.deepEqual([at("data").kind, at("data.groups").kind, at("data.requester.id").kind], ["object", "list", "value"]);
  assert.deepEqual(at("data.groups").children.map(({ path }) => path), ["data.groups[0].owner", "data.groups[0].units"]);
});

test("finding keeps what leads to what was found", () => {
  const [data] = found(TREE, "EMAIL");
  assert.deepEqual(data?.children.map(({ path }) => path), ["data.requester", "data.groups"]);
  assert.deepEqual(data?.children[0]?.children.map(({ path }) => path), ["data.requester.email"]);
  assert.deepEqual(found(TREE, "nobody"), []);
});

test("an expression is put in with its braces, and without them inside a tag", () => {
  assert.equal(insertion('{"a": "', at("data.requester.email")), "{{ data.requester.email }}");
  assert.equal(insertion('{"a": "{{ ', at("data.requester.email")), "data.requester.email");
  assert.equal(openTag('{"a": "{{ x }}"'), null);
  assert.equal(openTag("{% if "), "{%");
});

test("inside a loop a field of its items is called by the loop's variable", () => {
  const before = "[{% for g in data.groups %}{% for u in g.units %}{% endfor %}";
  assert.deepEqual(loopsAt(before), [{ name: "g", path: "data.groups[0]" }]);
  assert.equal(insertion(before, at("data.groups[0].owner.id")), "{{ g.owner.id }}");
  assert.equal(called("data.requester.id", loopsAt(before)), "data.requester.id");
  assert.equal(resolve("g.units", loopsAt(before)), "data.groups[0].units");
  assert.equal(insertion(`${before}{% endfor %}`, at("data.groups[0].owner.id")), "{{ data.groups[0].owner.id }}");
});

test("a loop is put in with its commas, at the indent of its line", () => {
  assert.equal(
    loopBlock('{"a": [\n    ', at("data.groups")),
    "{% for group in data.groups %}\n    {{ group.owner.id }}{% if not loop.last %},{% endif %}\n    {% endfor %}",
  );
});

test("after {{ come all paths, after a dot the fields below", () => {
  const labels = (before: string): readonly string[] | undefined => completions(before, TREE)?.options.map(({ label }) => label);
  assert.deepEqual(labels("{{ ")?.slice(0, 5), ["event_type", "data", "data.requester", "data.requester.id", "data.requester.email"]);
  assert.deepEqual(labels("{{ data.requester.em"), ["id", "email"]);
  assert.equal(completions("{{ data.requester.em", TREE)?.back, 2);
  assert.deepEqual(labels("{% for g in data.groups %}{{ g.owner."), ["id", "email"]);
  assert.equal(labels("{% for g in data.groups %}{{ ")?.[0], "g");
  assert.equal(labels('{"a": '), undefined);
  assert.equal(labels("{{ data.id | up"), undefined);
});

test("a problem stands at its characters, in its line, or nowhere", () => {
  const problem = { field: "spec.bodyTemplate", severity: "error", message: "", cure: null } as const;
  const text = '{\n  "🦊": "{{ data.x }}"\n\n}';
  const place = (line: number, column: number, length: number): string | null => {
    const range = rangeOf(text, { ...problem, line, column, length });
    return range === null ? null : text.slice(range.from, range.to);
  };
  assert.equal(place(2, 9, 12), "{{ data.x }}");
  assert.equal(place(2, 0, 0), '"🦊": "{{ data.x }}"');
  assert.equal(place(3, 0, 0), "");
  assert.equal(place(0, 0, 0), null);
  assert.equal(place(9, 0, 0), "}");
});
