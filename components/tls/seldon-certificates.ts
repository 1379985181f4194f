/**
 * Certificates of Seldon's own components, and the chart values that switch them on. The Secrets' names and keys are the
 * defaults of chart `seldon-core-v2-setup` 2.9.1 and 2.10.2 (`security.controlplane.ssl`, `security.envoy.ssl`).
 *
 * Not the chart `seldon-core-v2-certs`: it is in no Helm repository, makes an authority of its own in every namespace,
 * which an operator of several namespaces cannot work with, and its certificate for callers names the namespace instead
 * of the Service `seldon-mesh`, which fits only where the namespace is called that, too.
 */
import { operatorNamespace, runtimeNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { componentTls, issuerOf } from "../../config/tls";
import { certificate, type CertificateResource } from "./objects";

type Config = Pick<StackConfig, "seldon" | "network">;

interface Row {
  /** Name of Certificate and Secret. */
  readonly name: string;
  /** Short names by which it is dialled; the forms with namespace follow from them. */
  readonly services: readonly string[];
  /** Further DNS names. */
  readonly others?: (namespace: string) => readonly string[];
}

const LOCALHOST = (): readonly string[] => ["localhost"];

/**
 * Who dials whom (v2.10.2): agents and gateways `seldon-scheduler`, the operator `seldon-scheduler.<namespace>`, health
 * probes `localhost`. Envoy's way to its configuration uses the same two, whatever `controlPlane` says
 * (`scheduler/pkg/envoy/processor/server.go`), so they exist wherever anything speaks TLS.
 */
const CONTROL_PLANE: readonly Row[] = [
  { name: "seldon-controlplane-server", services: ["seldon-scheduler"], others: LOCALHOST },
  { name: "seldon-controlplane-client", services: ["seldon-scheduler-client"] },
];

/** Envoy checks the authority of whom it calls and no name; gateways and explainers dial `seldon-mesh`. */
const DATA_PLANE: readonly Row[] = [
  {
    name: "seldon-upstream-server",
    services: ["seldon-pipelinegateway"],
    others: (namespace) => [`*.${namespace}.svc`, "localhost"],
  },
  { name: "seldon-upstream-client", services: ["seldon-envoy"] },
  { name: "seldon-downstream-server", services: ["seldon-mesh"], others: LOCALHOST },
];

/** Every form of a Service's name that resolves. */
const formsOf = (service: string, namespace: string, domain: string): string[] => [
  service,
  `${service}.${namespace}`,
  `${service}.${namespace}.svc`,
  `${service}.${namespace}.svc.${domain}`,
];

/** Certificates of every namespace that takes part; none while TLS is off. */
export function seldonCertificates(config: Config): CertificateResource[] {
  const { seldon, network } = config;
  if (!componentTls(config)) return [];
  const issuer = issuerOf(config);
  const runtime = [...CONTROL_PLANE, ...(seldon.tls.dataPlane ? DATA_PLANE : [])];
  const namespaces = runtimeNamespaces(config);
  const operator = operatorNamespace(config);
  const make = (namespace: string, { name, services, others }: Row): CertificateResource =>
    certificate({
      name,
      namespace,
      dnsNames: [
        ...services.flatMap((service) => formsOf(service, namespace, network.clusterDomain)),
        ...(others?.(namespace) ?? []),
      ],
      issuer,
      lifetime: seldon.tls,
    });
  return [
    // The operator reads both Secrets in its own namespace: its certificate, and whom to trust.
    ...(namespaces.includes(operator) ? [] : CONTROL_PLANE.map((row) => make(operator, row))),
    ...namespaces.flatMap((namespace) => runtime.map((row) => make(namespace, row))),
  ];
}

/** Values of the setup chart. */
export interface TlsValues {
  readonly controlplane?: { readonly protocol: "SSL" };
  readonly envoy?: { readonly protocol: "SSL" };
}

/** Everything but the switches is the chart's default. */
export function tlsValues({ tls }: Pick<StackConfig["seldon"], "tls">): TlsValues {
  return {
    ...(tls.controlPlane ? { controlplane: { protocol: "SSL" as const } } : {}),
    ...(tls.dataPlane ? { envoy: { protocol: "SSL" as const } } : {}),
  };
}
