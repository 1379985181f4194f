import type { local } from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import { CALICO } from "../../config/compatibility";
import type { StackConfig } from "../../config/schema";
import { digest } from "../canonical";
import { labels, token } from "../component";
import { gate } from "../gate";
import { release } from "../helm";
import { CniDeparture } from "../node-network/cni-departure";
import { crdSource } from "./crds";
import { felixConfigurationSpec } from "./felix-configuration";
import { HostEndpoints } from "./host-endpoints";
import { imageSet } from "./image-set";
import { installationSpec } from "./installation";
import { operatorValues } from "./operator-values";
import { dockerConfigJson } from "./pull-secret";

/** Namespace of the operator. `calico-system`, where Calico itself runs, is made by the operator. */
export const OPERATOR_NAMESPACE = "tigera-operator";

/**
 * As in Calico's own manifests. The operator is on the host network, which every Pod Security level but `privileged`
 * refuses; clusters hardened by the CIS guide default to `restricted`.
 */
const NAMESPACE_LABELS = { name: OPERATOR_NAMESPACE, "pod-security.kubernetes.io/enforce": "privileged" };

/** The Secret that the stack makes of `calicoPullSecret`. */
const PULL_SECRET = "calico-pull";

/** Arguments of {@link Calico}. */
export interface CalicoArgs extends Pick<StackConfig, "cluster" | "network" | "calico" | "cni" | "charts"> {
  /** The machines, which are cleaned when Calico has been deleted. @default none: nothing is cleaned */
  readonly hosts?: StackConfig["hosts"] | undefined;
  /** What the gate looks at. */
  readonly subject: Subject;
  /** Content of a `.dockerconfigjson` for the private registry; a secret. @default none */
  readonly pullSecret?: pulumi.Output<string> | undefined;
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
 * In order: namespace, for the later line a gate that no policy is left behind, CRDs, operator, FelixConfiguration and ImageSet, Installation, APIServer, a gate that passes when
 * Calico runs on every node, and then, where the stack has them, host endpoints. FelixConfiguration comes before Installation because the Installation starts Felix, and
 * Felix must start with the right mark mask. APIServer is declared although the stack writes no `projectcalico.org`
 * object itself: the operator cannot take a pool away without it, so a change of the CNI could not be finished
 * (operator 1.40: "Unable to delete IP pools while Calico API server is unavailable").
 *
 * On deletion the order is the reverse, and what Calico left in the API and on machines is cleaned last (`CniDeparture`), so that the operator is alive while it removes what it made. CRDs stay: with
 * them would go every policy and address block of the cluster. In the 3.31 line they are in the operator's chart, and
 * Helm keeps those by itself; in the 3.32 line they are a release that is retained. From one line to the other the CRDs
 * of the new one come first (they take over those of the old one), then its operator, and the gate waits until the operator says
 * that it runs the new version: the Installation itself does not change, so its status alone would still be the old one's.
 */
export class Calico extends pulumi.ComponentResource {
  /** Passes when TigeraStatus `calico`, `ippools` and `apiserver` are Available. */
  readonly ready: local.Command;

  constructor(name: string, args: CalicoArgs, opts?: pulumi.ComponentResourceOptions) {
    // Marked here again: what a component is given is stored with it.
    const pullSecret = args.pullSecret === undefined ? undefined : pulumi.secret(args.pullSecret);
    super(token("Calico"), name, { ...args, pullSecret }, opts);
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
    // The first line that the stack supports leaves nothing behind.
    const upgrade =
      CALICO[calico.version].clusterPolicies === "ClusterNetworkPolicy"
        ? gate(
            `${name}-upgrade`,
            { id: "calico-upgrade", subject: args.subject, triggers: [calico.version] },
            { ...child, dependsOn: [namespace] },
          )
        : undefined;
    const shared = { folder: charts.folder, version: calico.version, namespace: namespace.metadata.name };
    const source = crdSource(calico.version);
    const crds =
      source.chart &&
      release(
        `${name}-crds`,
        // On the way from 3.31 the CRDs exist and belong to no release.
        { ...shared, chart: source.chart, releaseName: "calico-crds", takeOwnership: true },
        { ...kept, retainOnDelete: true, dependsOn: upgrade ? [upgrade] : [] },
      );
    const pull =
      pullSecret &&
      new k8s.core.v1.Secret(
        `${name}-pull-secret`,
        {
          metadata: { name: PULL_SECRET, namespace: namespace.metadata.name, labels: labels() },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": pullSecret.apply(dockerConfigJson) },
        },
        child,
      );
    const pullSecrets = [...(pull ? [PULL_SECRET] : []), ...calico.imagePullSecrets];
    const operator = release(
      `${name}-operator`,
      {
        ...shared,
        chart: "tigera-operator",
        releaseName: "tigera-operator",
        values: operatorValues({ ...args, pullSecrets }),
      },
      { ...child, dependsOn: [...(crds ? [crds] : []), ...(pull ? [pull] : [])] },
    );

    const felixSpec = felixConfigurationSpec(args);
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
    const digests = imageSet(calico);
    const pinned =
      digests &&
      new k8s.apiextensions.CustomResource(
        `${name}-image-set`,
        {
          apiVersion: "operator.tigera.io/v1",
          kind: "ImageSet",
          metadata: { name: digests.name, labels: labels() },
          spec: digests.spec,
        },
        { ...child, dependsOn: [operator] },
      );
    const spec = installationSpec({ ...args, pullSecrets });
    const installation = new k8s.apiextensions.CustomResource(
      `${name}-installation`,
      {
        apiVersion: "operator.tigera.io/v1",
        kind: "Installation",
        metadata: { name: "default", labels: labels() },
        spec,
      },
      { ...child, dependsOn: [operator, felixConfiguration, ...(pinned ? [pinned] : [])] },
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
        triggers: [calico.version, digest({ felixSpec, spec, ...(digests ? { digests } : {}) })],
      },
      { ...child, dependsOn: [felixConfiguration, installation, apiServer] },
    );

    if (calico.hostEndpoints.mode !== "off") {
      void new HostEndpoints(`${name}-hosts`, { network, calico, hosts, after: this.ready }, child);
    }

    this.registerOutputs({ ready: this.ready });
  }
}
