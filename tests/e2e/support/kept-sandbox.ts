/** A sandbox that keeps running while a test works on it, and the commands of the project against it. */
import { delimiter, dirname, join } from "node:path";
import { writeFileSync } from "node:fs";
import { dump } from "js-yaml";
import { readStackFile } from "../../../config/stack-file";
import { ApiClient } from "../../../sandbox/api/client";
import type { KubernetesObject } from "../../../sandbox/api/objects";
import { buildTools } from "../../../sandbox/build-tools";
import type { EngineName } from "../../../sandbox/engine/choose";
import { execute } from "../../../sandbox/engine/command";
import { Progress } from "../../../sandbox/progress";
import type { SandboxReport } from "../../../sandbox/report";
import type { KeptRun } from "../../../sandbox/run";
import { PROJECT, SandboxProcess } from "./sandbox-process";

export interface Answered {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export const STACK = "sandbox";

export class KeptSandbox {
  private constructor(
    private readonly process: SandboxProcess,
    private readonly env: NodeJS.ProcessEnv,
    readonly kept: KeptRun,
    readonly client: ApiClient,
    /** The stack's file for this cluster. */
    readonly configFile: string,
    /** Folders with the charts that were deployed. */
    readonly charts: string,
  ) {}

  /** Deploys the stack with stand-in charts. @throws Error with what the sandbox said where it did not come up. */
  static async start(engine: EngineName): Promise<KeptSandbox> {
    const process = new SandboxProcess();
    const { code, stdout, stderr } = await process.run("--engine", engine, "--charts", "stand-ins", "--json", "--keep");
    if (code !== 0) throw new Error(`the sandbox ended with ${code}:\n${stderr}`);
    const { kept } = JSON.parse(stdout) as SandboxReport & { readonly kept: KeptRun };
    const client = ApiClient.fromFile(kept.kubeconfig);
    const { helm } = await buildTools({ wanted: ["helm"], progress: new Progress(() => undefined) });
    const env = {
      ...globalThis.process.env,
      ...kept.environment,
      // Commands that a report names must find their helm, and no cluster but the one that they name.
      PATH: [dirname(helm!.path), globalThis.process.env["PATH"]].join(delimiter),
      KUBECONFIG: join(process.temporary, "none"),
      HELM_CACHE_HOME: process.temporary,
      HELM_CONFIG_HOME: process.temporary,
      HELM_DATA_HOME: process.temporary,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    const file = kept.configFile ?? (await stackFileOf(kept.kubeconfig, client, process.temporary));
    return new KeptSandbox(process, env, kept, client, file, join(dirname(kept.kubeconfig), "charts"));
  }

  /** A command of `npm run` about the stack, in a process of its own. */
  command(name: string, ...args: readonly string[]): Promise<Answered> {
    return this.run(globalThis.process.execPath, [
      "tools/run.mjs",
      name,
      STACK,
      "--config-file",
      this.configFile,
      ...args,
    ]);
  }

  /** A command line as a report names it. @throws Error with what it said where it ends with another code than 0. */
  async shell(line: string): Promise<string> {
    // Without pipefail the first of several would fail unseen.
    const { code, stdout, stderr } = await this.run("bash", ["-euo", "pipefail", "-c", line]);
    if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Answered> {
    const started = performance.now();
    const ended = await execute({
      program,
      args,
      cwd: PROJECT,
      env: { ...this.env, ...env },
      signal: new AbortController().signal,
      onLine: () => undefined,
    });
    return { ...ended, seconds: (performance.now() - started) / 1000 };
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.process.run("--stop");
    this.process.remove();
  }
}

/** The stack file with what is known only of a running cluster. */
async function stackFileOf(kubeconfig: string, client: ApiClient, folder: string): Promise<string> {
  const { values } = readStackFile(PROJECT, STACK);
  const system = (await client.get("/api/v1/namespaces/kube-system")) as KubernetesObject;
  const cluster = { ...(values["cluster"] as object), kubeconfigFile: kubeconfig, uid: system.metadata.uid };
  const config = Object.entries({ ...values, cluster }).map(([key, value]) => [`seldon-k3s:${key}`, value]);
  const file = join(folder, `Pulumi.${STACK}.yaml`);
  writeFileSync(file, dump({ config: Object.fromEntries(config) as object }));
  return file;
}
