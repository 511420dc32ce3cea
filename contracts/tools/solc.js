// Speaks the part of native solc's command line that forge uses (--version, --standard-json, base and include paths), with
// the pinned solcjs doing the work.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const modules = process.env.GEMSTRA_NODE_MODULES ?? path.join(__dirname, "..", "node_modules");
const solc = require(path.join(modules, "solc"));

function values(name) {
  const found = [];
  for (let at = 2; at < process.argv.length; at += 1) {
    const argument = process.argv[at];
    if (argument === name) found.push(process.argv[at + 1]);
    else if (argument.startsWith(`${name}=`)) found.push(argument.slice(name.length + 1));
  }
  return found;
}

function read(name) {
  const roots = [...values("--base-path"), ...values("--include-path"), modules, process.cwd()];
  for (const root of roots) {
    const file = path.resolve(root, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
  }
  return { error: `not found: ${name}` };
}

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  const output = solc.compile(fs.readFileSync(0, "utf8"), { import: read });
  fs.writeSync(1, output);
} else {
  process.stderr.write("only --version and --standard-json are understood\n");
  process.exit(1);
}
