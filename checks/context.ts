/** What the checks of one run share: the subject, access to its cluster, and the words of repeatable commands. */
import { isAbsolute, join } from "node:path";
import { sshTargets } from "../config/derive";
import { ClusterApi } from "./cluster/api";
import { Snapshot } from "./cluster/snapshot";
import { HostReader } from "./hosts/reader";
import { openPortForward, type PortForwardTarget } from "./probes/port-forward";
import type { Machines, Subject } from "./subject";
import { LookError } from "./verdict";
import type { Duplex } from "node:stream";

/** The project folder: relative paths of a stack file start here. */
export const PROJECT_DIR = join(__dirname, "..");

export class CheckContext {
  private access: { api: ClusterApi; snapshot: Snapshot } | undefined;
  private reader: HostReader | undefined;
  private readonly deferred: ((say: (line: string) => void) => Promise<void>)[] = [];

  /**
   * @param subject What is judged.
   * @param kubeconfig Path given by hand, relative to the working directory; absent: the subject's own.
   * @param since Start of the deployment whose logs count; absent: as long as the running scheduler pods exist.
   */
  constructor(
    readonly subject: Subject,
    private readonly kubeconfig?: string,
    readonly since?: Date,
  ) {}

  get kubeconfigPath(): string {
    const configured = this.subject.kubeconfig;
    return this.kubeconfig ?? (isAbsolute(configured) ? configured : join(PROJECT_DIR, configured));
  }

  /** Opened on first use, so that an unusable kubeconfig is a finding and not the end of the program. @throws LookError */
  get api(): ClusterApi {
    return this.open().api;
  }

  /** @throws LookError */
  get snapshot(): Snapshot {
    return this.open().snapshot;
  }

  /** The declared machines. @throws LookError where the stack declares none. */
  get machines(): Machines {
    const { machines, stack } = this.subject;
    if (machines !== undefined) return machines;
    throw new LookError(`stack ${stack} declares no machines`, {
      fix: "declare them under hosts, or look at them where they are managed",
      final: true,
    });
  }

  /** Access to the declared machines over SSH. @throws LookError where the stack declares none. */
  get hosts(): HostReader {
    this.reader ??= new HostReader(sshTargets(this.machines));
    return this.reader;
  }

  /** Ends what was opened. The context can be used again. */
  close(): void {
    this.reader?.close();
    this.reader = undefined;
  }

  /**
   * Registers what has to be taken away at the end of the run, whatever the run comes to. The task has a time of its own
   * and says what it could not do.
   */
  defer(task: (say: (line: string) => void) => Promise<void>): void {
    this.deferred.push(task);
  }

  /** The end of the run: does what was deferred, and closes. Whoever runs checks that may change something calls it. */
  async finish(say: (line: string) => void): Promise<void> {
    try {
      await Promise.all(this.deferred.splice(0).map((task) => task(say)));
    } finally {
      this.close();
    }
  }

  /** Connects to a port in a pod. @throws PortForwardError */
  readonly forward =
    (target: PortForwardTarget) =>
    (signal: AbortSignal): Promise<Duplex> =>
      openPortForward(this.api.config, target, signal);

  /** A kubectl command line that looks at the same cluster. */
  kubectl(...words: readonly string[]): string {
    return ["kubectl", "--kubeconfig", quote(this.kubeconfig ?? this.subject.kubeconfig), ...words].join(" ");
  }

  /** The beginning of a helm command line about the same cluster. */
  helm(namespace: string): string {
    return ["helm", "--kubeconfig", quote(this.kubeconfig ?? this.subject.kubeconfig), "-n", namespace].join(" ");
  }

  /** The command that runs one check of the validation again. */
  again(id: string): string {
    const kubeconfig = this.kubeconfig === undefined ? [] : ["--kubeconfig", quote(this.kubeconfig)];
    return ["npm run validate --", this.subject.stack, "--only", id, ...kubeconfig].join(" ");
  }

  /** The command that runs one check of the preflight again. */
  preflight(id: string): string {
    return ["npm run preflight --", this.subject.stack, "--only", id].join(" ");
  }

  /** The command that runs one check of the drift report again. */
  drift(id: string): string {
    return ["npm run drift --", this.subject.stack, "--only", id].join(" ");
  }

  private open(): { api: ClusterApi; snapshot: Snapshot } {
    if (this.access === undefined) {
      const api = ClusterApi.open(this.kubeconfigPath);
      this.access = { api, snapshot: new Snapshot(api, this.subject.namespaces) };
    }
    return this.access;
  }
}

/** A word as a POSIX shell reads it. */
export const quote = (word: string): string =>
  /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
