import { runtimeNamespaces } from "../runtimes";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

/** The remote that the runtime chart brings: public buckets of Google Cloud Storage, without credentials. */
const PUBLIC = "gs";

const remotes = ({ seldon }: StackConfig) =>
  seldon.storage.remotes.map((remote, index) => ({ remote, path: `seldon.storage.remotes[${index}]` }));

/** Port of an URL, written or by its scheme. */
const portOf = (url: string): number => Number(new URL(url).port || (url.startsWith("https:") ? 443 : 80));

/** Object storages with credentials. */
export const REMOTE_RULES: readonly Rule[] = [
  {
    id: "seldon.remote-repeated",
    *check(config) {
      const all = remotes(config);
      for (const [index, { remote, path }] of all.entries()) {
        const first = all.findIndex((other) => other.remote.name === remote.name);
        if (first === index) continue;
        yield {
          path: `${path}.name`,
          problem: `is also that of ${all[first]!.path}: one Secret and one scheme cannot mean two storages`,
          got: remote.name,
          allowed: "each name once",
          fix: "rename one, and the scheme in the storageUri of its Models",
        };
      }
    },
  },
  {
    id: "seldon.remote-reserved",
    *check(config) {
      for (const { remote, path } of remotes(config)) {
        if (remote.name !== PUBLIC) continue;
        yield {
          path: `${path}.name`,
          problem: "is the remote that the chart brings without credentials, and which is loaded after this one",
          got: remote.name,
          allowed: `any name but ${PUBLIC}`,
          fix: "use gcs, and gcs://... in the storageUri of Models",
        };
      }
    },
  },
  {
    id: "seldon.remote-namespace",
    *check(config) {
      const known = runtimeNamespaces(config);
      for (const { remote, path } of remotes(config)) {
        for (const [index, namespace] of (remote.namespaces ?? []).entries()) {
          if (known.includes(namespace)) continue;
          yield {
            path: `${path}.namespaces[${index}]`,
            problem: "has no runtime, so nothing there would read the Secret",
            got: namespace,
            allowed: known.join(", "),
            fix: "correct it, or add the tenant",
          };
        }
      }
    },
  },
  {
    id: "seldon.remote-port-closed",
    *check(config) {
      const { policies } = config;
      if (!policies.enabled) return;
      for (const { remote, path } of remotes(config)) {
        if (remote.kind !== "minio") continue;
        const port = portOf(remote.endpoint);
        if (policies.storage.ports.includes(port)) continue;
        yield {
          path: `${path}.endpoint`,
          problem: `answers on port ${port}, which no policy opens for the servers`,
          got: remote.endpoint,
          allowed: `ports of policies.storage.ports: ${policies.storage.ports.join(", ")}`,
          fix: `add ${port} to policies.storage.ports`,
        };
      }
    },
  },
  {
    id: "seldon.storage-credentials-missing",
    *check(config, { secrets }) {
      if (config.seldon.storage.remotes.length === 0 || secrets.has("storageCredentials")) return;
      yield {
        path: "storageCredentials",
        problem: "is missing, and seldon.storage.remotes log in with it",
        allowed: "a secret: JSON by name of the remote",
        fix: "pulumi config set --secret storageCredentials < file.json, or remove the remotes",
      };
    },
  },
  {
    id: "seldon.storage-credentials-unused",
    *check(config, { secrets }) {
      if (config.seldon.storage.remotes.length > 0 || !secrets.has("storageCredentials")) return;
      yield {
        path: "storageCredentials",
        problem: "is set, but no remote logs in with it",
        allowed: "only with seldon.storage.remotes",
        fix: "pulumi config rm storageCredentials, or add the remotes",
      };
    },
  },
];
