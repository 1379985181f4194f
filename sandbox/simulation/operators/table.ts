/** Which absent operator acts on which resources. */
import type { KubernetesObject } from "../../api/objects";
import { forApiServer, forInstallation } from "./calico";
import { forSeldonRuntime, forServer } from "./seldon";

export interface SimulatedOperator {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** The objects that the operator would make for one resource. */
  readonly objectsFor: (resource: KubernetesObject) => readonly KubernetesObject[];
}

export const SIMULATED_OPERATORS: readonly SimulatedOperator[] = [
  { apiVersion: "operator.tigera.io/v1", kind: "Installation", plural: "installations", objectsFor: forInstallation },
  { apiVersion: "operator.tigera.io/v1", kind: "APIServer", plural: "apiservers", objectsFor: forApiServer },
  {
    apiVersion: "mlops.seldon.io/v1alpha1",
    kind: "SeldonRuntime",
    plural: "seldonruntimes",
    objectsFor: forSeldonRuntime,
  },
  { apiVersion: "mlops.seldon.io/v1alpha1", kind: "Server", plural: "servers", objectsFor: forServer },
];
