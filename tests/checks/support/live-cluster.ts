/**
 * A fake API server that holds objects and answers a dry run of server-side apply: mappings and lists of named items are
 * merged, all else is replaced, defaults are the test's own. Nothing is ever stored by a request.
 */
import { gzipSync } from "node:zlib";
import { dump } from "js-yaml";
import { FakeApi, type Reply } from "./fake-api";
import { UID } from "./seldon-cluster";

type Tree = Record<string, unknown>;

export interface LiveObject extends Tree {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Tree & { readonly name: string; readonly namespace?: string };
}

interface KindRow {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const row = (apiVersion: string, kind: string, plural: string, namespaced = true): KindRow => ({
  apiVersion,
  kind,
  plural,
  namespaced,
});

/** The kinds of a whole cluster; a test takes some away. */
const KINDS: readonly KindRow[] = [
  row("v1", "Namespace", "namespaces", false),
  row("v1", "Secret", "secrets"),
  row("v1", "ConfigMap", "configmaps"),
  row("apps/v1", "Deployment", "deployments"),
  row("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  row("crd.projectcalico.org/v1", "NetworkPolicy", "networkpolicies"),
  row("crd.projectcalico.org/v1", "GlobalNetworkPolicy", "globalnetworkpolicies", false),
  row("crd.projectcalico.org/v1", "IPPool", "ippools", false),
  row("crd.projectcalico.org/v1", "FelixConfiguration", "felixconfigurations", false),
  row("operator.tigera.io/v1", "Installation", "installations", false),
  row("operator.tigera.io/v1", "APIServer", "apiservers", false),
  row("mlops.seldon.io/v1alpha1", "Model", "models"),
  row("mlops.seldon.io/v1alpha1", "Server", "servers"),
];

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);
/** The items of a list in which every one has a name. */
function namedItems(list: unknown): readonly Tree[] | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const items: unknown[] = list;
  return items.every((one) => isTree(one) && typeof one["name"] === "string") ? (items as Tree[]) : undefined;
}

/** What an apply makes of a value. */
function merged(live: unknown, sent: unknown): unknown {
  if (isTree(live) && isTree(sent)) {
    return { ...live, ...Object.fromEntries(Object.entries(sent).map(([key, one]) => [key, merged(live[key], one)])) };
  }
  const [own, given] = [namedItems(live), namedItems(sent)];
  if (own === undefined || given === undefined) return sent;
  const kept = own.map((one) => merged(one, given.find(({ name }) => name === one["name"]) ?? one));
  return [...kept, ...given.filter(({ name }) => !own.some((one) => one["name"] === name))];
}

export class LiveCluster {
  private readonly objects = new Map<string, LiveObject>();
  private kinds = [...KINDS];

  private constructor(readonly api: FakeApi) {}

