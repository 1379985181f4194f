import * as k8s from "@pulumi/kubernetes";
import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import { kafkaOf } from "../../config/kafka";
import { anyAutoscaling, operatorNamespace, type Runtime, runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { digest } from "../canonical";
import { token } from "../component";
import { gate } from "../gate";
import { release } from "../helm";
import { overlay } from "./overlay";
import { REMOTE_KEY, remoteSecret, remotesOf, remoteText } from "./remotes";
import { kafkaSecret, type ModelResource, smokeModelResource } from "./resources";
import { serverBudget, serverResource } from "./server";
import { envoyBudget } from "./server-values";
import { needsKafkaSecret, runtimeValues, setupValues } from "./values";

type Seldon = StackConfig["seldon"];

/** Arguments of {@link SeldonCore}. */
export interface SeldonCoreArgs {
  /** Version, namespaces, profile, servers and smoke Model. */
  readonly seldon: Seldon;
  /** Where the charts are. */
  readonly charts: StackConfig["charts"];
  /** Protect the custom resource definitions from deletion: with them go all Servers and Models of the cluster. */
  readonly protect: boolean;
  /** What the readiness gates look at. */
  readonly subject: Subject;
  /**
   * Leave the podSpec of Servers that exist as it is, while they are taken over: the provider would take what kubectl wrote
   * for its own and drop what is not declared, without a word in the preview (4.34, `await.go` fixCSAFieldManagers).
   *
   * @default false
   */
  readonly takeOver?: boolean | undefined;
  /** SASL password for Kafka. Needed for the pipelines profile over SASL_SSL, not read otherwise. Stays a secret. */
  readonly kafkaPassword?: pulumi.Output<string>;
  /** Credentials of the object storages. Needed where there are remotes, not read otherwise. Stays a secret. */
  readonly storageCredentials?: pulumi.Output<string>;
}

/**
 * Seldon Core v2: custom resource definitions, operator, one runtime a namespace, inference servers and a small Model
 * that proves them.
 *
 * A Helm release of the runtime is complete when its SeldonRuntime is written, and the operator's conditions are True
 * for a moment before the pods exist. So a gate waits for the workloads themselves before the Servers are declared
 * (they need ServiceAccount `seldon-server` and ConfigMaps that the operator makes for the runtime), and another one for
 * the Servers before the Model. Deletion takes the same way back: the finalizers of Model and Servers need operator and
 * scheduler, and the operator keeps a SeldonRuntime while a Server is in its namespace.
 *
 * The namespaces must exist; the network policies should.
 */
export class SeldonCore extends pulumi.ComponentResource {
  /** The gate behind which every Server is ready. What needs inference depends on it. */
  public readonly ready: local.Command;
  /** The Model that proves the deployment. It is declared here; the validation waits until it answers. */
  public readonly smokeModel: k8s.apiextensions.CustomResource;
  /** Digest of versions, rendered values and declared objects: changes exactly when one of them does. For triggers. */
  public readonly fingerprint: pulumi.Output<string>;

  /** @throws ResourceError for the pipelines profile without Kafka settings, or without the password that they need. */
  constructor(name: string, args: SeldonCoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("SeldonCore"), name, args, opts);
    const { seldon, charts, subject } = args;
    refuseUnusable(this, args);
    const runtimes = runtimesOf({ seldon });
    const namespaces = runtimes.map(({ namespace }) => namespace);
    // What no key decides lies below, so that it cannot undo what one does.
    const ofSetup = overlay(seldon.values.setup, setupValues({ seldon }));
    const ofRuntimes = runtimes.map((runtime) => overlay(seldon.values.runtime, runtimeValues({ seldon }, runtime)));
    const rendered = [seldon.version, ofSetup, ...ofRuntimes];
    const scaled = anyAutoscaling({ seldon });
    const declaredServers = runtimes.flatMap((runtime) =>
      runtime.servers.map((server) => serverResource(runtime, server, scaled)),
    );
    const [declaredModel, ...tenantModels] = declaredModels(runtimes, seldon);
    const child = (own: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions => ({ parent: this, ...own });

    const secrets = [...createKafkaSecrets(), ...createRemoteSecrets()];
    const crds = createCrds();
    const setup = createSetup();
    const runtimeReleases = createRuntimes();
    const runtimeReady = createRuntimeGate();
    const servers = createServers();
    createBudgets();
    this.ready = createServersGate();
    this.smokeModel = createSmokeModel(this.ready);
    createTenantModels(this.ready);
    this.fingerprint = pulumi.output(digest([rendered, declaredServers, declaredModel, ...tenantModels]));

    this.registerOutputs({ ready: this.ready, smokeModel: this.smokeModel, fingerprint: this.fingerprint });

    function createKafkaSecrets(): k8s.core.v1.Secret[] {
      const password = args.kafkaPassword;
      if (!needsKafkaSecret(seldon) || password === undefined) return [];
      return namespaces.map((namespace) => {
        const { metadata, key } = kafkaSecret(namespace);
        const data = { [key]: password };
        return new k8s.core.v1.Secret(`${name}-kafka-${namespace}`, { metadata, stringData: data }, child({}));
      });
    }

    function createRemoteSecrets(): k8s.core.v1.Secret[] {
      const { storageCredentials } = args;
      if (storageCredentials === undefined) return [];
      return namespaces.flatMap((namespace) =>
        remotesOf(seldon, namespace).map((remote) => {
          const { metadata } = remoteSecret(namespace, remote);
          const stringData = { [REMOTE_KEY]: storageCredentials.apply((text) => remoteText(remote, text)) };
          return new k8s.core.v1.Secret(
            `${name}-remote-${remote.name}-${namespace}`,
            { metadata, stringData },
            child({}),
          );
        }),
      );
    }

    function createRelease(
      suffix: string,
      { part, namespace, values }: { part: "crds" | "setup" | "runtime"; namespace: string; values: object },
      own: pulumi.CustomResourceOptions,
    ): k8s.helm.v3.Release {
      const chart = `seldon-core-v2-${part}`;
      return release(
        `${name}-${suffix}`,
        { folder: charts.folder, chart, version: seldon.version, releaseName: chart, namespace, values: { ...values } },
        child(own),
      );
    }

    function createCrds(): k8s.helm.v3.Release {
      // The chart holds the definitions as templates: uninstalling it would delete them and every object of theirs.
      // Their release stays in the first namespace wherever the operator goes: moving it would delete them.
      const part = { part: "crds", namespace: seldon.namespace, values: {} } as const;
      return createRelease("crds", part, { retainOnDelete: true, protect: args.protect });
    }

    function createSetup(): k8s.helm.v3.Release {
      // Its SeldonConfig and ServerConfigs are custom resources.
      const part = { part: "setup", namespace: operatorNamespace({ seldon }), values: ofSetup } as const;
      return createRelease("setup", part, { dependsOn: [crds] });
    }

    function createRuntimes(): k8s.helm.v3.Release[] {
      // The operator looks the SeldonConfig up when it reconciles; gateways and agents read the Secrets when they start.
      const own = { dependsOn: [setup, ...secrets] };
      return namespaces.map((namespace, index) =>
        createRelease(`runtime-${namespace}`, { part: "runtime", namespace, values: ofRuntimes[index]! }, own),
      );
    }

    function createRuntimeGate(): local.Command {
      return gate(
        `${name}-runtime-ready`,
        { id: "seldon-runtime-ready", subject, triggers: [digest(rendered)] },
        child({ dependsOn: runtimeReleases }),
      );
    }

    function createServers(): k8s.apiextensions.CustomResource[] {
      return declaredServers.map((server) => {
        const suffix = `server-${server.metadata.namespace}-${server.metadata.name}`;
        const isScaled = server.spec.minReplicas !== server.spec.maxReplicas;
        const left = [
          // Between its bounds the number is the scheduler's.
          ...(isScaled ? ["spec.replicas"] : []),
          ...(args.takeOver === true ? ["spec.podSpec"] : []),
        ];
        const kept = left.length === 0 ? {} : { ignoreChanges: left };
        const own = child({ dependsOn: [runtimeReady], ...kept });
        return new k8s.apiextensions.CustomResource(`${name}-${suffix}`, server, own);
      });
    }

    function createBudgets(): void {
      const budgets = runtimes.flatMap((runtime) => [
        ...envoyBudget(seldon, runtime),
        ...runtime.servers.flatMap((server) => serverBudget(runtime, server)),
      ]);
      for (const { metadata, spec } of budgets) {
        const suffix = `budget-${metadata.namespace}-${metadata.name}`;
        new k8s.policy.v1.PodDisruptionBudget(`${name}-${suffix}`, { metadata, spec }, child({}));
      }
    }

    function createServersGate(): local.Command {
      return gate(
        `${name}-servers-ready`,
        { id: "servers-ready", subject, triggers: [digest([rendered, declaredServers])] },
        child({ dependsOn: servers }),
      );
    }

    function createSmokeModel(ready: local.Command): k8s.apiextensions.CustomResource {
      return new k8s.apiextensions.CustomResource(`${name}-smoke-model`, declaredModel, child({ dependsOn: [ready] }));
    }

    function createTenantModels(ready: local.Command): void {
      for (const model of tenantModels) {
        const suffix = `smoke-model-${model.metadata.namespace}`;
        new k8s.apiextensions.CustomResource(`${name}-${suffix}`, model, child({ dependsOn: [ready] }));
      }
    }
  }
}

/** The first runtime's Model, and those of tenants that have one. */
function declaredModels(
  runtimes: readonly Runtime[],
  { namespace, smokeModel }: Seldon,
): [ModelResource, ...ModelResource[]] {
  const others = runtimes
    .slice(1)
    .flatMap((runtime) =>
      runtime.smokeModel === undefined ? [] : [smokeModelResource(runtime.namespace, runtime.smokeModel)],
    );
  return [smokeModelResource(namespace, smokeModel), ...others];
}

/** The configuration's rules refuse these first; a component must not trust its caller for a password. */
function refuseUnusable(component: pulumi.Resource, args: SeldonCoreArgs): void {
  const { seldon, kafkaPassword, storageCredentials } = args;
  if (seldon.storage.remotes.length > 0 && storageCredentials === undefined) {
    throw new pulumi.ResourceError(
      "storageCredentials: got none for seldon.storage.remotes; allowed: a secret; fix: pulumi config set --secret storageCredentials < file.json",
      component,
      true,
    );
  }
  if (seldon.profile === "pipelines" && kafkaOf({ seldon }) === undefined) {
    throw new pulumi.ResourceError(
      "seldon.profile: got pipelines without seldon.kafka; allowed: pipelines with Kafka settings, or models; fix: add the section seldon.kafka",
      component,
      true,
    );
  }
  if (needsKafkaSecret(seldon) && kafkaPassword === undefined) {
    throw new pulumi.ResourceError(
      "kafkaPassword: got none for seldon.kafka.protocol SASL_SSL; allowed: a secret; fix: pulumi config set --secret kafkaPassword",
      component,
      true,
    );
  }
}
