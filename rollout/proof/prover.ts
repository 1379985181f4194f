/** Proves one node, as often as it is asked to: the servers stay, each round has clients of its own. */
import { type RunResult, runChecks } from "../../checks/engine";
import type { Finding } from "../../checks/verdict";
import type { BaseSubject } from "../cli/subject";
import type { Run } from "../cli/run";
import { PROBE_PREFIX } from "../../checks/probe-pods/proof-names";
import { closeNamespace, openNamespace, probeNamespace } from "./namespace";
import { type HostPortClaim, type Look, looksOf, type ProofPlan } from "./plan";
import { ProbePods, type ClientState, type ServerState } from "./probe-pods";
import { proofChecks, type ProofRunner } from "./checks";

/** Every expectation waits for a pod, so all may wait at the same time. */
const CONCURRENCY = 1000;

export type NodePlan = Omit<ProofPlan, "claims">;

export interface RoundOptions {
  readonly claims: readonly HostPortClaim[];
  /** Host ports that answered in an earlier round; undefined in the first. */
  readonly answered?: ReadonlySet<number>;
  readonly onFinding?: (finding: Finding) => void;
}

export class Prover {
  private readonly servers = new Map<string, Promise<ServerState>>();
  private hostPort: Promise<ServerState> | undefined;

  private constructor(
    private readonly run: Run<BaseSubject>,
    private readonly plan: NodePlan,
    private readonly pods: ProbePods,
    private readonly repeat: string,
  ) {}

  /** Makes the namespace, whose removal is deferred to the end of the run. @throws ToolError | Refusal | LookError */
  static async open(run: Run<BaseSubject>, plan: NodePlan, repeat: string): Promise<Prover> {
    const namespace = probeNamespace(plan.node.name);
    const wait = { ...run.waits("proof"), everyMs: run.pace.quickLookMs };
    run.defer(`namespace ${namespace}`, (cluster, waits) => closeNamespace(cluster(), namespace, waits));
    await openNamespace(run.cluster, namespace, wait);
    return new Prover(run, plan, new ProbePods(run.cluster, namespace, plan.image, wait), repeat);
  }

  /** One round of looks. */
  async prove({ claims, answered, onFinding = () => undefined }: RoundOptions): Promise<RunResult> {
    const runner = this.round({ ...this.plan, claims }, answered);
    return runChecks(proofChecks(runner), { concurrency: CONCURRENCY, signal: this.run.signal, onFinding });
  }

  private round(plan: ProofPlan, answered: ReadonlySet<number> | undefined): ProofRunner {
    const reports = new Map<string, Promise<ClientState>>();
    const looks = once(() => this.looks(plan));
    const ofNode = async (node: string): Promise<readonly Look[]> =>
      (await looks()).filter(({ from }) => from === node);
    return {
      plan,
      answered,
      repeat: this.repeat,
      looks,
      server: (node) => this.server(node),
      hostPortServer: () => this.hostPortServer(),
      report: async (look) => {
        const tasks = await ofNode(look.from);
        const report = reports.get(look.from) ?? this.pods.client(look.from, tasks);
        reports.set(look.from, report);
        return { state: await report, index: tasks.indexOf(look) };
      },
    };
  }

  private async looks(plan: ProofPlan): Promise<readonly Look[]> {
    const nodes = [plan.node, ...plan.peers];
    const states = await Promise.all(nodes.map(({ name }) => this.server(name)));
    const pods = new Map<string, string>();
    states.forEach((state, index) => {
      if ("address" in state) pods.set(nodes[index]!.name, state.address);
    });
    return looksOf(plan, { pods, hostPort: "address" in (await this.hostPortServer()) });
  }

  private server(node: string): Promise<ServerState> {
    const known = this.servers.get(node);
    if (known !== undefined) return known;
    const server = this.pods.server({ name: `${PROBE_PREFIX}-server-${node}`, node });
    this.servers.set(node, server);
    // A server that did not come up may do so in the next round.
    server.then(
      (state) => void ("address" in state || this.servers.delete(node)),
      () => this.servers.delete(node),
    );
    return server;
  }

  private hostPortServer(): Promise<ServerState> {
    const { node, hostPort } = this.plan;
    this.hostPort ??= this.pods.server({ name: `${PROBE_PREFIX}-host-port-${node.name}`, node: node.name, hostPort });
    return this.hostPort;
  }
}

function once<T>(task: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= task());
}
