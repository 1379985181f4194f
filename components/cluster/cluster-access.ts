import * as k8s from "@pulumi/kubernetes";
import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { gate } from "../gate";

/** Arguments of {@link ClusterAccess}. */
export interface ClusterAccessArgs {
  /** Which cluster this is and where its kubeconfig lies. */
  readonly cluster: StackConfig["cluster"];
  /** What the identity gate compares: the UID of the namespace kube-system. */
  readonly subject: Subject;
  /** Brings the kubeconfig's file here. @default somebody else put it there */
  readonly kubeconfig?: local.Command | undefined;
}

/**
 * The only way into the cluster: one Kubernetes provider, and the proof that it leads to the right cluster.
 *
 * The provider gets the kubeconfig's **path**. Its content would be an input that changes with every renewal of a
 * client certificate, and a secret in the state; the path is neither. `clusterIdentifier` keeps a changed server
 * address or certificate authority from replacing every object of the stack (provider 4.34, `provider.go` DiffConfig:
 * while the identifier stays the same, nothing is replaced).
 *
 * A relative path is resolved in the project folder, where the engine starts the provider. When the file is absent the
 * provider takes the path for the file's content and calls the cluster unreachable; it never falls back to KUBECONFIG
 * or the home folder.
 *
 * Everything else of the stack is made with `{ provider, dependsOn: [identity] }`.
 */
export class ClusterAccess extends pulumi.ComponentResource {
  /** The provider that every Kubernetes object of the stack is made by. */
  readonly provider: k8s.Provider;
  /** Passes when the cluster behind the kubeconfig is the configured one; nothing is written before. */
  readonly identity: local.Command;

  constructor(name: string, args: ClusterAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("ClusterAccess"), name, args, opts);
    const child = { parent: this, dependsOn: args.kubeconfig === undefined ? [] : [args.kubeconfig] };

    this.provider = new k8s.Provider(
      `${name}-provider`,
      {
        kubeconfig: args.cluster.kubeconfigFile,
        clusterIdentifier: args.cluster.name,
        // Every switch is set, to the provider's own default where nothing is said: one that is left out is read from the environment.
        deleteUnreachable: false,
        enableConfigMapMutable: false,
        // What is declared wins: an edit by hand would otherwise end every later preview as a conflict (tried with 4.34.2), and no
        // update could mend it. An object that the state does not hold is still never written over.
        enablePatchForce: true,
        enableSecretMutable: false,
        enableServerSideApply: true,
        skipUpdateUnreachable: false,
        suppressDeprecationWarnings: false,
        suppressHelmHookWarnings: false,
        upsertExistingObjects: false,
      },
      child,
    );
    this.identity = gate(`${name}-identity`, { id: "cluster-identity", subject: args.subject }, child);

    this.registerOutputs({ provider: this.provider, identity: this.identity });
  }
}
