/**
 * The lab: real Kubernetes nodes on this machine, for what the sandbox's simulated ones cannot show. Each host has its own
 * network, processes, name and files, real sshd, containerd, kubelet and Flannel; K3s itself is a stand-in
 * (tests/lab/tools/host/k3s) and says so. Linux and root only. Everything lives in namespaces that end with the lab.
 */
import { copyFileSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SandboxError } from "../../sandbox/failure";
import { Progress } from "../../sandbox/progress";
import { Admin } from "./admin";
import { waitFor } from "./processes";
import { installCluster, newToken, waitForNodes, type InstallOptions } from "./cluster";
import { isOrphan, LabFolder, type LabRecord } from "./folder";
import { filesOf, LabHost, type HostSetting } from "./host";
import { DEFAULT_VERSION, PINNED_FOLDER, putFile, putLogin, putVersion } from "./host-files";
import { labImage } from "./image/lab-image";
import { Keeper } from "./keeper";
import { agentSocket, LOGIN_KEY, makeKey, startAgent } from "./keys";
import { widenLimits } from "./machine";
import { planOf, type Topology, type TopologyName } from "./topology";
import { labTools, whyNoLab, type LabTools } from "./tools";

export interface LabOptions extends InstallOptions {
  readonly topology: Topology | TopologyName;
  /** Whether K3s' stand-in is installed; without it the hosts are empty machines with SSH. @default true */
  readonly install?: boolean;
  /** Version that the stand-in tells, and that PINNED_FOLDER holds. @default DEFAULT_VERSION */
  readonly version?: string;
  /** Hosts that stay empty machines with SSH, by name, such as an agent that is added later. @default none */
  readonly empty?: readonly string[];
  /** Whether Flannel takes its rules away when K3s stops. What K3s' Flannel does was not measured. @default false, the harder case */
  readonly flannelCleansUp?: boolean;
  /** More versions, each in a folder of the hosts. @default none */
  readonly versions?: Readonly<Record<string, string>>;
  /** Called with what the lab is doing. @default nothing is said */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Whether the lab outlives this process; `Lab.find` gives it back. @default false */
  readonly kept?: boolean;
}

export class Lab {
  /** Folder on this machine with the lab's keys, logs, kubeconfig and the hosts' /var/lib/rancher. */
  readonly folder: LabFolder;
  readonly hosts: readonly LabHost[];
  /** Where the stack's runner works. */
  readonly admin: Admin;
  readonly datastore: "sqlite" | "etcd";
  readonly #keeper: Keeper;
  #stopped = false;

  private constructor(
    folder: LabFolder,
    keeper: Keeper,
    record: Omit<LabRecord, "runner">,
    tools: HostSetting["tools"],
  ) {
    this.folder = folder;
    this.#keeper = keeper;
    this.datastore = record.datastore;
    this.admin = new Admin(keeper, agentSocket(folder));
    const names = record.hosts.map(({ name, address }) => `${address} ${name}`);
    const setting: HostSetting = {
      folder,
      keeper,
      tools,
      hosts: ["127.0.0.1 localhost", "192.0.2.1 admin", ...names].join("\n"),
    };
    this.hosts = record.hosts.map((host) => new LabHost(host, setting));
  }

  /**
   * Starts a lab: hosts that run, and on them a cluster whose nodes are Ready.
   *
   * @throws SandboxError where this machine cannot have one, or when it does not come up; nothing is left of it then.
   */
  static async start(options: LabOptions): Promise<Lab> {
    const why = whyNoLab();
    if (why) throw new SandboxError(`no lab can run on this machine: ${why}`);
    const { signal, kept = false } = options;
    const plan = planOf(options.topology);
    const say = options.onLine ?? (() => undefined);
    const progress = new Progress((line) => say(line.trimEnd()));
    await Lab.removeOrphans();
    const extras = process.env["LAB_EXTRAS"] ? resolve(process.env["LAB_EXTRAS"]) : undefined;
    const tools = await labTools(progress, signal, extras);
    const image = await labImage({ progress, signal });
    const folder = LabFolder.create();
    const limits = widenLimits(LabFolder.all().map((other) => other.read()?.limits ?? {}));
    const begun = { kept, datastore: plan.datastore, limits, hosts: [] };
    folder.record(begun);
    let lab: Lab | undefined;
    try {
      const copies = copyTools(tools, folder);
      await makeKey(folder, LOGIN_KEY);
      const hosts = [];
      for (const host of plan.hosts) {
        const hostKey = await makeKey(folder, host.name);
        const files = filesOf(folder, host.name);
        putLogin(files, host.name, readFileSync(folder.file("keys", host.name)), folder);
        const versions = { [options.version ?? DEFAULT_VERSION]: PINNED_FOLDER, ...options.versions };
        for (const [version, target] of Object.entries(versions)) {
          putVersion(join(files, target), tools.k3s, version, image.archive);
        }
        // Where the stand-in Calico finds the programs whose place it takes.
        if (extras) putFile(files, { path: "etc/seldon-k3s-lab/extras", content: `${extras}\n` });
        if (options.flannelCleansUp) putFile(files, { path: "etc/lab/flannel-cleans-up", content: "" });
        copyFileSync(image.archive, join(folder.folder("rancher", host.name, "k3s/agent/images"), "lab.tar"));
        hosts.push({ ...host, hostKey });
      }
      const keeper = await Keeper.start(folder, copies.init, kept, signal);
      const record = { ...begun, keeper: { outer: keeper.outer, inner: keeper.inner }, hosts };
      folder.record(record);
      lab = new Lab(folder, keeper, record, copies);
      await startAgent(folder, keeper);
      progress.say(`lab ${folder.id}: switching on ${hosts.map(({ name }) => name).join(", ")}`);
      await Promise.all(lab.hosts.map((host) => host.boot()));
      if (options.install ?? true) await lab.#install(options, progress);
      progress.say(`lab ${folder.id} is up: ${folder.path}`);
      return lab;
    } catch (error) {
      if (lab) await lab.stop();
      else await folder.remove();
      throw error;
    }
  }

