// Builds the page: `node build.mjs OUT` writes index.html, assets/ with hashed names, each file also as .gz and .br,
// and licences.txt of what is inside. The same sources give the same bytes, whatever the machine and the folder.
// Must not: fetch anything, or write anywhere but OUT.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "..", "operator", "hookwright", "page"));

const bundled = await build({
  absWorkingDir: here,
  entryPoints: { main: "src/main.tsx", style: "src/style/index.css" },
  outdir: "assets",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  legalComments: "none", // they stand in licences.txt
  target: ["es2022", "chrome123", "firefox120", "safari17.5"], // what has light-dark()
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  metafile: true,
  write: false,
  logLevel: "warning",
});

const files = new Map(bundled.outputFiles.map((file) => [`assets/${basename(file.path)}`, Buffer.from(file.contents)]));
const icon = readFileSync(join(here, "src", "icon.svg"));
const iconName = `assets/icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
files.set(iconName, icon);
files.set("index.html", Buffer.from(shell(bundled.metafile.outputs)));
files.set("licences.txt", Buffer.from(licences(Object.keys(bundled.metafile.inputs))));

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "assets"), { recursive: true });
for (const [name, bytes] of files) {
  writeFileSync(join(out, name), bytes);
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

/** index.html with the names of what it loads; chunks the script needs at once are named as well, to save a round trip. */
function shell(outputs) {
  const find = (entry) => Object.keys(outputs).find((name) => outputs[name].entryPoint === entry);
  const main = find("src/main.tsx");
  const needed = outputs[main].imports.filter((each) => each.kind === "import-statement").map((each) => each.path);
  const names = {
    ICON: iconName,
    STYLE: find("src/style/index.css"),
    SCRIPT: main,
    CHUNKS: needed.map((name) => `\n    <link rel="modulepreload" href="/${name}">`).join(""),
  };
  return readFileSync(join(here, "index.html"), "utf8").replace(/%([A-Z]+)%/g, (_, name) => names[name]);
}

/** The licences of the packages of which anything is inside. */
function licences(inputs) {
  const packages = new Set(inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean));
  return [...packages].sort().map(licence).join("\n");
}

function licence(name) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).sort().find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} comes without the text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}
