// The command is run by a real shell; `curl` there prints its arguments.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { curl } from "../src/curl";
import type { RequestRecord } from "../src/types_invocations";

const PRINTS = `curl() { printf '%s\\0' "$@"; }\n`;

function run(request: Partial<RequestRecord>, env: Record<string, string> = {}): { out: string[]; error: string } {
  const whole = { method: "POST", url: "https://a.example/x", headers: {}, body: "{}", ...request };
  const done = spawnSync("sh", ["-c", PRINTS + curl(whole)], { env: { PATH: process.env["PATH"], ...env }, encoding: "utf8" });
  return { out: done.stdout.split("\0").slice(0, -1), error: done.stderr };
}

function after(out: readonly string[], option: string): readonly string[] {
  return out.filter((_, place) => out[place - 1] === option);
}

test("method, address, headers and body arrive as they are, and nothing of curl's own is added", () => {
  const body = `{"a":"it's $HOME \`id\` \\\\ \\"x\\"",\n"b":"!"}`;
  const { out } = run({ method: "PUT", url: "https://a.example/x?q=a+b&c=$(id)", headers: { "x-note": "it's; $(id)", "x-empty": "" }, body });
  assert.deepEqual(after(out, "--request"), ["PUT"]);
  assert.deepEqual(after(out, "--header"), ["x-note: it's; $(id)", "x-empty;", "accept-encoding: identity", "accept:", "content-type:"]);
  assert.deepEqual(after(out, "--data-raw"), [body]);
  assert.equal(out.at(-1), "https://a.example/x?q=a+b&c=$(id)");
});

test("each secret is a variable of its own, also within a text", () => {
  const headers = { authorization: "Bearer ‹secret slack/api.token›", "x-both": "‹secret slack/api.token›:‹secret slack/api-token›" };
  const url = "https://a.example/‹secret 9lives/hook›/in";
  const { out } = run({ url, headers }, { SLACK_API_TOKEN: "one two", SLACK_API_TOKEN_2: "it's", S_9LIVES_HOOK: "path" });
  assert.deepEqual(after(out, "--header").slice(0, 2), ["authorization: Bearer one two", "x-both: one two:it's"]);
  assert.equal(out.at(-1), "https://a.example/path/in");
});

test("a variable that is not set is told, and nothing is sent", () => {
  const { out, error } = run({ headers: { authorization: "Bearer ‹secret slack/token›" } });
  assert.deepEqual(out, []);
  assert.match(error, /SLACK_TOKEN: is key token of Secret slack/);
});

test("what only looks like a secret cannot run anything", () => {
  const { out } = run({ headers: { "x-a": "‹secret a`id`/$(id)\"}›" } }, { A_ID_ID_: "value" });
  assert.deepEqual(after(out, "--header")[0], "x-a: value");
});

test("an address with brackets or dots goes out as it is written", () => {
  const { out } = run({ url: "https://a.example/a/../b?x=[1]&y={z}" });
  assert.ok(out.includes("--globoff") && out.includes("--path-as-is"));
  assert.equal(out.at(-1), "https://a.example/a/../b?x=[1]&y={z}");
});

test("a body that is not kept whole comes from a file that is named; without one nothing is sent; none is none", () => {
  const headers = { "content-type": "application/json", "x-file": "‹secret body/file›" };
  for (const body of [null, `${"x".repeat(16 * 1024)}…`]) {
    const { out } = run({ headers, body }, { BODY_FILE: "my body.json", BODY_FILE_2: "value" });
    assert.deepEqual(after(out, "--data-binary"), ["@my body.json"]);
    assert.ok(after(out, "--header").includes("x-file: value"));
    const { out: sent, error } = run({ headers, body }, { BODY_FILE_2: "value" });
    assert.deepEqual(sent, []);
    assert.match(error, /BODY_FILE: is a file with the body/);
  }
  assert.deepEqual(run({ method: "DELETE", body: null }).out.filter((each) => each.startsWith("--data")), []);
});
