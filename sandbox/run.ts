/** One run of the sandbox, from the tools to the report. */
import { join, relative, resolve } from "node:path";
import { EXIT } from "../checks/exit-codes";
import { declaredHosts } from "../config/derive";
import { runtimesOf } from "../config/runtimes";
import { programVersion } from "../config/version";
import { RunFault } from "../inprocess/run-program";
import { chartsOf } from "../tools/charts/pinned";
import { buildTools, cacheFolder, type ToolPaths } from "./build-tools";
import type { Binary } from "./build/tool-table";
import { prepareCharts, type PreparedCharts } from "./charts";
import { startControlPlane, type ControlPlane } from "./control-plane";
import { refuseUnsupported } from "./control-plane/supported";
import { deployByCli, type CliDeployment } from "./engine/cli";
import { chooseEngine, type EngineChoice } from "./engine/choose";
import type { Deployment } from "./engine/deployment";
import { deployInProcess } from "./engine/in-process";
import { SandboxError } from "./failure";
import type { SandboxOptions } from "./options";
import type { Progress } from "./progress";
import { realityOf, type SandboxReport } from "./report";
import { RunFolder } from "./run-folder";
import { Session } from "./session";
import { startSimulation } from "./simulation";
import { readStack, withRunValues, type SandboxStack } from "./stack";
import { sweepOrphans } from "./stop";
import { validateStack } from "./validation";

export interface RunInput {
  readonly project: string;
  readonly options: SandboxOptions;
  readonly progress: Progress;
  readonly interrupted: AbortSignal;
}

/** How to use a sandbox that was left running. */
export interface KeptRun {
  readonly id: string;
  readonly kubeconfig: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly configFile?: string;
}

export interface RunOutcome {
  readonly report: SandboxReport;
  readonly kept?: KeptRun;
}

const CONTROL_PLANE: readonly Binary[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
];

/** The parts of a run, by the names under which they are told. */
const PARTS = {
  controlPlane: "start the control plane",
  simulation: "start the simulation",
  validate: "validate",
  preview: "preview with refresh: no changes",
  destroy: "destroy",
  cleanUp: "clean up",
} as const;

const deployBy = ({ engine }: EngineChoice): string => `deploy (${engine} engine)`;

/** The parts that are foreseen, in their order. */
function foreseen(engine: EngineChoice, keep: boolean): string[] {
  const cli = engine.engine === "cli";
  const { controlPlane, simulation, validate, preview, destroy, cleanUp } = PARTS;
  const end = keep ? [] : [...(cli ? [destroy] : []), cleanUp];
  return [controlPlane, simulation, deployBy(engine), validate, ...(cli ? [preview] : []), ...end];
}

/** @throws SandboxError, ConfigError, or what interrupted the run; nothing is left behind then. */
export async function runSandbox(input: RunInput): Promise<RunOutcome> {
  const { project, options, progress, interrupted } = input;
  const stack = readStack(project, options.stack);
  const engine = chooseEngine(options.engine, process.env);
  progress.expect(foreseen(engine, options.keep));
  await sweepOrphans(progress);
  const run = new RunFolder();
  const session = new Session(run, interrupted);
  try {
    const { signal } = session;
    const charts = await prepareCharts({
      needed: chartsOf(stack.config),
      target: run.folder("charts"),
      given: options.charts,
      project,
      pulled: resolve(project, stack.config.charts.folder),
      cache: join(cacheFolder(), "charts"),
      profile: stack.config.seldon.profile,
      signal,
    });
    const needsHelm = engine.engine === "in-process" && charts.origin === "real";
    const wanted: readonly Binary[] = needsHelm ? [...CONTROL_PLANE, "helm"] : CONTROL_PLANE;
    const tools = await buildTools({ wanted, progress, signal });
    return await runIn({ ...input, stack, engine, run, session, tools, charts });
  } catch (error) {
    const cause = await session.explain(error);
    await progress.part(PARTS.cleanUp, () => session.end());
    throw cause instanceof RunFault ? new SandboxError(cause.message, EXIT.failed, { cause }) : cause;
  }
}

