// Checks and bundles the report page's script and style, and writes them as C++ constants together
// with the Content-Security-Policy that lets the browser run these two texts and nothing else.
//
// node build.mjs SOURCE_DIR OUT.cpp, in a folder whose node_modules hold what package.json asks
// for.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [source, out] = process.argv.slice(2).map((path) => resolve(path));
const modules = resolve("node_modules");
const { buildSync } = createRequire(resolve("package.json"))("esbuild");

// The sources stay where they are: a tree that cannot be written to is built as well.
function checkTypes() {
  writeFileSync("tsconfig.json", JSON.stringify({
    extends: join(source, "tsconfig.json"),
    compilerOptions: { paths: { "*": [join(modules, "*")] } },
    include: [join(source, "src", "*.ts")],
  }));
  const tsc = join(modules, "typescript", "bin", "tsc");
  const done = spawnSync(process.execPath, [tsc, "--project", "tsconfig.json"],
    { stdio: "inherit" });
  if (done.status !== 0) process.exit(1);
}

function bundled(entry, options) {
  const { outputFiles } = buildSync({
    entryPoints: [entry], bundle: true, minify: true, write: false, charset: "ascii",
    legalComments: "none", nodePaths: [modules], logLevel: "warning", ...options,
  });
  return outputFiles[0].text.trim();
}

// uPlot's licence asks for its notice in every copy, and each report is one.
function notice() {
  const text = readFileSync(join(modules, "uplot", "LICENSE"), "utf8").trim();
  return `/* uPlot:\n${text.replaceAll("*/", "* /")} */`;
}

// Nothing in it may end the element that it stands in.
function harmless(text, element) {
  if (new RegExp(`</${element}|<!--`, "i").test(text)) {
    throw new Error(`the ${element} would end before its end`);
  }
  return text;
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

// Pieces of a string literal, each short enough for a compiler and a reader.
function constant(name, text) {
  const pieces = text.match(/[^]{1,90}/gu) ?? [""];
  const lines = pieces.map((piece) => "    " + JSON.stringify(piece).replaceAll("?", "\\?"));
  return `const std::string_view ${name} =\n${lines.join("\n")};\n`;
}

checkTypes();
const style = harmless(bundled(join(source, "src", "page.css"), {}), "style");
const script = harmless(notice() + "\n" + bundled(join(source, "src", "main.ts"),
  { format: "iife", target: "es2022" }), "script");
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)};` +
  " base-uri 'none'; form-action 'none'";

writeFileSync(out, `// Written by reports/web/build.mjs.
#include "reports/web/page.hpp"

namespace reports::web {

${constant("style", style)}
${constant("script", script)}
${constant("content_security_policy", policy)}
}  // namespace reports::web
`);
