/**
 * The real Pulumi engine on a real control plane with simulated nodes, for a stack with encrypted secrets. The API server
 * writes down who asked for what.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { load } from "js-yaml";
import { parseConfig } from "../../../config/parse";
import { prepareCharts } from "../../../sandbox/charts";
import { execute } from "../../../sandbox/engine/command";
import { startSimulation } from "../../../sandbox/simulation";
import { chartsOf } from "../../../tools/charts/pinned";
import { NETWORK, startTestControlPlane, type TestControlPlane } from "./control-plane";
import { PROJECT } from "./sandbox-process";

/** One request as the API server's audit log has it. */
export interface AuditedRequest {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

export interface EngineResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of every request who, what and how it ended; no bodies. */
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

export const PASSPHRASE = "passphrase-of-a-test";

export class EngineCluster {
  private constructor(
    readonly cluster: TestControlPlane,
    private readonly folder: string,
    readonly stack: string,
  ) {}

  /** @param nodes Simulated ones. */
  static async start(stack: string, nodes = 2): Promise<EngineCluster> {
    const folder = mkdtempSync(join(tmpdir(), "engine-test-"));
    const policy = join(folder, "audit.yaml");
    writeFileSync(policy, JSON.stringify(AUDIT_POLICY));
    const flags = { "audit-policy-file": policy, "audit-log-path": join(folder, "audit.log") };
    const cluster = await startTestControlPlane(flags);
    await startSimulation({ controlPlane: cluster, tools: cluster.tools, network: NETWORK, nodes });
    return new EngineCluster(cluster, folder, stack);
  }

  /** Another stack with a state of its own on the same cluster; it ends with that. */
  static beside({ cluster, folder }: EngineCluster, stack: string): EngineCluster {
    const own = join(folder, stack);
    mkdirSync(own);
    return new EngineCluster(cluster, own, stack);
  }

  /** The kubeconfig that the stack names; another content of the file is another identity. */
  get kubeconfig(): string {
    return join(this.folder, "kubeconfig.yaml");
  }

  get stateFolder(): string {
    return join(this.folder, "state");
  }

  private get configFile(): string {
    return join(this.folder, "stack", `Pulumi.${this.stack}.yaml`);
  }

  /** The administrator's, or that of a token. */
  useIdentity(token?: string): void {
    const own = readFileSync(this.cluster.kubeconfig, "utf8");
    const text =
      token === undefined ? own : own.replace(/(["']?token["']?\s*:\s*)["']?[^"',\s}]+["']?/, `$1"${token}"`);
    if (token !== undefined && !text.includes(token)) throw new Error("the kubeconfig has no token to replace");
    writeFileSync(this.kubeconfig, text, { mode: 0o600 });
  }

  /** Writes the stack file, makes the stack and encrypts its secrets, which no command line holds. */
  async init(values: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): Promise<void> {
    const { uid, server } = this.cluster;
    this.useIdentity();
    mkdirSync(join(this.folder, "stack"), { recursive: true });
    mkdirSync(this.stateFolder, { recursive: true });
    const charts = this.cluster.run.file("charts");
    const own = {
      ...values,
      cluster: {
        ...(values["cluster"] as object),
        kubeconfigFile: this.kubeconfig,
        uid,
        // The machines of a stack are elsewhere, so it keeps the address that it names.
        ...(values["hosts"] === undefined ? { endpoint: server } : {}),
      },
      charts: { folder: relative(PROJECT, charts) },
    };
    const { config, faults } = parseConfig({ ...own, ...secrets }, new Set(Object.keys(secrets)));
    if (config === undefined) throw new Error(JSON.stringify(faults, undefined, 2));
    await prepareCharts({
      needed: chartsOf(config),
      target: charts,
      given: null,
      project: PROJECT,
      pulled: charts,
      cache: charts,
      profile: config.seldon.profile,
      signal: new AbortController().signal,
    });
    const entries = Object.entries(own).map(([key, value]) => [`seldon-k3s:${key}`, value]);
    writeFileSync(this.configFile, JSON.stringify({ config: Object.fromEntries(entries) as unknown }));
    writeFileSync(join(this.folder, "stack", "Pulumi.yaml"), JSON.stringify({ name: "seldon-k3s", runtime: "nodejs" }));
    const here = ["--cwd", join(this.folder, "stack")];
    this.expectDone(await this.run(["stack", "init", ...here]));
    for (const [key, value] of Object.entries(secrets)) await this.setSecret(key, value);
  }

  /** Encrypts a value into the stack file; it comes on standard input. */
  async setSecret(key: string, value: string): Promise<void> {
    const args = ["config", "set", "--secret", `seldon-k3s:${key}`, "--cwd", join(this.folder, "stack")];
    this.expectDone(await this.run(args, { stdin: value }));
  }

  /** Other values of some sections; the engine has encrypted the secrets beside them. */
  change(values: Readonly<Record<string, unknown>>): void {
    const { config, ...rest } = load(readFileSync(this.configFile, "utf8")) as { config: Record<string, unknown> };
    const own = Object.fromEntries(Object.entries(values).map(([key, value]) => [`seldon-k3s:${key}`, value]));
    writeFileSync(this.configFile, JSON.stringify({ ...rest, config: { ...config, ...own } }));
  }

  /** Runs the CLI to its end, whatever that is. */
  run(args: readonly string[], more: { stdin?: string; env?: NodeJS.ProcessEnv } = {}): Promise<EngineResult> {
    return execute({
      program: "pulumi",
      args: [...args, "--stack", this.stack, "--non-interactive", "--color", "never"],
      cwd: PROJECT,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${this.stateFolder}`,
        PULUMI_HOME: join(this.folder, "pulumi-home"),
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        ...more.env,
      },
      ...(more.stdin === undefined ? {} : { stdin: more.stdin }),
      signal: new AbortController().signal,
      onLine: () => undefined,
    });
  }

  /** A command that reads the stack's configuration. */
  runStack(args: readonly string[], more: { env?: NodeJS.ProcessEnv } = {}): Promise<EngineResult> {
    return this.run([...args, "--config-file", this.configFile], more);
  }

  /** @throws Error with the end of its output. */
  expectDone(result: EngineResult): EngineResult {
    if (result.code === 0) return result;
    throw new Error(`pulumi ended with ${result.code}:\n${result.stdout.slice(-6000)}\n${result.stderr.slice(-2000)}`);
  }

  /** What a user asked the API server for, in order. */
  asked(username: string): AuditedRequest[] {
    const log = join(this.folder, "audit.log");
    if (!existsSync(log)) return [];
    return readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditedRequest)
      .filter(({ user }) => user.username === username);
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