  /** A lab that another process has started and kept, by its id; the only one when no id is given. */
  static find(id?: string): Lab {
    const running = LabFolder.all().flatMap((folder) => {
      const record = folder.read();
      return record?.keeper && (id === undefined || folder.id === id)
        ? [{ folder, record, keeper: record.keeper }]
        : [];
    });
    const [found, another] = running;
    if (!found || another) {
      const all = LabFolder.all().map((folder) => folder.id);
      throw new SandboxError(
        `${found ? "several labs run" : "no such lab runs"}; name one of: ${all.join(", ") || "(none)"}`,
      );
    }
    const { folder, record, keeper } = found;
    return new Lab(folder, new Keeper(keeper.outer, keeper.inner), record, toolsOf(folder));
  }

  /** Ends what labs left whose process was killed before it could clean up. */
  static async removeOrphans(): Promise<void> {
    for (const folder of LabFolder.all()) {
      const record = folder.read();
      // Their processes ended with their keeper, and that with its runner.
      if (record && isOrphan(record)) await folder.remove();
    }
  }

  get id(): string {
    return this.folder.id;
  }

  get servers(): readonly LabHost[] {
    return this.hosts.filter(({ role }) => role === "server");
  }

  get agents(): readonly LabHost[] {
    return this.hosts.filter(({ role }) => role === "agent");
  }

  /** @throws SandboxError with the names that there are. */
  host(name: string): LabHost {
    const host = this.hosts.find((one) => one.name === name);
    if (!host)
      throw new SandboxError(`this lab has no host "${name}"; it has ${this.hosts.map((one) => one.name).join(", ")}`);
    return host;
  }

  /** Path of the administrator's kubeconfig for the admin machine: the first server by its address. */
  get kubeconfig(): string {
    return this.folder.file("kubeconfig");
  }

  /** Fetches the kubeconfig from the first server. Needed again only after K3s was installed anew. */
  async fetchKubeconfig(): Promise<string> {
    const [first] = this.servers;
    if (!first) throw new SandboxError("a lab without a server has no kubeconfig");
    const config = await first.must(["cat", "/etc/rancher/k3s/k3s.yaml"]);
    return this.folder.write("kubeconfig", config.replace("https://127.0.0.1:6443", `https://${first.address}:6443`));
  }

  /** Runs kubectl on the admin machine; must succeed. Gives its standard output. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    const { components } = toolsOf(this.folder);
    return this.admin.must(components["kubectl"] ?? "kubectl", [`--kubeconfig=${this.kubeconfig}`, ...args], { input });
  }

  /** Waits until all hosts are Ready nodes, or only registered. */
  waitForNodes(ready = true, signal?: AbortSignal): Promise<void> {
    return waitForNodes(this.hosts, ready, signal);
  }

  /** Waits until every node leads to a DNS that answers: the last part of a cluster that comes up. */
  async waitForDns(): Promise<void> {
    const deployment = ["deployment/coredns", "--namespace=kube-system"];
    await this.kubectl(["wait", "--for=condition=Available", ...deployment, "--timeout=120s"]);
    const leads = "[ ! -e /usr/local/bin/k3s ] || iptables-save -t nat | grep -q 'kube-system/kube-dns:dns -> '";
    await Promise.all(
      this.hosts.map((host) =>
        waitFor(`kube-proxy of ${host.name}`, 60, async () => (await host.exec(leads)).code === 0 || undefined),
      ),
    );
  }

  /** Ends everything and removes every trace. Can be called again. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.admin.stop();
    await this.#keeper.stop();
    await this.folder.remove();
  }

  async #install(options: LabOptions, progress: Progress): Promise<void> {
    await installCluster({
      hosts: this.hosts.filter(({ name }) => !options.empty?.includes(name)),
      datastore: this.datastore,
      token: newToken(),
      options,
      say: (text) => progress.say(text),
      signal: options.signal,
    });
    await this.fetchKubeconfig();
    // Until the controller manager has made it, no pod can be created.
    await this.kubectl(["wait", "--for=create", "serviceaccount/default", "--timeout=60s"]);
  }
}

/** What hosts mount, by paths that stay while the lab runs: the cache may be cleared meanwhile. */
function copyTools(tools: LabTools, folder: LabFolder): HostSetting["tools"] {
  const setting = { init: tools.init, components: tools.components };
  folder.write("tools.json", JSON.stringify(setting));
  return setting;
}

const toolsOf = (folder: LabFolder) =>
  JSON.parse(readFileSync(folder.file("tools.json"), "utf8")) as HostSetting["tools"];
