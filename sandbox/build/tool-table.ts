/** What the sandbox builds: one Go module a tool, because their Kubernetes libraries clash in one. */

export type Binary = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kwok" | "helm";

export interface Tool<B extends string = Binary> {
  /** Folder with the go.mod that pins the tool, below the folder of the table that names it. */
  readonly name: string;
  readonly version: string;
  /** Go package of each binary. */
  readonly binaries: Readonly<Partial<Record<B, string>>>;
  /** Linker variables. Without them Kubernetes answers `v0.0.0-master` at /version, and clients judge it by that. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether a part of it is C. @default false */
  readonly cgo?: boolean;
}

export const KUBERNETES_VERSION = "v1.33.13";
const VERSION_PACKAGE = "k8s.io/component-base/version";

/** The Kubernetes minor of the sandbox's own control plane. */
export const KUBERNETES_MINOR = 33;

/** Linker variables of every binary of that Kubernetes. */
export const KUBERNETES_VARIABLES: Readonly<Record<string, string>> = {
  [`${VERSION_PACKAGE}.gitVersion`]: KUBERNETES_VERSION,
  [`${VERSION_PACKAGE}.gitMajor`]: "1",
  [`${VERSION_PACKAGE}.gitMinor`]: String(KUBERNETES_MINOR),
  [`${VERSION_PACKAGE}.gitTreeState`]: "clean",
};

export const TOOLS: readonly Tool[] = [
  { name: "etcd", version: "v3.6.5", binaries: { etcd: "go.etcd.io/etcd/server/v3" } },
  {
    name: "kubernetes",
    version: KUBERNETES_VERSION,
    binaries: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    },
    variables: KUBERNETES_VARIABLES,
  },
  { name: "kwok", version: "v0.8.0", binaries: { kwok: "sigs.k8s.io/kwok/cmd/kwok" } },
  { name: "helm", version: "v4.3.1", binaries: { helm: "helm.sh/helm/v4/cmd/helm" } },
];

/**
 * Flags of `go build`. `-trimpath` makes the result the same in every folder; without version control stamping no git is
 * needed. The others save a quarter of the work of a cold build (measured with etcd on two cores: 55 s to 41 s): no
 * inlining, no debug information, no symbol table.
 */
export function buildFlags({ variables = {} }: Pick<Tool, "variables">): string[] {
  const linker = ["-s", "-w", ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)];
  const common = ["-trimpath", "-buildvcs=false", "-mod=readonly"];
  return [...common, "-gcflags=all=-l -dwarf=false", `-ldflags=${linker.join(" ")}`];
}
