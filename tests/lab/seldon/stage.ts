/** A lab with Calico and a small Seldon deployment, in which one thing after the other can be broken and diagnosed. */
import { constants, copyFileSync, existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Component } from "../../../components/network-policies/endpoints";
import { ConfigError } from "../../../config/faults";
import { parseConfig } from "../../../config/parse";
import type { StackConfig } from "../../../config/schema";
import type { Progress } from "../../../sandbox/progress";
import type { Flow } from "../flow/flow";
import { calicoLab, type Checked, checked } from "../checked";
import { seldonImages, type SeldonImages } from "../image/seldon-image";
import type { LabHost } from "../host";
import type { Lab } from "../lab";
import { waitFor } from "../processes";
import {
  type Change,
  MODEL,
  modelStatus,
  NAMESPACE,
  POD,
  policiesOf,
  runtimeObjects,
  SERVER,
  SERVER_NODE,
  serverObjects,
} from "./objects";

const PROJECT = resolve(__dirname, "../../..");
const UPSTREAM = join(PROJECT, "../shared/upstream/seldon-core-v2.10.2/crds.yaml");
const STAND_INS = join(PROJECT, "sandbox/stand-ins/charts/seldon-core-v2-crds/templates/crds.yaml");

/** Which CustomResourceDefinitions the lab gets: Seldon's where somebody has laid them beside the project. */
export const CRDS = existsSync(UPSTREAM)
  ? { file: UPSTREAM, name: "the CRDs of Seldon Core 2.10.2" }
  : { file: STAND_INS, name: "stand-in CRDs" };

/** What a test reads of a pod. */
export interface PodView {
  readonly phase?: string;
  readonly ready: boolean;
  readonly ip?: string;
  readonly containers: Readonly<
    Record<
      string,
      { readonly ready: boolean; readonly running: boolean; readonly restarts: number; readonly log: string }
    >
  >;
}

/** What `npm run diagnose -- --json` says, as far as it is looked at here. */
export interface Answer {
  readonly causes: readonly {
    readonly rule: string;
    readonly word: string;
    readonly matters: boolean;
    readonly cause: string;
  }[];
  readonly symptoms: readonly { readonly text: string }[];
  readonly unexplained: readonly { readonly text: string }[];
  readonly gaps: readonly { readonly what: string; readonly reason: string }[];
}

export class Stage {
  private constructor(
    readonly lab: Lab,
    readonly flow: Flow,
  ) {}

