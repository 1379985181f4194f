/** Where Calico's CustomResourceDefinitions come from, and who keeps them up to date, per Calico line. */
import { CALICO, type CalicoVersion } from "../../config/compatibility";

/** How a line ships its CRDs. */
export interface CrdSource {
  /** Chart that must be installed before the operator's; absent when the operator's own chart holds the CRDs. */
  readonly chart?: "crd.projectcalico.org.v1";
  /**
   * Whether the operator applies the CRDs of its version when it starts (`manageCRDs` of its chart): wanted where Helm
   * would leave old ones in place, not wanted where a release owns them, because two owners would fight.
   */
  readonly managedByOperator: boolean;
}

const SOURCES: Readonly<Record<(typeof CALICO)[CalicoVersion]["crds"], CrdSource>> = {
  // Helm installs a chart's `crds/` once, never upgrades it and never deletes it.
  "operator-chart": { managedByOperator: true },
  // Since 3.32 the operator's chart has no CRDs; without this chart first, its install ends in `no matches for kind
  // "Installation"` (projectcalico/calico#12860). Its CRDs are templates, so Helm upgrades them, and would delete them.
  "crd-chart": { chart: "crd.projectcalico.org.v1", managedByOperator: false },
};

/** The CRD source of a Calico version. */
export const crdSource = (version: CalicoVersion): CrdSource => SOURCES[CALICO[version].crds];
