/** Starts the pods of a proof and reads what they say. */
import { podLines } from "../../checks/cluster/pod-evidence";
import type { Cluster } from "../../checks/cluster/cluster";
import { isReady, type Pod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { Refusal } from "../../checks/cluster/refusal";
import { afterMs, done, forAWhile, waiting, type WaitOptions } from "../../checks/cluster/wait";
import { CLIENT_SECONDS, clientManifest, serverManifest, type ServerInput } from "./manifests";
import { PROBE_PREFIX } from "../../checks/probe-pods/proof-names";
import { type ClientReport, type ClientTask, parseReport } from "./scripts";

/** How long a probe pod may take to start, in milliseconds: an image may have to be pulled. */
export const START_MS = 120_000;
/** How long a client may take from its creation to its end, in milliseconds. */
export const CLIENT_MS = START_MS + CLIENT_SECONDS * 1000;

/** A server that is Ready, or why it is not. */
export type ServerState =
  | { readonly pod: string; readonly address: string }
  /** Nothing may be created like that: a policy of the cluster. */
  | { readonly pod: string; readonly forbidden: string }
  | { readonly pod: string; readonly problem: string; readonly evidence: readonly string[] };

/** A client's report, or why there is none. */
export type ClientState = ClientReport | { readonly problem: string; readonly evidence: readonly string[] };

export class ProbePods {
  private clients = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly namespace: string,
    private readonly image: string,
    private readonly wait: WaitOptions,
  ) {}

  /** Starts a server and waits until it is Ready. @throws ToolError | LookError at the end of the step's time. */
  async server(input: Omit<ServerInput, "image">): Promise<ServerState> {
    const refused = await this.create(serverManifest({ ...input, image: this.image }));
    const pod = input.name;
    if (refused !== undefined) return { pod, forbidden: refused };
    const look = await this.look(pod, START_MS, (found) => {
      const address = found.status?.podIP;
      return isReady(found) && address !== undefined ? { pod, address } : undefined;
    });
    return "waiting" in look ? { pod, problem: "not Ready", evidence: look.waiting.split("\n") } : look.done;
  }

  /** Runs a client on a node to its end and reads its log. @throws ToolError | LookError like {@link server} */
  async client(node: string, tasks: readonly ClientTask[]): Promise<ClientState> {
    this.clients += 1;
    const name = `${PROBE_PREFIX}-client-${this.clients}-${node}`;
    const refused = await this.create(clientManifest({ name, node, image: this.image, tasks }));
    if (refused !== undefined) return { problem: `the client could not be created: ${refused}`, evidence: [] };
    const look = await this.look(name, CLIENT_MS, (found) =>
      found.status?.phase === "Succeeded" || found.status?.phase === "Failed" ? found : undefined,
    );
    if ("waiting" in look) return { problem: "the client did not come to its end", evidence: look.waiting.split("\n") };
    const lines = await this.cluster.lines(PATHS.podLog(this.namespace, name));
    const report = parseReport(lines);
    if (report.complete) return report;
    return { problem: "the client ended early", evidence: [...podLines(look.done), ...lines.slice(-5)] };
  }

  /** Undefined when it was created, else why nobody may. */
  private async create(manifest: unknown): Promise<string | undefined> {
    try {
      await this.cluster.create(PATHS.pods(this.namespace), manifest);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal && (error.status === 403 || error.status === 422)) return error.words;
      throw error;
    }
  }

  private look<T>(name: string, milliseconds: number, wanted: (pod: Pod) => T | undefined) {
    return forAWhile(
      `probe pod ${name}`,
      milliseconds,
      async () => {
        const pod = await this.cluster.find<Pod>(PATHS.pod(this.namespace, name));
        if (pod === undefined) return waiting("it is gone");
        const value = wanted(pod);
        return value === undefined ? waiting(podLines(pod).join("\n")) : done(value);
      },
      // A pod's first seconds are the same everywhere; only what takes longer is told.
      { ...this.wait, say: afterMs(8_000, (text) => this.wait.say(text.replaceAll("\n", "; "))) },
    );
  }
}
