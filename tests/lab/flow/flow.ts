/** The stack's way through a lab: one `up` after the other, by changes of its configuration alone. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { Lab } from "../lab";
import { DEFAULT_VERSION, PINNED_FOLDER } from "../host-files";
import { cliProject, setSecret, stackFileOf, wantsCli } from "./cli-engine";
import { labCharts } from "../charts";

const PROJECT = resolve(__dirname, "../../..");

type Values = Readonly<Record<string, unknown>>;

/** How an `up` ended. */
export interface UpResult {
  readonly code: number;
  /** Commands that really ran, in order, and resources that were deleted. */
  readonly ran: readonly string[];
  readonly removed: readonly string[];
  /** Everything that it said. */
  readonly log: string;
  readonly seconds: number;
}

/** An `up` under way. */
export interface RunningUp {
  /** Kills it, as a runner is killed that loses its machine. */
  readonly kill: () => void;
  readonly ended: Promise<UpResult>;
}

export class Flow {
  readonly #lab: Lab;
  #values: Record<string, Record<string, unknown>>;
  readonly #say: (line: string) => void;
  readonly #secrets: Readonly<Record<string, string>>;
  /** Told each line of an `up`, to act at a certain step. */
  onLine: (line: string) => void = () => undefined;

  /**
   * @param values sections of the configuration, on top of what the lab's topology gives.
   * @param secrets secret keys of the configuration, in clear.
   */
  constructor(
    lab: Lab,
    values: Values = {},
    say: (line: string) => void = () => undefined,
    secrets: Readonly<Record<string, string>> = {},
  ) {
    this.#lab = lab;
    this.#say = say;
    this.#secrets = secrets;
    const [first] = lab.servers;
    const machine = ({ name, address, hostKey }: { name: string; address: string; hostKey: string }) => ({
      name,
      address,
      hostKey,
    });
    this.#values = {
      cluster: {
        name: `lab-${lab.id.toLowerCase()}`,
        kubeconfigFile: lab.folder.file("stack-kubeconfig.yaml"),
        endpoint: `https://${first?.address}:6443`,
      },
      k3s: { version: DEFAULT_VERSION, datastore: lab.datastore, secretsEncryption: false },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      cni: { provider: "flannel" },
      hosts: {
        servers: lab.servers.map(machine),
        agents: lab.agents.map(machine),
        ...(lab.servers.length === 1 ? { backup: { to: lab.agents[0]?.name } } : {}),
      },
      charts: { folder: charts(lab) },
      protect: {},
    };
    this.change({ ...values, protect: false });
  }

  /** Merges keys into sections; a section that is not a mapping replaces the old one, `undefined` removes a key. */
  change(changes: Values): this {
    for (const [section, value] of Object.entries(changes)) {
      const mapping = typeof value === "object" && value !== null && !Array.isArray(value);
      this.#values[section] = (mapping ? { ...this.#values[section], ...value } : value) as Record<string, unknown>;
    }
    return this;
  }

  get values(): Values {
    return this.#values;
  }

  /** One `up` to its end. */
  async up(changes: Values = {}): Promise<UpResult> {
    return (await this.start(changes)).ended;
  }

  /** The same, for a test that interferes. */
  async start(changes: Values = {}): Promise<RunningUp> {
    this.change(changes);
    const started = performance.now();
    const child = await (wantsCli() ? this.#startCli() : this.#startStandIn());
    const ended = this.#follow(child).then((result) => ({ ...result, seconds: (performance.now() - started) / 1000 }));
    return { kill: () => void (child.pid && process.kill(-child.pid, "SIGKILL")), ended };
  }

  /** The stand-in for the engine. */
  #startStandIn(): Promise<ChildProcess> {
    const { folder, admin } = this.#lab;
    const stack = { stack: "lab", values: this.#values, secrets: this.#secrets };
    const stackFile = folder.write("stack.json", JSON.stringify(stack));
    const words = ["tools/typescript.cjs", "tests/lab/engine/up.ts"].map((file) => join(PROJECT, file));
    return admin.spawn(process.execPath, ["--require", ...words, stackFile, folder.file("state.json")], {
      cwd: PROJECT,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** The Pulumi CLI. */
  async #startCli(): Promise<ChildProcess> {
    const { folder, admin } = this.#lab;
    const { cwd, env, init, up } = cliProject(this.#lab);
    if (!existsSync(folder.file("pulumi/Pulumi.lab.yaml"))) await admin.must("pulumi", [...init], { cwd, env });
    folder.write(
      "pulumi/Pulumi.lab.yaml",
      stackFileOf(this.#values, readFileSync(folder.file("pulumi/Pulumi.lab.yaml"), "utf8")),
    );
    for (const [key, value] of Object.entries(this.#secrets)) {
      await admin.must("pulumi", setSecret(key), { cwd, env, input: value });
    }
    return admin.spawn("pulumi", [...up], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  }

  /**
   * What another run would do; empty when nothing. With the CLI `pulumi preview --expect-no-changes` says so, with the
   * stand-in another run.
   */
  async left(): Promise<string> {
    if (!wantsCli()) {
      const { code, ran, removed, log } = await this.up();
      return code === 0 ? [...ran, ...removed].join("\n") : log;
    }
    const { cwd, env, preview } = cliProject(this.#lab);
    const { code, stdout, stderr } = await this.#lab.admin.run("pulumi", [...preview], { cwd, env });
    return code === 0 ? "" : stdout + stderr;
  }

  async #follow(child: ChildProcess): Promise<Omit<UpResult, "seconds">> {
    let log = "";
    let stdout = "";
    let rest = "";
    const told = (chunk: string): void => {
      log += chunk;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.#say(line);
        this.onLine(line);
      }
    };
    child.stderr?.setEncoding("utf8").on("data", told);
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      // The CLI tells its progress on standard output.
      if (wantsCli()) told(chunk);
    });
    const code = await new Promise<number>((done) => child.once("close", (exit) => done(exit ?? 137)));
    const last = stdout.trim().split("\n").at(-1) ?? "";
    const { ran = [], removed = [] } = last.startsWith("{") ? (JSON.parse(last) as Partial<UpResult>) : {};
    return { code, ran, removed, log };
  }
}

/** The lab's charts, once; their folder as the project sees it that the engine runs. */
function charts(lab: Lab): string {
  const folder = lab.folder.file("charts");
  if (!existsSync(folder)) labCharts(lab.folder.folder("charts"));
  // The CLI's project folder has a link to them.
  return wantsCli() ? "charts" : relative(PROJECT, folder);
}

/** SHA-256 of a file that the hosts hold under PINNED_FOLDER, as `npm run pin` computes it. */
export const pinOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** `k3s.install` for the pinned files of the lab's hosts: nothing is downloaded. */
export function labInstall(binary: string, installer: string): Values {
  const pinned = (file: string, name: string) => ({ url: `https://lab.invalid/${name}`, sha256: pinOf(file) });
  return {
    installer: pinned(installer, "install.sh"),
    binary: { amd64: pinned(binary, "k3s") },
    folder: PINNED_FOLDER,
  };
}
