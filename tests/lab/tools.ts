/** What the lab's hosts run, and where it comes from. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildTools, toolCache } from "../../sandbox/build-tools";
import { isExecutable } from "../../sandbox/build/executable";
import { provideTools } from "../../sandbox/build/tool-cache";
import { KUBERNETES_VARIABLES, KUBERNETES_VERSION, type Tool } from "../../sandbox/build/tool-table";
import { SandboxError } from "../../sandbox/failure";
import type { Progress } from "../../sandbox/progress";

type LabBinary = "kubelet" | "kube-proxy" | "kubectl" | "kine" | "flanneld" | "flannel-cni" | "init" | "k3s";

/** Folders are below tests/lab/tools. The control plane and etcd are the sandbox's. */
const LAB_TOOLS: readonly Tool<LabBinary>[] = [
  {
    name: "kubernetes",
    version: KUBERNETES_VERSION,
    binaries: {
      kubelet: "k8s.io/kubernetes/cmd/kubelet",
      "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
    },
    variables: KUBERNETES_VARIABLES,
  },
  { name: "kine", version: "v0.17.5", binaries: { kine: "github.com/k3s-io/kine" } },
  { name: "flannel", version: "v0.26.7", binaries: { flanneld: "github.com/flannel-io/flannel" }, cgo: true },
  {
    name: "flannel-cni",
    version: "v0.9.1",
    binaries: { "flannel-cni": "github.com/containernetworking/plugins/plugins/meta/flannel" },
  },
  { name: "host", version: "of this tree", binaries: { init: "./init", k3s: "./k3s" } },
];

/** What Debian packages bring, by the package that has it. */
const MACHINE_TOOLS: Readonly<Record<string, readonly string[]>> = {
  containerd: ["/usr/bin/containerd", "/usr/bin/ctr", "/usr/bin/containerd-shim-runc-v2"],
  runc: ["/usr/sbin/runc"],
  "openssh-server": ["/usr/sbin/sshd"],
  "openssh-client": ["/usr/bin/ssh-agent", "/usr/bin/ssh-add", "/usr/bin/ssh-keygen"],
  iptables: ["/usr/sbin/iptables", "/usr/sbin/iptables-legacy"],
  ipset: ["/usr/sbin/ipset"],
  conntrack: ["/usr/sbin/conntrack"],
  iproute2: ["/usr/sbin/ip"],
  "util-linux": ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/pivot_root"],
};

/** Debian's plugins that K3s brings along in its own folder. */
const PLUGINS = ["bandwidth", "bridge", "firewall", "host-local", "loopback", "portmap"] as const;
const PLUGIN_FOLDER = "/usr/lib/cni";

export interface LabTools {
  /** The hosts' first process. */
  readonly init: string;
  /** The stand-in for K3s, without a version. */
  readonly k3s: string;
  /** What the stand-in runs, by the name that it knows it under. */
  readonly components: Readonly<Record<string, string>>;
}

/** Why no lab can run on this machine; undefined when one can. Says every reason. */
export function whyNoLab(): string | undefined {
  const reasons: string[] = [];
  if (process.platform !== "linux") return `a lab needs Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) reasons.push("a lab needs root");
  for (const [name, paths] of Object.entries(MACHINE_TOOLS)) {
    const missing = paths.filter((path) => !isExecutable(path));
    if (missing.length > 0) reasons.push(`${missing.join(", ")} is missing (package ${name})`);
  }
  if (!PLUGINS.every((name) => isExecutable(join(PLUGIN_FOLDER, name)))) {
    reasons.push(`${PLUGIN_FOLDER} lacks plugins (package containernetworking-plugins)`);
  }
  return reasons.length > 0 ? reasons.join("; ") : undefined;
}

/**
 * Builds, or finds in the cache, everything that the hosts run.
 *
 * @param extras folder with programs that take a stand-in's place, such as a real kube-router (LAB_EXTRAS).
 * @throws SandboxError where something cannot be built or is missing.
 */
export async function labTools(progress: Progress, signal?: AbortSignal, extras?: string): Promise<LabTools> {
  const controlPlane = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
  const sandbox = await buildTools({ wanted: controlPlane, progress, signal });
  const lab = await provideTools({
    tools: LAB_TOOLS,
    wanted: LAB_TOOLS.flatMap(({ binaries }) => Object.keys(binaries) as LabBinary[]),
    sources: resolve(__dirname, "tools"),
    cache: toolCache(),
    progress,
    env: process.env,
    signal,
  });
  const pathOf = (name: string, built: { readonly path: string } | undefined): string => {
    if (!built) throw new SandboxError(`the lab's tools lack ${name}`);
    return built.path;
  };
  const components: Record<string, string> = {};
  for (const name of controlPlane) components[name] = pathOf(name, sandbox[name]);
  for (const name of ["kubelet", "kube-proxy", "kubectl", "kine", "flanneld", "flannel-cni"] as const) {
    components[name] = pathOf(name, lab[name]);
  }
  for (const name of PLUGINS) components[`cni/${name}`] = join(PLUGIN_FOLDER, name);
  const router = extras && join(extras, "kube-router");
  if (router && existsSync(router)) components["kube-router"] = router;
  return { init: pathOf("init", lab.init), k3s: pathOf("k3s", lab.k3s), components };
}
