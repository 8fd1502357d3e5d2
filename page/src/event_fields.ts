// The event as a tree of fields: those of its JSON Schema with the values of an event beside them, and those that only
// the event has. Pure. Must not: know the template, or draw.
import type { Json } from "./types_workbench";

export interface Field {
  readonly name: string;
  /** How a template calls it: `data.requester.email`, `data.access_groups[0].integration`. */
  readonly path: string;
  readonly kind: "value" | "object" | "list";
  /** The value in the event, as text; "" where there is none. */
  readonly sample: string;
  readonly description: string;
  /** Of an object its fields; of a list those of its items. */
  readonly children: readonly Field[];
}

const DEPTH = 8; // deeper than any event that people write templates for
const SHOWN = 120; // characters of a value
const NAME = /^[A-Za-z_]\w*$/;

/** The fields of an event's schema and of an event, in the schema's order. */
export function fieldTree(schema: Json, event: Json): readonly Field[] {
  return children(schema, schema, event, "", 0);
}

/** What is left of a tree when only fields whose path holds a text are wanted, with what leads to them. */
export function found(fields: readonly Field[], text: string): readonly Field[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return fields;
  return fields.flatMap((field) => {
    if (field.path.toLowerCase().includes(wanted)) return [field];
    const below = found(field.children, text);
    return below.length === 0 ? [] : [{ ...field, children: below }];
  });
}

/** The field that a path leads to; items of a list are those of `[0]`. */
export function fieldAt(fields: readonly Field[], path: string): Field | undefined {
  for (const field of fields) {
    if (field.path === path || `${field.path}[0]` === path) return field;
    if (path.startsWith(field.path)) {
      const below = fieldAt(field.children, path);
      if (below !== undefined) return below;
    }
  }
  return undefined;
}

function children(root: Json, schema: Json, value: unknown, path: string, depth: number): readonly Field[] {
  if (depth > DEPTH) return [];
  const known = object(schema["properties"]);
  const here = object(value);
  const names = [...new Set([...Object.keys(known), ...Object.keys(here)])];
  return names.map((name) => field(root, name, object(known[name]), here[name], joined(path, name), depth));
}

function field(root: Json, name: string, given: Json, value: unknown, path: string, depth: number): Field {
  const schema = resolved(root, given);
  const description = text(given["description"]) || text(schema["description"]);
  const start = { name, path, description };
  if (Array.isArray(value) || isList(schema)) {
    const item = resolved(root, object(schema["items"]));
    const first: unknown = Array.isArray(value) ? value[0] : undefined;
    return { ...start, kind: "list", sample: "", children: children(root, item, first, `${path}[0]`, depth + 1) };
  }
  const below = children(root, schema, value, path, depth + 1);
  if (below.length > 0) return { ...start, kind: "object", sample: "", children: below };
  return { ...start, kind: "value", sample: shown(value), children: [] };
}

/** A schema without its reference, and without the choice of null beside it. */
function resolved(root: Json, schema: Json): Json {
  const reference = text(schema["$ref"]);
  if (reference !== "") return resolved(root, object(object(root["$defs"])[reference.replace("#/$defs/", "")]));
  const choices = Array.isArray(schema["anyOf"]) ? schema["anyOf"].map(object) : [];
  const chosen = choices.find((each) => each["type"] !== "null");
  return chosen === undefined ? schema : resolved(root, chosen);
}

function isList(schema: Json): boolean {
  const type = schema["type"];
  return type === "array" || (Array.isArray(type) && type.includes("array"));
}

function joined(path: string, name: string): string {
  if (!NAME.test(name)) return `${path === "" ? "event" : path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  return whole.length > SHOWN ? `${whole.slice(0, SHOWN)}…` : whole;
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
