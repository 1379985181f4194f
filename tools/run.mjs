#!/usr/bin/env node
// What every `npm run` command starts. Built-in modules only: on a fresh clone nothing else is there yet. It installs
// the packages that package-lock.json names when they are missing, then starts the command's TypeScript.
import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Exit code of a command that could not do what it was asked at all (see tools/cli.ts). */
const COULD_NOT_LOOK = 2;

const COMMANDS = {
  sandbox: {
    entry: "sandbox/main.ts",
    summary: "deploy the whole stack into a throw-away control plane on this machine",
  },
  plan: { entry: "tools/plan/main.ts", summary: "write what a stack declares, without a cluster or credentials" },
  golden: {
    entry: "tools/golden.ts",
    summary: "rewrite the reviewed plans under tests/golden (--check only compares)",
  },
  validate: {
    entry: "checks/main.ts",
    args: ["validate"],
    summary: "run the success criteria against a stack's cluster",
  },
  preflight: {
    entry: "checks/main.ts",
    args: ["preflight"],
    summary: "go or no-go before a change of CNI: machines and cluster, and what it would do",
  },
  drift: {
    entry: "checks/main.ts",
    args: ["drift"],
    summary: "what differs on machines and in the cluster from what the stack declares, with the fix named",
  },
  diagnose: {
    entry: "checks/main.ts",
    args: ["diagnose"],
    summary: "why something is not as it should be: the cause with its evidence, and what it is not",
  },
  policies: {
    entry: "checks/main.ts",
    args: ["policies"],
    summary: "which policies a cluster has, and whom those of the stack would cut off once they act",
  },
  gate: {
    entry: "checks/main.ts",
    args: ["gate"],
    byStack: true,
    summary: "wait for one readiness gate (the stack runs this)",
  },
  rollout: {
    entry: "rollout/main.ts",
    byStack: true,
    summary: "run one step of a rollout by hand (the stack runs these)",
  },
  kubeconfig: {
    entry: "rollout/kubeconfig/main.ts",
    summary: "bring the administrator's kubeconfig here when there is none or it no longer works",
  },
  rotate: {
    entry: "rollout/rotate/main.ts",
    summary: "renew K3s' certificates, the cluster's token or the key of its Secrets (shows first; --yes does it)",
  },
  adopt: {
    entry: "tools/adopt/main.ts",
    summary: "take over what is in a cluster already: what would change, what is in the way, and the import file",
  },
  "delivery:plan": {
    entry: "delivery/cli/plan.ts",
    summary: "what a change does to every environment, as a pull request's comment; needs no cluster and no secret",
  },
  "delivery:preview": {
    entry: "delivery/cli/preview.ts",
    summary: "a real preview as a comment, and the record that a deployment is held against",
  },
  "delivery:gate": {
    entry: "delivery/cli/gate.ts",
    summary: "whether what was previewed and approved may be deployed now",
  },
  "delivery:drift": {
    entry: "delivery/cli/drift.ts",
    summary: "one issue per environment, opened, updated and closed by what drift and refresh found",
  },
  "delivery:drift-key": {
    entry: "delivery/cli/drift-key.ts",
    summary: "lines for authorized_keys by which a key may look at a stack's machines and do nothing else",
  },
  state: {
    entry: "delivery/cli/state.ts",
    summary: "a stack's state: set up backend and key, show, back up, restore, unlock, recover after a crash",
  },
  charts: { entry: "tools/charts/main.ts", summary: "pull the pinned Helm charts into the charts folder" },
  pin: { entry: "tools/pin/main.ts", summary: "measure what K3s is installed from and pin it in a stack file" },
  sbom: { entry: "tools/sbom/main.ts", summary: "bill of materials: npm packages, charts, K3s and images" },
  changelog: {
    entry: "tools/changelog/main.ts",
    summary: "judge the changes that wait for a release, or make one of them (check, release X.Y.Z)",
  },
  docs: { entry: "tools/docs.ts", summary: "regenerate the generated parts of the documentation" },
  bench: { entry: "tools/bench/main.ts", summary: "measure how the program's evaluation grows, as ratios" },
  "bench:network": {
    entry: "checks/main.ts",
    args: ["bench:network"],
    summary: "measure a cluster's network, keep the figures and compare them",
  },
  "bench:cni": {
    entry: "tests/lab/bench/main.ts",
    summary: "measure in the lab what a change of the CNI is felt like",
  },
  test: { entry: "tools/test.ts", summary: "format check, lint, type check, unit and golden tests" },
  "test:e2e": { entry: "tools/test.ts", args: ["--e2e"], summary: "the sandbox suite" },
  "test:lab": { entry: "tools/test.ts", args: ["--lab"], summary: "the lab: K3s-shaped real nodes on this machine" },
  format: { entry: "node_modules/prettier/bin/prettier.cjs", args: ["--write", "."], summary: "format every file" },
};

/** A fault that the message explains by itself. */
class Refusal extends Error {}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = () => JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const say = (line) => process.stderr.write(`${line}\n`);

function help() {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ["Usage: npm run <command> -- [arguments]   (or: node tools/run.mjs <command> [arguments])", "", "Commands:"]
    .concat(
      rows,
      "",
      "`npm run <command> -- --help` explains one command, `--version` says which version and commit it is of.",
      "",
    )
    .join("\n");
}

