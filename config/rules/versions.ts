import { CALICO, CALICO_VERSIONS, K3S_MINORS, SELDON_KUBERNETES, SELDON_VERSIONS } from "../compatibility";
import { declaredCnis, kubernetesMinor } from "../derive";
import type { Rule } from "./rule";

type Minors = readonly [number, number];

const K3S_VERSION = /^v1\.\d+\.\d+\+k3s\d+$/;

const within = (minor: number, [low, high]: Minors): boolean => minor >= low && minor <= high;
const span = ([low, high]: Minors): string => `1.${low} - 1.${high}`;

/** The compatibility table as it is printed in a refusal. */
export function compatibilityTable(): string {
  const rows = [
    ["component", "Kubernetes", "notes"],
    ["K3s", span(K3S_MINORS), "installed or taken over"],
    ...CALICO_VERSIONS.map((version) => {
      const { kubernetes, operator, crds } = CALICO[version];
      const source = crds === "operator-chart" ? "CRDs in the operator's chart" : "CRDs in a chart of their own";
      return [`Calico ${version}`, span(kubernetes), `operator ${operator}, ${source}`];
    }),
    ...SELDON_VERSIONS.map((version) => [
      `Seldon Core ${version}`,
      span(SELDON_KUBERNETES[version]),
      "above: seldon.allowUntestedKubernetes",
    ]),
  ];
  return rows
    .map(([name = "", range = "", notes = ""]) => `    ${name.padEnd(20)}${range.padEnd(14)}${notes}`)
    .join("\n");
}

const table = (): string => `what the table says goes together:\n${compatibilityTable()}\n `;

/** Versions that do not exist or do not go together. A malformed K3s version is reported once, by the first rule. */
export const VERSION_RULES: readonly Rule[] = [
  {
    id: "versions.k3s-format",
    *check({ k3s }) {
      if (K3S_VERSION.test(k3s.version)) return;
      yield {
        path: "k3s.version",
        problem: "is no K3s release",
        got: k3s.version,
        allowed: "a release with its build suffix, such as v1.33.8+k3s1",
        fix: "copy the tag from https://github.com/k3s-io/k3s/releases",
      };
    },
  },
  {
    id: "versions.k3s-minor",
    *check({ k3s }) {
      if (!K3S_VERSION.test(k3s.version) || within(kubernetesMinor(k3s.version), K3S_MINORS)) return;
      yield {
        path: "k3s.version",
        problem: "is a Kubernetes that this stack does not manage",
        got: k3s.version,
        allowed: table(),
        fix: `choose a K3s of Kubernetes ${span(K3S_MINORS)}`,
      };
    },
  },
  {
    id: "versions.k3s-calico",
    *check(config) {
      const { k3s, calico } = config;
      if (!K3S_VERSION.test(k3s.version) || !declaredCnis(config).has("calico")) return;
      const minor = kubernetesMinor(k3s.version);
      if (!within(minor, K3S_MINORS) || within(minor, CALICO[calico.version].kubernetes)) return;
      const fitting = CALICO_VERSIONS.find((version) => within(minor, CALICO[version].kubernetes));
      yield {
        path: "calico.version",
        problem: `is not tested with ${k3s.version}`,
        got: calico.version,
        allowed: table(),
        fix:
          fitting === undefined
            ? "choose another K3s version"
            : `set calico.version to ${fitting}, or change k3s.version`,
      };
    },
  },
  {
    id: "versions.seldon-kubernetes",
    *check({ k3s, seldon }) {
      if (!K3S_VERSION.test(k3s.version) || seldon.allowUntestedKubernetes) return;
      const minor = kubernetesMinor(k3s.version);
      if (!within(minor, K3S_MINORS) || within(minor, SELDON_KUBERNETES[seldon.version])) return;
      yield {
        path: "k3s.version",
        problem: `is outside what Seldon Core ${seldon.version} documents`,
        got: k3s.version,
        allowed: table(),
        fix: "set seldon.allowUntestedKubernetes to true once you have tried it, or choose an older K3s",
      };
    },
  },
];
