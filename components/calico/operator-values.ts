/** Helm values of the `tigera-operator` chart. Pure. */
import type { StackConfig } from "../../config/schema";
import { crdSource } from "./crds";

/** Values that the stack sets; every other one stays as the chart has it. */
export interface OperatorValues {
  readonly [key: string]: unknown;
  readonly installation: { readonly enabled: false };
  readonly apiServer: { readonly enabled: false };
  readonly goldmane: { readonly enabled: false };
  readonly whisker: { readonly enabled: false };
  readonly manageCRDs: boolean;
  readonly tigeraOperator?: { readonly registry: string };
}

/**
 * The operator alone: the custom resources that the chart could bring along are resources of the stack instead, because
 * a Helm release does not see when its objects drift (decision 8 in docs/decisions.md).
 */
export function operatorValues(calico: Pick<StackConfig["calico"], "version" | "registry">): OperatorValues {
  return {
    installation: { enabled: false },
    apiServer: { enabled: false },
    // Flow aggregator and user interface: technical previews that nothing here reads.
    goldmane: { enabled: false },
    whisker: { enabled: false },
    manageCRDs: crdSource(calico.version).managedByOperator,
    // The Installation's registry covers Calico's images but not the operator's own.
    ...(calico.registry === undefined ? {} : { tigeraOperator: { registry: calico.registry.replace(/\/+$/, "") } }),
  };
}
