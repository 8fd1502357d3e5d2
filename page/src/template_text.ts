// What stands around a place in a template: the tag it is in, the loops around it, and from these what a field is
// called there, what is put in for it, and what may follow. Pure; reads tags as they are written, not as Jinja does.
// Must not: judge a template (the dispatcher does).
import { type Field, fieldAt } from "./event_fields";

/** A loop around a place: its variable, and the path that the variable stands for in the event. */
export interface Loop {
  readonly name: string;
  readonly path: string;
}

export interface Completion {
  readonly label: string;
  readonly detail: string;
  readonly info: string;
}

const TAG = /\{\{|\}\}|\{%|%\}/g;
const FOR_OR_END = /\{%[-+]?\s*(?:for\s+(\w+)\s+in\s+([\w.[\]"]+)[^%]*|(endfor)\s*)[-+]?%\}/g;
const WORD = /[\w.[\]"]*$/;
const VARIABLES: readonly (readonly [string, string])[] = [
  ["event", "the whole event"],
  ["trigger", "what fired"],
  ["webhook.name", "this webhook's name"],
  ["webhook.namespace", "its namespace"],
  ["delivery.id", "the webhook-id header"],
  ["delivery.attempt", "which attempt this is, from 1"],
];

/** The opening of the tag that the end of a text is in: `{{`, `{%`, or null outside. */
export function openTag(before: string): "{{" | "{%" | null {
  const last = [...before.matchAll(TAG)].at(-1)?.[0];
  return last === "{{" || last === "{%" ? last : null;
}

/** The loops that are open at the end of a text, the outermost first. */
export function loopsAt(before: string): readonly Loop[] {
  const open: Loop[] = [];
  for (const [, name, list, end] of before.matchAll(FOR_OR_END)) {
    if (end !== undefined) open.pop();
    else if (name !== undefined && list !== undefined) open.push({ name, path: `${resolve(list, open)}[0]` });
  }
  return open;
}

/** A name as the loops have it → its path in the event: `group.integration` → `data.access_groups[0].integration`. */
export function resolve(path: string, loops: readonly Loop[]): string {
  const [head = ""] = /^\w*/.exec(path) ?? [];
  const loop = loops.findLast(({ name }) => name === head);
  const whole = loop === undefined ? path : loop.path + path.slice(head.length);
  return whole.replace(/\.\[/g, "[").replace(/\[\d+\]/g, "[0]");
}

/** A path of the event as it is called inside these loops. */
export function called(path: string, loops: readonly Loop[]): string {
  for (const loop of loops.toReversed()) {
    if (path === loop.path || path.startsWith(`${loop.path}.`)) return loop.name + path.slice(loop.path.length);
  }
  return path;
}

/** What is put in for a field: its expression, or its name alone inside a tag. */
export function insertion(before: string, field: Field): string {
  const name = called(field.path, loopsAt(before));
  return openTag(before) === null ? `{{ ${name} }}` : name;
}

/** A loop over a list, with the first thing of each item that can be read, and commas between them. */
export function loopBlock(before: string, list: Field): string {
  const name = singular(list.name);
  const inside: readonly Loop[] = [...loopsAt(before), { name, path: `${list.path}[0]` }];
  const leaf = readable(list.children);
  const item = leaf === undefined ? name : called(leaf.path, inside);
  const indent = /(?:^|\n)([ \t]*)[^\n]*$/.exec(before)?.[1] ?? "";
  const lines = [
    `{% for ${name} in ${called(list.path, loopsAt(before))} %}`,
    `{{ ${item} }}{% if not loop.last %},{% endif %}`,
    "{% endfor %}",
  ];
  return lines.join(`\n${indent}`);
}

/** What may stand at the end of a text, and how many of its characters that replaces; null outside a tag. */
export function completions(before: string, fields: readonly Field[]): { readonly back: number; readonly options: readonly Completion[] } | null {
  if (openTag(before) === null) return null;
  const word = WORD.exec(before)?.[0] ?? "";
  if (/\|\s*\w*$/.test(before)) return null; // a filter
  const dot = word.lastIndexOf(".");
  if (dot < 0) return { back: word.length, options: [...loopVariables(before), ...tops(fields)] };
  const above = fieldAt(fields, resolve(word.slice(0, dot), loopsAt(before)));
  if (above === undefined) return null;
  return { back: word.length - dot - 1, options: above.children.map((field) => option(field, field.name)) };
}

function loopVariables(before: string): readonly Completion[] {
  return loopsAt(before).map(({ name, path }) => ({ label: name, detail: "loop", info: `an item of ${path.slice(0, -3)}` }));
}

/** All fields outside of lists by their whole path, then what else a template sees. */
function tops(fields: readonly Field[]): readonly Completion[] {
  const more = VARIABLES.map(([label, info]) => ({ label, detail: "", info }));
  return [...flat(fields).map((field) => option(field, field.path)), ...more];
}

function flat(fields: readonly Field[]): readonly Field[] {
  return fields.flatMap((field) => [field, ...(field.kind === "list" ? [] : flat(field.children))]);
}

function option(field: Field, label: string): Completion {
  return { label, detail: field.kind === "value" ? field.sample : field.kind, info: field.description };
}

function singular(name: string): string {
  return /^[A-Za-z_]\w*s$/.test(name) ? name.slice(0, -1) : "item";
}

/** A value somewhere in a field, best one that people read. */
function readable(fields: readonly Field[]): Field | undefined {
  const values = fields.filter(({ kind }) => kind === "value");
  const best = ["name", "id"].map((name) => values.find((field) => field.name === name)).find((field) => field !== undefined);
  if (best !== undefined || values.length > 0) return best ?? values[0];
  for (const field of fields.filter(({ kind }) => kind === "object")) {
    const below = readable(field.children);
    if (below !== undefined) return below;
  }
  return undefined;
}
