import * as k8s from "@pulumi/kubernetes";
import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import type { StackConfig } from "../../config/schema";
import { digest } from "../canonical";
import { labels, token } from "../component";
import { gate } from "../gate";
import { release } from "../helm";
import { awaitedCertificates, certificateName } from "../tls/certificates";
import { kafkaObjects, PASSWORD_KEY, PASSWORD_SECRET, strimziValues } from "./objects";

/** Arguments of {@link KafkaCluster}. */
export interface KafkaClusterArgs extends Pick<StackConfig, "seldon" | "network" | "charts"> {
  /** Refuse to delete the namespace and the operator. The volumes stay in any case. */
  readonly protect: boolean;
  /** What the gates look at. */
  readonly subject: Subject;
  /** Password of Seldon's user. Stays a secret. */
  readonly kafkaPassword?: pulumi.Output<string> | undefined;
}

/**
 * Strimzi's pods keep the level `baseline`; a cluster hardened by the CIS guide defaults to `restricted`, which refuses
 * them without a setting of the operator.
 */
const NAMESPACE_LABELS = { "pod-security.kubernetes.io/enforce": "baseline" };

/** What a gate calls the kinds of Strimzi. */
const RESOURCES = { Kafka: "kafkas.v1beta2.kafka.strimzi.io", KafkaUser: "kafkausers.v1beta2.kafka.strimzi.io" };

/**
 * A Kafka cluster by Strimzi: namespace, operator, certificates, nodes in KRaft mode, cluster and Seldon's user. A gate waits
 * until brokers and user are Ready: gateways and dataflow engine crash without them.
 *
 * Objects go before the operator on deletion, so that it takes away what it made; volumes and definitions stay.
 */
export class KafkaCluster extends pulumi.ComponentResource {
  /** The gate behind which brokers answer and the user can log in. */
  public readonly ready: local.Command;

  /** @throws ResourceError without a declared cluster or without the password. */
  constructor(name: string, args: KafkaClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("KafkaCluster"), name, args, opts);
    const { charts, subject, protect } = args;
    const { objects, password } = usable(this, args);
    const { strimzi, certificates, kafka, pool, user } = objects;
    const child = (own: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions => ({ parent: this, ...own });

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: strimzi.namespace, labels: labels(NAMESPACE_LABELS) } },
      child({ protect }),
    );
    const secret = new k8s.core.v1.Secret(
      `${name}-password`,
      {
        metadata: { name: PASSWORD_SECRET, namespace: namespace.metadata.name, labels: labels() },
        stringData: { [PASSWORD_KEY]: password },
      },
      child(),
    );
    const operator = strimzi.operator ? createOperator() : undefined;
    const certified = createCertificates();
    const before = [secret, certified, ...(operator === undefined ? [] : [operator])];
    const nodes = new k8s.apiextensions.CustomResource(`${name}-nodes`, pool, child({ dependsOn: before }));
    const cluster = new k8s.apiextensions.CustomResource(`${name}-cluster`, kafka, child({ dependsOn: [nodes] }));
    const login = new k8s.apiextensions.CustomResource(`${name}-user`, user, child({ dependsOn: [cluster] }));
    this.ready = gate(
      `${name}-ready`,
      {
        id: "objects-ready",
        subject: {
          ...subject,
          awaited: [
            { resource: RESOURCES.Kafka, namespace: strimzi.namespace, name: kafka.metadata.name },
            { resource: RESOURCES.KafkaUser, namespace: strimzi.namespace, name: user.metadata.name },
          ],
        },
        triggers: [digest([strimzi.version, kafka, pool, user])],
      },
      child({ dependsOn: [login] }),
    );

    this.registerOutputs({ ready: this.ready });

    function createOperator(): k8s.helm.v3.Release {
      return release(
        `${name}-operator`,
        {
          folder: charts.folder,
          chart: "strimzi-kafka-operator",
          version: strimzi.version,
          releaseName: "strimzi-kafka-operator",
          namespace: namespace.metadata.name,
          values: strimziValues(args),
        },
        child({ protect }),
      );
    }

    function createCertificates(): local.Command {
      const dependsOn = [namespace];
      const created = certificates.map(
        (one) => new k8s.apiextensions.CustomResource(certificateName(name, one), one, child({ dependsOn })),
      );
      return gate(
        `${name}-certificates-ready`,
        {
          id: "objects-ready",
          subject: { ...subject, awaited: awaitedCertificates(certificates) },
          triggers: [digest(certificates)],
        },
        child({ dependsOn: created }),
      );
    }
  }
}

/** The configuration's rules refuse these first; a component must not trust its caller for a password. */
function usable(component: pulumi.Resource, args: KafkaClusterArgs) {
  const objects = kafkaObjects(args);
  const password = args.kafkaPassword;
  if (objects === undefined) {
    throw new pulumi.ResourceError(
      "seldon.kafka.strimzi: got none; allowed: the section, with seldon.profile pipelines; fix: add it, or declare no KafkaCluster",
      component,
      true,
    );
  }
  if (password === undefined) {
    throw new pulumi.ResourceError(
      "kafkaPassword: got none for seldon.kafka.strimzi; allowed: a secret; fix: pulumi config set --secret kafkaPassword",
      component,
      true,
    );
  }
  return { objects, password };
}
