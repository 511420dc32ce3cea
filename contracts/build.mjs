// Compiles the contracts with the pinned solcjs and writes one sorted JSON artifact each.
// Usage: node build.mjs [output folder] ; default: abi beside this file. Needs `npm ci` first.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.GEMSTRA_NODE_MODULES ?? join(here, "node_modules");
const solc = createRequire(join(modules, "x.js"))("solc");
const output = process.argv[2] ?? join(here, "abi");
const CONTRACTS = { GMS: "src/GMS.sol", CommissionVault: "src/CommissionVault.sol", CatalogAnchors: "src/CatalogAnchors.sol" };

const settings = {
  evmVersion: "cancun",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 200 },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
  viaIR: false,
};

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sol"))
    .map((entry) => relative(here, join(entry.parentPath, entry.name)))
    .sort();
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

const input = {
  language: "Solidity",
  sources: Object.fromEntries(
    sources(join(here, "src")).map((path) => [path, { content: readFileSync(join(here, path), "utf8") }]),
  ),
  settings,
};
const found = (path) => ({ contents: readFileSync(join(modules, path), "utf8") });
const result = JSON.parse(solc.compile(JSON.stringify(input), { import: found }));
// 2394 warns of transient storage in general; the guard of OpenZeppelin clears its own.
const problems = (result.errors ?? []).filter((problem) => problem.errorCode !== "2394");
for (const problem of problems) console.error(problem.formattedMessage);
if (problems.length > 0) process.exit(1);

mkdirSync(output, { recursive: true });
const { outputSelection, ...shown } = settings;
for (const [name, path] of Object.entries(CONTRACTS)) {
  const made = result.contracts[path][name];
  const artifact = {
    abi: made.abi,
    bytecode: `0x${made.evm.bytecode.object}`,
    compiler: `solc ${solc.version().split(".Emscripten")[0]}`,
    contractName: name,
    deployedBytecode: `0x${made.evm.deployedBytecode.object}`,
    settings: shown,
  };
  writeFileSync(join(output, `${name}.json`), `${JSON.stringify(sorted(artifact), null, 1)}\n`);
  console.log(`${name}: ${made.evm.deployedBytecode.object.length / 2} bytes`);
}