interface Prepared extends RunInput {
  readonly stack: SandboxStack;
  readonly engine: EngineChoice;
  readonly run: RunFolder;
  readonly session: Session;
  readonly tools: ToolPaths;
  readonly charts: PreparedCharts;
}

async function runIn(prepared: Prepared): Promise<RunOutcome> {
  const { project, options, progress, run, session, charts, engine } = prepared;
  const controlPlane = await bringUp(prepared);
  const stack = withRunValues(prepared.stack, {
    kubeconfigFile: controlPlane.kubeconfig,
    uid: controlPlane.uid,
    endpoint: controlPlane.server,
    chartsFolder: relative(project, run.file("charts")),
  });
  const deployment = await progress.part(deployBy(engine), () => deploy({ ...prepared, stack }));
  const validation = await progress.part(PARTS.validate, () =>
    validateStack({ project, stack, signal: session.signal, onLine: (line) => progress.now(line) }),
  );
  const cli = "destroy" in deployment ? deployment : undefined;
  if (cli) await progress.part(PARTS.preview, () => cli.previewAgain());
  const destroyed = options.keep || !cli ? undefined : await progress.part(PARTS.destroy, () => cli.destroy());
  if (!options.keep) await progress.part(PARTS.cleanUp, () => session.end());
  const { resources, outputs } = deployment;
  const report: SandboxReport = {
    stack: options.stack,
    engine,
    kubernetes: controlPlane.version,
    program: programVersion(),
    nodes: options.nodes,
    resources,
    ...realityOf({
      engine,
      kubernetes: controlPlane.version,
      tools: originsOf(prepared.tools),
      charts,
      nodes: options.nodes,
      machines: declaredHosts(prepared.stack.config).length,
      podPorts: (options.podPorts ?? []).map(({ port, address, targetPort }) => `${port} -> ${address}:${targetPort}`),
    }),
    outputs,
    validation,
    destroyed,
    parts: progress.parts,
    seconds: progress.elapsed,
  };
  controlPlane.client.close();
  if (!options.keep) return { report };
  session.keep();
  const { environment = {}, configFile } = cli ?? {};
  return { report, kept: { id: run.id, kubeconfig: controlPlane.kubeconfig, environment, configFile } };
}

async function bringUp({ options, progress, run, session, stack, tools }: Prepared): Promise<ControlPlane> {
  const { network } = stack.config;
  const controlPlane = await progress.part(PARTS.controlPlane, () =>
    startControlPlane({
      run,
      tools,
      network,
      ports: options.ports,
      signal: session.signal,
      onSupervisor: session.supervise,
    }),
  );
  session.guard();
  const { origin } = tools["kube-controller-manager"] ?? {};
  refuseUnsupported({ apiServer: controlPlane.version, builtControllers: origin !== "KUBEBUILDER_ASSETS" });
  await progress.part(PARTS.simulation, () =>
    startSimulation({
      controlPlane,
      tools,
      network,
      nodes: options.nodes,
      podPorts: options.podPorts && {
        ports: options.podPorts,
        pods: serverPods(runtimesOf(stack.config).flatMap(({ servers }) => servers)),
      },
      signal: session.signal,
    }),
  );
  run.record(controlPlane.supervisor.running, false);
  progress.say(`Kubernetes ${controlPlane.version} at ${controlPlane.server}, ${options.nodes} simulated nodes`);
  return controlPlane;
}

const serverPods = (servers: readonly { readonly name: string; readonly replicas: number }[]) => [
  ...new Set(
    servers.flatMap(({ name, replicas }) => Array.from({ length: replicas }, (_, index) => `${name}-${index}`)),
  ),
];

function deploy(prepared: Prepared): Promise<Deployment | CliDeployment> {
  const { project, stack, session, progress, run, engine, tools } = prepared;
  const common = { project, stack, signal: session.signal, say: (line: string) => progress.say(line) };
  if (engine.engine === "cli") return deployByCli({ ...common, run });
  return deployInProcess({ ...common, helm: tools.helm?.path });
}

const originsOf = (tools: ToolPaths) =>
  Object.fromEntries(Object.entries(tools).map(([name, { origin }]) => [name, origin]));