  /** @param build Whether the image with MLServer may be built where the cache lacks it. */
  static async start(progress: Progress, build: boolean): Promise<Stage> {
    const images = await seldonImages({ progress, build });
    const { lab, flow } = await calicoLab(progress);
    try {
      const stage = new Stage(lab, flow);
      await progress.part("import images and deploy Seldon's objects", () => stage.deploy(images));
      return stage;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  private async deploy(images: SeldonImages): Promise<void> {
    const { lab } = this;
    await Promise.all([
      ...lab.hosts.map((host) => this.import(host, host.name === SERVER_NODE ? images : { standIn: images.standIn })),
      lab.kubectl(["apply", "--server-side", "--filename", CRDS.file]),
    ]);
    await lab.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    await lab.kubectl(["create", "namespace", NAMESPACE]);
    await this.declare();
    await this.kubectl("rollout", "status", "statefulset/seldon-scheduler", "--timeout=120s");
  }

  /** Makes images known to a host's containerd. Of this machine's folders a host sees only its own. */
  private async import(host: LabHost, archives: Partial<SeldonImages>): Promise<void> {
    for (const archive of Object.values(archives)) {
      const copy = join(this.lab.folder.folder("rancher", host.name), "images.tar");
      copyFileSync(archive, copy, constants.COPYFILE_FICLONE);
      await host.must("k3s ctr -n k8s.io images import /var/lib/rancher/images.tar");
      rmSync(copy);
    }
  }

  /** The stack's configuration with its defaults. */
  private get config(): StackConfig {
    const { config, faults } = parseConfig(this.flow.values, new Set(["k3sToken"]));
    if (config === undefined) throw new ConfigError('configuration of stack "lab"', faults);
    return config;
  }

  /** kubectl in the namespace. */
  kubectl(...words: readonly string[]): Promise<string> {
    return this.lab.kubectl(["--namespace", NAMESPACE, ...words]);
  }

  /** Creates or changes objects. */
  async apply(items: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await this.lab.kubectl(
      ["apply", "--server-side", "--force-conflicts", "--namespace", NAMESPACE, "--filename", "-"],
      list,
    );
  }

  /** A fresh server pod, other than a healthy one by `change`; returns as soon as its objects are there. */
  async put(change: Change): Promise<void> {
    await this.remove();
    const items = serverObjects(change);
    // Created and not applied: a variable may stand twice in what the operator makes.
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await this.lab.kubectl(["create", "--namespace", NAMESPACE, "--filename", "-"], list);
  }

  /** Takes the Server and its pod away. */
  async remove(): Promise<void> {
    const gone = ["--ignore-not-found", "--wait", "--timeout=60s"];
    await this.kubectl("delete", `server/${SERVER}`, `statefulset/${SERVER}`, ...gone);
    await this.kubectl("delete", `pod/${POD}`, "--grace-period=1", ...gone);
  }

  /** Takes away every NetworkPolicy that lets somebody in to a component. */
  async withoutPolicy(component: Component): Promise<void> {
    const names = policiesOf(this.config, component);
    if (names.length === 0) throw new Error(`no NetworkPolicy opens anything for ${component}`);
    await this.kubectl("delete", "networkpolicy", ...names);
  }

  /** Puts everything back that is declared and not the Server. */
  declare(): Promise<void> {
    return this.apply(runtimeObjects(this.config));
  }

  /** The server pod as it is now. */
  async view(): Promise<PodView> {
    const text = await this.kubectl("get", "pod", POD, "--ignore-not-found", "--output=json");
    if (text.trim() === "") return { ready: false, containers: {} };
    const { spec, status } = JSON.parse(text) as WirePod;
    const containers: Record<string, PodView["containers"][string]> = {};
    for (const { name } of spec.containers) {
      const own = status.containerStatuses?.find((one) => one.name === name);
      const read = (...more: string[]) => this.kubectl("logs", POD, "--container", name, ...more).catch(() => "");
      const log = (own?.restartCount ?? 0) > 0 ? (await read("--previous")) + (await read()) : await read();
      const [ready, running] = [own?.ready === true, own?.state?.running !== undefined];
      containers[name] = { ready, running, restarts: own?.restartCount ?? 0, log };
    }
    const ready = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    return { phase: status.phase, ip: status.podIP, ready, containers };
  }

  /** Waits until the server pod is in a state, and lets the Model's status follow as the operator would. */
  async until(what: string, holds: (pod: PodView) => boolean, seconds = 180): Promise<PodView> {
    let last: PodView | undefined;
    const found = await waitFor(
      what,
      seconds,
      async () => {
        last = await this.view();
        return holds(last) ? last : undefined;
      },
      { every: 1000, explain: () => JSON.stringify(last, undefined, 1).slice(-4000) },
    );
    const patch = JSON.stringify(modelStatus(found.ready));
    await this.kubectl("patch", "model", MODEL, "--subresource=status", "--type=merge", "--patch", patch);
    return found;
  }

  /** `npm run diagnose`, where the machines can be reached, timed as a person would. */
  diagnose(): Promise<Checked<Answer>> {
    return checked<Answer>(this, "diagnose");
  }
}

interface WirePod {
  readonly spec: { readonly containers: readonly { readonly name: string }[] };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state?: { readonly running?: object };
    }[];
  };
}
