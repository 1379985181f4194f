import { declaredCnis } from "../derive";
import { HARDENING_RULES } from "./hardening";
import type { Rule } from "./rule";

/** The StorageClass that K3s brings, and the default of seldon.storageClass. */
const K3S_STORAGE_CLASS = "local-path";

interface CronField {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** The five fields as K3s' scheduler (robfig/cron v3, standard parser) reads them; Sunday is 0 only. */
const CRON_FIELDS: readonly CronField[] = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12, names: MONTHS },
  { name: "day of week", low: 0, high: 6, names: DAYS },
];

/** Number behind one term of a field, or NaN. */
function cronNumber(term: string, field: CronField): number {
  const index = field.names?.indexOf(term.toLowerCase()) ?? -1;
  if (index >= 0) return index + field.low;
  return /^\d+$/.test(term) ? Number(term) : NaN;
}

/** Whether `text` is a list of `*`, `?`, `a`, `a-b`, each with an optional `/step`, inside the field's bounds. */
function isCronField(text: string, field: CronField): boolean {
  return text.split(",").every((item) => {
    const [range = "", step, ...rest] = item.split("/");
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false;
    if (range === "*" || range === "?") return true;
    const [low = NaN, high = low, ...more] = range.split("-").map((term) => cronNumber(term, field));
    return more.length === 0 && low >= field.low && high <= field.high && low <= high;
  });
}

/** Settings of the K3s servers. */
export const K3S_RULES: readonly Rule[] = [
  ...HARDENING_RULES,
  {
    id: "k3s.snapshot-schedule",
    *check({ k3s }) {
      const { schedule } = k3s.etcdSnapshots;
      const fields = schedule.split(/ +/);
      for (const [index, field] of CRON_FIELDS.entries()) {
        const text = fields[index] ?? "";
        if (isCronField(text, field)) continue;
        yield {
          path: "k3s.etcdSnapshots.schedule",
          problem: `has ${JSON.stringify(text)} as its ${field.name}: K3s would not start`,
          got: schedule,
          allowed: `${field.low} to ${field.high}, *, lists, ranges and steps`,
          fix: `correct the ${field.name}`,
        };
      }
    },
  },
  {
    id: "k3s.egress-pod-with-calico",
    *check(config) {
      if (config.k3s.egressSelectorMode !== "pod" || !declaredCnis(config).has("calico")) return;
      yield {
        path: "k3s.egressSelectorMode",
        problem:
          "needs pods inside the node's podCIDR, and Calico takes addresses from its own blocks: metrics and webhooks would be unreachable",
        got: config.k3s.egressSelectorMode,
        allowed: "disabled, agent, cluster",
        fix: "use agent, the default",
      };
    },
  },
  {
    id: "k3s.install-without-binary",
    *check({ k3s: { install } }) {
      if (install === undefined || install.binary.amd64 !== undefined || install.binary.arm64 !== undefined) return;
      yield {
        path: "k3s.install.binary",
        problem: "names no architecture: there is nothing to install",
        got: install.binary,
        allowed: "amd64, arm64 or both",
        fix: "run npm run pin -- <stack>, or remove k3s.install",
      };
    },
  },
  {
    id: "k3s.install-other-version",
    *check({ k3s: { install, version } }) {
      const plain = (text: string): string => text.replaceAll(/%2[Bb]/g, "+");
      for (const [arch, file] of Object.entries(install?.binary ?? {})) {
        const named = /v1\.\d+\.\d+(?:-rc\d+)?\+k3s\d+/.exec(plain(file?.url ?? ""))?.[0];
        if (named === undefined || named === version) continue;
        yield {
          path: `k3s.install.binary.${arch}.url`,
          problem: "is of another version than k3s.version",
          got: named,
          allowed: version,
          fix: "run npm run pin -- <stack>",
        };
      }
    },
  },
  {
    id: "k3s.no-storage-class",
    *check({ k3s, seldon }) {
      if (!k3s.disable.includes("local-storage") || seldon.storageClass !== K3S_STORAGE_CLASS) return;
      yield {
        path: "k3s.disable",
        problem:
          "takes away local-storage, the only StorageClass of K3s: the volumes of scheduler and servers would stay Pending",
        got: k3s.disable,
        allowed: "local-storage enabled, or another default StorageClass named in seldon.storageClass",
        fix: "name the cluster's default StorageClass in seldon.storageClass",
      };
    },
  },
];