  static async start(): Promise<LiveCluster> {
    const cluster = new LiveCluster(await FakeApi.start());
    cluster.api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: UID } });
    cluster.api.object("/version", { gitVersion: "v1.33.8+k3s1" });
    cluster.serve();
    return cluster;
  }

  /** Takes kinds away, as where a CRD is absent. */
  without(...kinds: readonly string[]): void {
    this.kinds = this.kinds.filter(({ kind, apiVersion }) => !kinds.includes(kind) && !kinds.includes(apiVersion));
    this.serve();
  }

  /** Puts an object there, as its API server would give it. */
  put(object: LiveObject, manager = "pulumi-kubernetes-0a1b2c3d", more: readonly Tree[] = []): void {
    const { metadata, ...rest } = object;
    const { name: _, namespace: __, managedFields: ___, ...described } = metadata;
    const fields = { ...(Object.keys(described).length > 0 ? { metadata: described } : {}), ...rest };
    const own = { manager, operation: "Apply", time: "2026-11-20T08:00:00Z", fieldsV1: fieldsOf(fields) };
    const live = { ...object, metadata: { resourceVersion: "1", ...metadata, managedFields: [own, ...more] } };
    this.objects.set(this.pathOf(object), live);
    this.serve();
  }

  /** Changes an object as another manager would: the change, and the fields that it then owns. */
  change(path: string, change: Tree, manager = "kubectl-edit"): void {
    const live = this.objects.get(path)!;
    const changed = merged(live, change) as LiveObject;
    const entries = (live.metadata["managedFields"] ?? []) as Tree[];
    const entry = { manager, operation: "Update", time: "2026-11-22T16:00:00Z", fieldsV1: fieldsOf(change) };
    this.objects.set(path, { ...changed, metadata: { ...changed.metadata, managedFields: [...entries, entry] } });
    this.serve();
  }

  /** Replaces who owns what. */
  edit(path: string, managedFields: readonly Tree[]): void {
    const live = this.objects.get(path)!;
    this.objects.set(path, { ...live, metadata: { ...live.metadata, managedFields } });
    this.serve();
  }

  remove(path: string): void {
    this.objects.delete(path);
    this.api.replies.delete(path);
    this.api.patches.delete(path);
    this.serve();
  }

  /** Helm's record of a release. */
  release(
    name: string,
    { chart, values = {}, objects = [], status = "deployed", revision = 1, namespace = "seldon" }: ReleaseShape,
  ): void {
    const [, chartName, version] = /^(.*)-([^-]+)$/.exec(chart) ?? [];
    const manifest = objects.map((object) => `---\n# Source: ${name}\n${dump(object)}`).join("");
    const json = {
      name,
      namespace,
      version: revision,
      info: { status },
      chart: { metadata: { name: chartName, version } },
      config: values,
      manifest,
    };
    const packed = gzipSync(JSON.stringify(json)).toString("base64");
    this.put(
      {
        apiVersion: "v1",
        kind: "Secret",
        type: "helm.sh/release.v1",
        metadata: {
          name: `sh.helm.release.v1.${name}.v${revision}`,
          namespace,
          labels: { owner: "helm", name, version: String(revision), status },
        },
        data: { release: Buffer.from(packed).toString("base64") },
      },
      "pulumi-resource-kubernetes",
    );
  }

  pathOf({ apiVersion, kind, metadata }: LiveObject): string {
    const { plural, namespaced } = KINDS.find((one) => one.apiVersion === apiVersion && one.kind === kind)!;
    return `${this.listPath(apiVersion, plural, namespaced ? metadata.namespace : undefined)}/${metadata.name}`;
  }

  private listPath(apiVersion: string, plural: string, namespace: string | undefined): string {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return `${group}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
  }

  /** Tells the fake server what there is now. */
  private serve(): void {
    const { api, kinds } = this;
    const all = [...this.objects.values()];
    for (const apiVersion of new Set(KINDS.map((one) => one.apiVersion))) {
      const served = kinds.filter((one) => one.apiVersion === apiVersion);
      const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      if (served.length === 0) api.replies.delete(path);
      else api.object(path, { resources: served.map(({ plural, ...one }) => ({ ...one, name: plural })) });
    }
    for (const { apiVersion, kind, plural, namespaced } of kinds) {
      const own = all.filter((one) => one.apiVersion === apiVersion && one.kind === kind);
      const namespaces = namespaced
        ? ["seldon", "tenant", "tigera-operator", ...own.map((one) => one.metadata.namespace)]
        : [undefined];
      for (const namespace of new Set(namespaces)) {
        const items = own.filter((one) => one.metadata.namespace === namespace);
        api.replies.set(this.listPath(apiVersion, plural, namespace), (query) => ({
          json: { items: items.filter((one) => selected(one, query.get("labelSelector"))) },
        }));
      }
    }
    for (const [path, object] of this.objects) {
      if (path === "/api/v1/namespaces/kube-system") continue;
      api.object(path, object);
      api.patches.set(path, (sent): Reply => ({ json: this.applied(object, sent) }));
    }
    api.fallback = (path) => (kinds.some(({ plural }) => path.includes(`/${plural}/`)) ? "missing object" : undefined);
  }

  private applied(live: LiveObject, sent: Tree): unknown {
    const result = merged(live, sent) as LiveObject;
    // What the server and no answer of it keeps apart.
    return { ...result, metadata: { ...result.metadata, resourceVersion: "2", managedFields: [] } };
  }
}

export interface ReleaseShape {
  /** Name and version. */
  readonly chart: string;
  readonly values?: Tree;
  readonly objects?: readonly Tree[];
  readonly status?: string;
  readonly revision?: number;
  readonly namespace?: string;
}

function selected({ metadata }: LiveObject, selector: string | null): boolean {
  const labels = (metadata["labels"] ?? {}) as Record<string, string>;
  return (selector ?? "")
    .split(",")
    .filter((pair) => pair !== "")
    .every((pair) => labels[pair.split("=")[0]!] === pair.split("=")[1]);
}

/** The fields of a value as `managedFields` writes them; identity and the whole object itself belong to nobody. */
export function fieldsOf(value: unknown): Tree {
  const items = namedItems(value);
  if (items !== undefined) {
    return Object.fromEntries(
      items.map((one) => [`k:${JSON.stringify({ name: one["name"] })}`, { ".": {}, ...fieldsOf(one) }]),
    );
  }
  if (!isTree(value)) return {};
  const own = Object.entries(value).filter(([key]) => key !== "apiVersion" && key !== "kind");
  return Object.fromEntries(own.map(([key, one]) => [`f:${key}`, fieldsOf(one)]));
}
