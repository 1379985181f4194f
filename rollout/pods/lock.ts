/**
 * Only one pod of a workload is on the move at a time, in the whole cluster: agents of a batch are worked on by several
 * processes, and two of them could otherwise take both replicas of a workload at once. A Lease a workload says who moves.
 */
import { hostname } from "node:os";
import type { KubeObject } from "../../checks/cluster/objects";
import type { Cluster } from "../../checks/cluster/cluster";
import { PATHS } from "../../checks/cluster/paths";
import { Refusal } from "../../checks/cluster/refusal";
import { done, type Look, until, waiting, type WaitOptions } from "../../checks/cluster/wait";
import { showWorkload, type Workload } from "./workload";

const NAMESPACE = "kube-system";
/** A lease that was not renewed for so long belongs to nobody: its process was killed, or its machine lost power. */
const LEASE_SECONDS = 30;
const RENEW_MS = 10_000;

type Lease = KubeObject<{
  readonly holderIdentity?: string;
  readonly renewTime?: string;
  readonly leaseDurationSeconds?: number;
}>;

/** Name of a workload's Lease. */
export const leaseName = ({ uid }: Workload): string => `seldon-k3s-move-${uid}`;

/** The clock of the API objects has microseconds. */
const now = (): string => new Date().toISOString().replace("Z", "000Z");

/** Who we are: the node that is worked on, this machine and this process. */
export const holderOf = (node: string): string => `${node}@${hostname()}:${process.pid}`;

export class WorkloadLock {
  /** What other holders' leases looked like, and since when by our own clock: other machines' clocks are not trusted. */
  private readonly seen = new Map<string, { readonly renewTime: string; readonly at: number }>();

  constructor(
    private readonly cluster: Cluster,
    private readonly holder: string,
  ) {}

  /** Runs a task while no other run moves a pod of the workload. @throws what the task throws; ToolError at the end of the time. */
  async hold<T>(workload: Workload, wait: WaitOptions, task: () => Promise<T>): Promise<T> {
    const name = leaseName(workload);
    await until(`${showWorkload(workload)} is on the move for one node only`, () => this.acquire(name), wait);
    const renewal = setInterval(() => void this.renew(name).catch(() => undefined), RENEW_MS);
    try {
      return await task();
    } finally {
      clearInterval(renewal);
      await this.release(name);
    }
  }

  private async acquire(name: string): Promise<Look<true>> {
    const spec = {
      holderIdentity: this.holder,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: now(),
      renewTime: now(),
    };
    const body = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace: NAMESPACE },
      spec,
    };
    if ((await this.cluster.create(PATHS.leases(NAMESPACE), body)) !== undefined) return done(true);
    const lease = await this.cluster.find<Lease>(PATHS.lease(NAMESPACE, name));
    if (lease === undefined) return waiting("its lease was just given back");
    const holder = lease.spec?.holderIdentity ?? "";
    if (holder === this.holder) return done(true);
    if (!this.isAbandoned(name, lease)) return waiting(`held by ${holder}`);
    const { resourceVersion } = lease.metadata;
    return this.takeOver(name, { ...body, metadata: { ...body.metadata, resourceVersion } }, holder);
  }

  private async takeOver(name: string, body: unknown, holder: string): Promise<Look<true>> {
    try {
      await this.cluster.send({ method: "PUT", path: PATHS.lease(NAMESPACE, name), body });
      return done(true);
    } catch (error) {
      if (error instanceof Refusal && (error.status === 409 || error.status === 404)) {
        return waiting(`another run took it over from ${holder}`);
      }
      throw error;
    }
  }

  private isAbandoned(name: string, lease: Lease): boolean {
    if (isDeadHere(lease.spec?.holderIdentity ?? "")) return true;
    const renewTime = lease.spec?.renewTime ?? "";
    const known = this.seen.get(name);
    if (known?.renewTime !== renewTime) {
      this.seen.set(name, { renewTime, at: performance.now() });
      return false;
    }
    return performance.now() - known.at > (lease.spec?.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
  }

  private async renew(name: string): Promise<void> {
    await this.cluster.patch(PATHS.lease(NAMESPACE, name), { spec: { renewTime: now() } });
  }

  /** Also after an interruption, so with an end of time of its own; what fails here ends by itself after the lease's time. */
  private async release(name: string): Promise<void> {
    const cluster = this.cluster.within(AbortSignal.timeout(5_000));
    try {
      const lease = await cluster.find<Lease>(PATHS.lease(NAMESPACE, name));
      if (lease?.spec?.holderIdentity !== this.holder) return;
      await cluster.remove(PATHS.lease(NAMESPACE, name), { uid: lease.metadata.uid });
    } catch {
      return;
    }
  }
}

/** Whether a holder is a process of this very machine that has ended. */
function isDeadHere(holder: string): boolean {
  const [, host, pid] = /@(.+):(\d+)$/.exec(holder) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
