/** One run: a lab of its own, load, and the change of its CNI by some order. */
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab } from "../lab";
import { Flow } from "../flow/flow";
import { readLoad, startLoad } from "../flow/load";
import type { LoadReport } from "../load/report";
import type { TopologyName } from "../topology";
import { maintainersOrder } from "./maintainers";

/**
 * - `stack`: this project, live; `window`: this project, in a maintenance window.
 * - `maintainers`: what K3s' maintainers advise: change all servers, restart everything.
 * - `none`: nothing changes; what the load alone shows on this machine.
 */
export const ORDERS = ["stack", "window", "maintainers", "none"] as const;
export type Order = (typeof ORDERS)[number];

export interface RunSetting {
  readonly topology: TopologyName;
  readonly order: Order;
  /** New connections a second of each pair. */
  readonly rate: number;
  /** Agents at a time. */
  readonly batch: number;
  /** Also the way back. */
  readonly back: boolean;
  readonly run: number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly topology: TopologyName;
  readonly order: Order;
  readonly way: "to Calico" | "to Flannel" | "no change";
  readonly run: number;
  /** From the start of the change to its end. */
  readonly seconds: number;
  readonly load: LoadReport;
  /** Of the last minute, at the end. */
  readonly loadAverage: number;
}

/** How long the load goes on after a change, in milliseconds: what breaks late counts too. */
const AFTERMATH = 10_000;

/** How long nothing changes with the order `none`, in milliseconds: about as long as a change of two nodes takes. */
const NO_CHANGE = 150_000;

/** @throws Error when a step of the change fails, with the end of its output. The lab is gone then, too. */
export async function measureRun(setting: RunSetting): Promise<Measured[]> {
  const { topology, order, run, say, signal } = setting;
  const lab = await Lab.start({ topology, signal });
  try {
    const flow = new Flow(lab, { hosts: { batch: setting.batch } });
    const up = async (what: string, changes: Parameters<Flow["up"]>[0] = {}): Promise<void> => {
      say(what);
      const running = await flow.start(changes);
      signal.addEventListener("abort", running.kill, { once: true });
      const { code, log } = await running.ended;
      signal.removeEventListener("abort", running.kill);
      signal.throwIfAborted();
      if (code !== 0)
        throw new Error(`${what} ended with exit code ${code}:\n${log.split("\n").slice(-40).join("\n")}`);
    };
    const during = async (way: Measured["way"], change: () => Promise<unknown>): Promise<Measured> => {
      const from = Date.now() / 1000;
      await change();
      const seconds = Date.now() / 1000 - from;
      await sleep(AFTERMATH, undefined, { signal });
      const load = await readLoad(lab, { from });
      const { requests, failures, wrongSources } = load.total;
      say(`${way}: ${Math.round(seconds)} s, ${failures} of ${requests} failed, ${wrongSources} from a wrong source`);
      return { topology, order, way, run, seconds, load, loadAverage: loadavg()[0] ?? 0 };
    };
    if (order === "none") {
      await startLoad(lab, { rate: setting.rate });
      return [await during("no change", () => sleep(NO_CHANGE, undefined, { signal }))];
    }
    const mode = order === "window" ? "window" : "live";
    if (order !== "maintainers") await up("taking the cluster over");
    await startLoad(lab, { rate: setting.rate });
    if (order === "maintainers") return [await during("to Calico", () => maintainersOrder(lab, say))];
    const rows = [
      await during("to Calico", () => up("to Calico", { cni: { provider: "calico", leaving: "flannel", mode } })),
    ];
    if (!setting.back) return rows;
    await up("letting Flannel go", { cni: { provider: "calico", leaving: undefined, mode: undefined } });
    const back = { cni: { provider: "flannel", leaving: "calico", mode } };
    return [...rows, await during("to Flannel", () => up("to Flannel", back))];
  } finally {
    await lab.stop();
  }
}
