/**
 * Starts and stops a lab by hand. `npx tsx tests/lab/main.ts --help` says how.
 */
import { messageOf } from "../../config/thrown";
import { SandboxError } from "../../sandbox/failure";
import { start } from "./processes";
import { Lab } from "./lab";
import { LabFolder } from "./folder";
import type { TopologyName } from "./topology";

const HELP = `Real Kubernetes nodes on this machine (Linux, root).

  up [--topology 1s1a] [--keep] [--empty] [--unit-flag FLAG]... [--version V]
                       start a lab; without --keep it ends with this command (Ctrl-C)
  list                 the labs that run
  exec [--lab ID] HOST COMMAND...
                       run something on a host, as root; HOST admin is the admin machine
  kubectl [--lab ID] ARGS...
  power-cut | boot | cut-network | restore-network [--lab ID] HOST
  down [--lab ID] [--all]

Topologies: 1s1a (SQLite), 3s2a (etcd), 1s1a-etcd, any <servers>s<agents>a.
`;

interface Arguments {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, readonly string[]>>;
}

/** Flags stand before the words that are passed on. */
function parse(args: readonly string[]): Arguments {
  const flags: Record<string, string[]> = {};
  let index = 0;
  for (; args[index]?.startsWith("--"); index++) {
    const [name = "", inline] = args[index]!.slice(2).split(/=(.*)/s);
    const value = ["keep", "empty", "all", "help"].includes(name) ? "true" : (inline ?? args[++index] ?? "");
    (flags[name] ??= []).push(value);
  }
  return { words: args.slice(index), flags };
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

async function up({ flags }: Arguments): Promise<void> {
  const abort = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        abort.abort(new SandboxError(`ended by ${signal}`));
        resolve();
      });
    }
  });
  const kept = flags["keep"] !== undefined;
  const lab = await Lab.start({
    topology: (flags["topology"]?.at(-1) ?? "1s1a") as TopologyName,
    kept,
    install: flags["empty"] === undefined,
    unitFlags: flags["unit-flag"] ?? [],
    version: flags["version"]?.at(-1),
    onLine: (line) => void process.stderr.write(`${line}\n`),
    signal: abort.signal,
  });
  print(
    `lab ${lab.id}\nfolder ${lab.folder.path}\nkubeconfig ${lab.kubeconfig}\nSSH_AUTH_SOCK=${lab.admin.env["SSH_AUTH_SOCK"]}`,
  );
  print(`admin machine: nsenter ${lab.admin.entry.join(" ")} COMMAND`);
  for (const { name, address, hostKey } of lab.hosts) print(`host ${name} ${address} ${hostKey}`);
  if (kept) return;
  const timer = setInterval(() => undefined, 1 << 30);
  await interrupted;
  clearInterval(timer);
  await lab.stop();
}

/** Runs something with this terminal; gives its exit code. */
async function attach(entry: readonly string[], command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = await start("nsenter", [...entry, ...command], { stdio: "inherit", env });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

async function main([verb = "", ...rest]: readonly string[]): Promise<number> {
  const args = parse(rest);
  const { words, flags } = args;
  const lab = () => Lab.find(flags["lab"]?.at(-1));
  const host = () => lab().host(words[0] ?? "");
  switch (verb) {
    case "up":
      await up(args);
      return 0;
    case "list":
      for (const folder of LabFolder.all()) {
        const hosts = folder.read()?.hosts.map(({ name }) => `${name}${folder.power(name) ? "" : " (off)"}`);
        print(`${folder.id} ${folder.path} ${hosts?.join(" ") ?? "(being made or removed)"}`);
      }
      return 0;
    case "exec": {
      const [name = "", ...command] = words;
      if (name === "admin") return attach(lab().admin.entry, command, { ...process.env, ...lab().admin.env });
      return attach(lab().host(name).entry, command, {
        ...process.env,
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
      });
    }
    case "kubectl":
      process.stdout.write(await lab().kubectl(words));
      return 0;
    case "power-cut":
      await host().powerCut();
      return 0;
    case "boot":
      await host().boot();
      return 0;
    case "cut-network":
      await host().cutNetwork();
      return 0;
    case "restore-network":
      await host().restoreNetwork();
      return 0;
    case "down":
      if (flags["all"]) for (const folder of LabFolder.all()) await Lab.find(folder.id).stop();
      else await lab().stop();
      return 0;
    default:
      process.stderr.write(HELP);
      return verb === "--help" || verb === "help" ? 0 : 2;
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`lab: ${messageOf(error)}\n`);
    process.exit(error instanceof SandboxError ? error.exitCode : 1);
  },
);
