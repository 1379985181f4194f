import type { local } from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import type { StackConfig } from "../../config/schema";
import { digest } from "../canonical";
import { labels, token } from "../component";
import { gate } from "../gate";
import { release } from "../helm";
import { CniDeparture } from "../node-network/cni-departure";
import { crdSource } from "./crds";
import { felixConfigurationSpec } from "./felix-configuration";
import { installationSpec } from "./installation";
import { operatorValues } from "./operator-values";

/** Namespace of the operator. `calico-system`, where Calico itself runs, is made by the operator. */
export const OPERATOR_NAMESPACE = "tigera-operator";

/**
 * As in Calico's own manifests. The operator is on the host network, which every Pod Security level but `privileged`
 * refuses; clusters hardened by the CIS guide default to `restricted`.
 */
const NAMESPACE_LABELS = { name: OPERATOR_NAMESPACE, "pod-security.kubernetes.io/enforce": "privileged" };

/** Arguments of {@link Calico}. */
export interface CalicoArgs extends Pick<StackConfig, "network" | "calico" | "cni" | "charts"> {
  /** The machines, which are cleaned when Calico has been deleted. @default none: nothing is cleaned */
  readonly hosts?: StackConfig["hosts"] | undefined;
  /** What the gate looks at. */
  readonly subject: Subject;
  /**
   * Refuse to delete the namespace and the CRDs. It ends by itself while Calico is being left, or the next `up` could
   * not take it away.
   *
   * @default true
   */
  readonly protect?: boolean;
}

/**
 * Calico by the Tigera operator.
 *
 * In order: namespace, CRDs, operator, FelixConfiguration, Installation, APIServer, and a gate that passes when
 * Calico runs on every node. FelixConfiguration comes before Installation because the Installation starts Felix, and
 * Felix must start with the right mark mask. APIServer is declared although the stack writes no `projectcalico.org`
 * object itself: the operator cannot take a pool away without it, so a change of the CNI could not be finished
 * (operator 1.40: "Unable to delete IP pools while Calico API server is unavailable").
 *
 * On deletion the order is the reverse, and what Calico left in the API and on machines is cleaned last (`CniDeparture`), so that the operator is alive while it removes what it made. CRDs stay: with
 * them would go every policy and address block of the cluster. In the 3.31 line they are in the operator's chart, and
 * Helm keeps those by itself; in the 3.32 line they are a release that is retained.
 */
export class Calico extends pulumi.ComponentResource {
  /** Passes when TigeraStatus `calico`, `ippools` and `apiserver` are Available. */
  readonly ready: local.Command;

  constructor(name: string, args: CalicoArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Calico"), name, args, opts);
    const { calico, charts } = args;
    const child = { parent: this };
    const kept = { ...child, protect: (args.protect ?? true) && args.cni.leaving !== "calico" };

    const { hosts, network, subject } = args;
    const departure = hosts && new CniDeparture(`${name}-departure`, { hosts, network, calico, subject }, child);

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: OPERATOR_NAMESPACE, labels: labels(NAMESPACE_LABELS) } },
      { ...kept, dependsOn: departure ? [departure.last] : [] },
    );
    const shared = { folder: charts.folder, version: calico.version, namespace: namespace.metadata.name };
    const source = crdSource(calico.version);
    const crds =
      source.chart &&
      release(
        `${name}-crds`,
        // On the way from 3.31 the CRDs exist and belong to no release.
        { ...shared, chart: source.chart, releaseName: "calico-crds", takeOwnership: true },
        { ...kept, retainOnDelete: true },
      );
    const operator = release(
      `${name}-operator`,
      { ...shared, chart: "tigera-operator", releaseName: "tigera-operator", values: operatorValues(calico) },
      { ...child, dependsOn: crds ? [crds] : [] },
    );

    const felixSpec = felixConfigurationSpec(calico.version);
    const felixConfiguration = new k8s.apiextensions.CustomResource(
      `${name}-felix-configuration`,
      {
        apiVersion: "crd.projectcalico.org/v1",
        kind: "FelixConfiguration",
        metadata: { name: "default", labels: labels() },
        spec: felixSpec,
      },
      { ...child, dependsOn: [operator] }, // for the CRD, and to be deleted while the operator lives
    );
    const spec = installationSpec(args);
    const installation = new k8s.apiextensions.CustomResource(
      `${name}-installation`,
      {
        apiVersion: "operator.tigera.io/v1",
        kind: "Installation",
        metadata: { name: "default", labels: labels() },
        spec,
      },
      { ...child, dependsOn: [operator, felixConfiguration] },
    );
    const apiServer = new k8s.apiextensions.CustomResource(
      `${name}-api-server`,
      {
        apiVersion: "operator.tigera.io/v1",
        kind: "APIServer",
        metadata: { name: "default", labels: labels() },
        spec: {},
      },
      { ...child, dependsOn: [installation] },
    );
    this.ready = gate(
      `${name}-ready`,
      {
        id: "calico-ready",
        subject: args.subject,
        triggers: [calico.version, digest({ felixSpec, spec })],
      },
      { ...child, dependsOn: [felixConfiguration, installation, apiServer] },
    );

    this.registerOutputs({ ready: this.ready });
  }
}
