/** Which versions of everything else a release was made for: a table of the code's own data. Pure. */
import {
  CALICO,
  CALICO_VERSIONS,
  CERT_MANAGER_VERSIONS,
  K3S_CREATE_DEFAULT,
  K3S_MINORS,
  SELDON_KUBERNETES,
  SELDON_VERSIONS,
  STRIMZI_KAFKA,
  STRIMZI_VERSIONS,
} from "../../config/compatibility";
import { table } from "../../delivery/markdown";
import { allCharts } from "../charts/pinned";

/** What of package.json is shown: what a deployment runs with. */
const PACKAGES = ["@pulumi/pulumi", "@pulumi/kubernetes", "@pulumi/command", "@pulumi/policy"] as const;

export interface Manifest {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

const minors = ([first, last]: readonly [number, number]): string => `1.${first} to 1.${last}`;

/** @param pulumi What Pulumi.yaml requires of the CLI, such as `>=3.226.0`. */
export function supportedVersions({ engines, dependencies }: Manifest, pulumi: string): string {
  const rows = [
    ["K3s", minors(K3S_MINORS), `new clusters ${K3S_CREATE_DEFAULT}`],
    ...CALICO_VERSIONS.map((version) => {
      const { kubernetes, operator } = CALICO[version];
      return ["Calico", version, `K3s ${minors(kubernetes)}, Tigera operator ${operator}`];
    }),
    ...SELDON_VERSIONS.map((version) => ["Seldon Core", version, `Kubernetes ${minors(SELDON_KUBERNETES[version])}`]),
    ...CERT_MANAGER_VERSIONS.map((version) => ["cert-manager", version, "where the stack installs it"]),
    ...STRIMZI_VERSIONS.map((version) => ["Strimzi", version, `Kafka ${STRIMZI_KAFKA[version]}`]),
    ["Pulumi CLI", pulumi, ""],
    ...PACKAGES.map((name) => [name, dependencies[name] ?? "", ""]),
    ["Node.js", engines.node, ""],
  ];
  const charts = allCharts().map(({ chart, version, repository }) => [chart, version, repository]);
  return [table(["what", "version", ""], rows), "", table(["chart", "version", "repository"], charts)].join("\n");
}