/** Levenshtein distance. */
function distance(left, right) {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length];
}

function commandOf(name) {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name];
  const [near] = Object.keys(COMMANDS).sort((left, right) => distance(name, left) - distance(name, right));
  const hint = distance(name, near) <= Math.max(2, name.length / 3) ? ` Did you mean "${near}"?` : "";
  throw new Refusal(`unknown command "${name}".${hint} Known: ${Object.keys(COMMANDS).join(", ")}.`);
}

function requireNode(version, range) {
  const numbers = (text) =>
    text
      .replace(/^[^\d]*/, "")
      .split(".")
      .map(Number);
  const [have, want] = [numbers(version), numbers(range)];
  const older = have[0] < want[0] || (have[0] === want[0] && have[1] < (want[1] ?? 0));
  if (older) throw new Refusal(`Node.js ${version} is too old: this project needs ${range}. Install a newer Node.js.`);
}

/** Whether node_modules holds what package-lock.json names. npm writes the inner lock file when it has finished. */
function isInstalled() {
  const inner = join(root, "node_modules/.package-lock.json");
  if (!existsSync(inner)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  try {
    const installed = packagesOf(inner);
    return Object.entries(packagesOf(join(root, "package-lock.json"))).every(
      ([path, { version, integrity, optional, devOptional, peer }]) =>
        path === "" ||
        (installed[path] === undefined
          ? Boolean(optional || devOptional || peer)
          : installed[path].version === version && installed[path].integrity === integrity),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** A process id can be used again; no `npm ci` takes this long. */
const LOCK_MAX_AGE_MS = 30 * 60 * 1000;

/** The lock's holder, or undefined when there is none that lives. */
function holderOf(lock) {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    const fresh = Date.now() - statSync(lock).mtimeMs < LOCK_MAX_AGE_MS;
    return fresh && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Takes the lock file, whose content is the holder's process id from its first moment on (link is atomic). */
function tryLock(lock) {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (holderOf(lock) === undefined) {
      // Moved aside, not deleted: whoever has taken it over in the meantime gets it back.
      const aside = `${own}.stale`;
      try {
        renameSync(lock, aside);
        if (holderOf(aside) !== undefined) linkSync(aside, lock);
      } catch (race) {
        if (race.code !== "ENOENT" && race.code !== "EEXIST") throw race;
      }
      rmSync(aside, { force: true });
    }
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

async function install() {
  if (isInstalled()) return;
  const lock = join(root, ".cache/npm-ci.lock");
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; !tryLock(lock);) {
    if (isInstalled() && holderOf(lock) === undefined) return;
    if (!told) say(`waiting for the packages that process ${holderOf(lock) ?? "?"} is installing ...`);
    told = true;
    await new Promise((wake) => setTimeout(wake, 250));
  }
  try {
    if (isInstalled()) return;
    say("installing the packages of package-lock.json (npm ci) ...");
    const npm = process.env.npm_execpath;
    const viaNode = npm !== undefined && /\.c?js$/.test(npm);
    const [command, args] = viaNode ? [process.execPath, [npm, "ci"]] : ["npm", ["ci"]];
    // npm's output goes to stderr: stdout belongs to the command. Under `npm run --silent` it would not say what is wrong.
    const env = { ...process.env, npm_config_loglevel: "error" };
    const shell = process.platform === "win32";
    const code = await run(command, args, { cwd: root, env, stdio: ["ignore", 2, 2], shell });
    if (code !== 0) throw new Refusal(`npm ci failed with exit code ${code}; its message is above.`);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Runs a child to its end and hands signals on; the exit code, or 128 plus the number of the signal that ended it. */
function run(command, args, options) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, options);
    // On a terminal Ctrl-C reaches the child by itself; handed on it would count twice.
    const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
    const forward = (signal) => {
      if (!(signal === "SIGINT" && terminal)) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const release = () => signals.forEach((signal) => process.off(signal, forward));
    child.once("error", (error) => {
      release();
      reject(new Refusal(`cannot start ${command}: ${error.message}`));
    });
    child.once("exit", (code, signal) => {
      release();
      settle(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

async function main([name, ...rest]) {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? process.stderr : process.stdout).write(help());
    return name === undefined ? COULD_NOT_LOOK : 0;
  }
  if (name === "--version") {
    process.stdout.write(`seldon-k3s ${manifest().version}\n`);
    return 0;
  }
  const { entry, byStack = false, args = [] } = commandOf(name);
  requireNode(process.version, manifest().engines.node);
  if (!byStack) await install();
  // In the middle of an update nobody waits for packages, and what the update itself runs on must not be replaced.
  else if (!isInstalled()) throw new Refusal(`${name}: node_modules is not what package-lock.json names. Run: npm ci`);
  if (!existsSync(join(root, entry))) throw new Refusal(`${entry} does not exist in this clone.`);
  const node = entry.endsWith(".ts") ? ["--require", join(root, "tools", "typescript.cjs")] : [];
  return run(process.execPath, [...node, join(root, entry), ...args, ...rest], { stdio: "inherit" });
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error) => {
    say(error instanceof Refusal ? `error: ${error.message}` : String(error.stack ?? error));
    process.exitCode = error instanceof Refusal ? COULD_NOT_LOOK : 1;
  },
);
