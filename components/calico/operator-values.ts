/** Helm values of the `tigera-operator` chart. Pure. */
import { CALICO } from "../../config/compatibility";
import type { StackConfig } from "../../config/schema";
import { crdSource } from "./crds";
import { containerResources } from "./installation";

/** Values that the stack sets; every other one stays as the chart has it. */
export interface OperatorValues {
  readonly [key: string]: unknown;
  readonly installation: { readonly enabled: false; readonly imagePullSecrets?: readonly { readonly name: string }[] };
  readonly apiServer: { readonly enabled: false };
  readonly goldmane: { readonly enabled: false };
  readonly whisker: { readonly enabled: false };
  readonly manageCRDs: boolean;
  readonly tigeraOperator?: { readonly registry?: string; readonly image?: string; readonly version?: string };
  readonly resources?: ReturnType<typeof containerResources>;
  readonly kubernetesServiceEndpoint?: { readonly host: string; readonly port: string };
}

/** What decides the values. */
export interface OperatorInput extends Pick<StackConfig, "calico" | "cluster"> {
  /** Names of the pull Secrets. @default those of the configuration */
  readonly pullSecrets?: readonly string[];
}

/** The operator's own image: the Installation's registry, path and digests do not cover it. */
function operatorImage({ version, registry, imagePath, imageDigests }: StackConfig["calico"]): Partial<OperatorValues> {
  const image = {
    ...(registry === undefined ? {} : { registry: registry.replace(/\/+$/, "") }),
    ...(imagePath === undefined ? {} : { image: `${imagePath}/operator` }),
    // Tag and digest: the digest decides, the tag tells people which version it is.
    ...(imageDigests?.operator === undefined
      ? {}
      : { version: `v${CALICO[version].operator}@${imageDigests.operator}` }),
  };
  return Object.keys(image).length > 0 ? { tigeraOperator: image } : {};
}

/**
 * Way to the API server that needs no Services (the chart makes the ConfigMap `kubernetes-services-endpoint` of it): with eBPF
 * it is Calico itself that carries Services, so it cannot wait for one.
 */
function serviceEndpoint({ calico, cluster }: OperatorInput): Partial<OperatorValues> {
  if (calico.dataplane !== "bpf") return {};
  const { hostname, port } = new URL(calico.apiServer === undefined ? cluster.endpoint : `https://${calico.apiServer}`);
  return { kubernetesServiceEndpoint: { host: hostname, port: port === "" ? "443" : port } };
}

/**
 * The operator alone: the custom resources that the chart could bring along are resources of the stack instead, because
 * a Helm release does not see when its objects drift (decision 8 in docs/decisions.md).
 */
export function operatorValues(input: OperatorInput): OperatorValues {
  const { calico, pullSecrets = calico.imagePullSecrets } = input;
  const { operator } = calico.resources;
  const names = pullSecrets.map((name) => ({ name }));
  return {
    // Of the installation the chart reads the pull Secrets too, for the operator's own account.
    installation: { enabled: false, ...(names.length > 0 ? { imagePullSecrets: names } : {}) },
    apiServer: { enabled: false },
    // Flow aggregator and user interface: technical previews that nothing here reads.
    goldmane: { enabled: false },
    whisker: { enabled: false },
    manageCRDs: crdSource(calico.version).managedByOperator,
    ...operatorImage(calico),
    ...(operator === undefined ? {} : { resources: containerResources(operator) }),
    ...serviceEndpoint(input),
  };
}
