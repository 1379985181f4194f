/**
 * The whole stack, top to bottom. Each component's folder says how; this page says what and in which order.
 *
 * It exports a function, which the Pulumi engine calls once. `npm run plan` and the sandbox call it in process.
 */
import type * as pulumi from "@pulumi/pulumi";
import { subjectOf } from "./checks/subject";
import { Calico } from "./components/calico/calico";
import { ClusterAccess } from "./components/cluster/cluster-access";
import { Ingress } from "./components/ingress/ingress";
import { K3sCluster } from "./components/k3s/k3s-cluster";
import { SnapshotStore } from "./components/k3s/snapshot-store";
import { KafkaCluster } from "./components/kafka/kafka-cluster";
import { NetworkPolicies } from "./components/network-policies/network-policies";
import { NodeNetwork } from "./components/node-network/node-network";
import { Observability } from "./components/observability/observability";
import { SeldonNamespaces } from "./components/seldon/namespaces";
import { SeldonCore } from "./components/seldon/seldon-core";
import { Certificates } from "./components/tls/certificates";
import { Validation } from "./components/validation/validation";
import { declaredCnis } from "./config/derive";
import { strimziOf } from "./config/kafka";
import { loadConfig } from "./config/load";
import { needsCertManager } from "./config/tls";
import { packageVersion } from "./config/version";

export = () => {
  const { stack, config, secrets } = loadConfig();
  const { cluster, k3s, network, cni, calico, hosts, seldon, ingress } = config;
  const { policies, observability, charts, validation, protect } = config;
  const subject = subjectOf(stack, config);

  const machines = new K3sCluster("k3s", { cluster, k3s, network, cni, hosts, subject, token: secrets.k3sToken });

  const access = new ClusterAccess("cluster", { cluster, subject, kubeconfig: machines.kubeconfig });
  const { provider, identity } = access;

  if (k3s.etcdSnapshots.s3 !== undefined) {
    const credentials = { accessKey: secrets.etcdS3AccessKey, secretKey: secrets.etcdS3SecretKey };
    new SnapshotStore(
      "snapshot-store",
      { cluster, store: k3s.etcdSnapshots.s3, ...credentials },
      { provider, dependsOn: [identity] },
    );
  }

  const podNetwork = declaredCnis(config).has("calico")
    ? new Calico(
        "calico",
        { cluster, cni, network, calico, hosts, charts, protect, subject, pullSecret: secrets.calicoPullSecret },
        { provider, dependsOn: [identity] },
      )
    : undefined;

  const base = podNetwork ? [identity, machines, podNetwork] : [identity, machines];

  const nodeNetwork = new NodeNetwork(
    "node-network",
    { network, cni, calico, k3s, hosts, subject },
    { dependsOn: base },
  );

  const namespaces = new SeldonNamespaces(
    "namespaces",
    { seldon, ingress, protect, takeOver: cluster.takeOver },
    // The base by name too: a component without resources of its own, as the last one without machines, hands no order on.
    { provider, dependsOn: [...base, nodeNetwork] },
  );
  const rules = new NetworkPolicies(
    "policies",
    { policies, seldon, ingress, network, cni },
    { provider, dependsOn: [namespaces] },
  );

  const { kafkaPassword } = secrets;
  const foundation: pulumi.Resource[] = [namespaces, rules];
  if (needsCertManager(config)) {
    const args = { seldon, ingress, network, charts, protect, subject };
    foundation.push(new Certificates("certificates", args, { provider, dependsOn: [...foundation] }));
  }
  if (strimziOf(config) !== undefined) {
    const args = { seldon, network, charts, protect, subject, kafkaPassword };
    foundation.push(new KafkaCluster("kafka", args, { provider, dependsOn: [...foundation] }));
  }
  if (ingress.provider !== "none") {
    void new Ingress("ingress", { seldon, ingress, network }, { provider, dependsOn: [...foundation] });
  }

  const models = new SeldonCore(
    "seldon",
    {
      seldon,
      charts,
      protect,
      subject,
      takeOver: cluster.takeOver,
      kafkaPassword,
      storageCredentials: secrets.storageCredentials,
    },
    { provider, dependsOn: foundation },
  );

  if (observability.mode !== "none") {
    void new Observability(
      "observability",
      { observability, policies, seldon, calico, cni },
      { provider, dependsOn: [...base, namespaces] },
    );
  }

  const proof = new Validation(
    "validation",
    { subject, validation, proves: { calico, cni, network }, triggers: [rules.fingerprint, models.fingerprint] },
    { dependsOn: [models] },
  );

  return {
    cluster: cluster.name,
    inference: `${seldon.tls.dataPlane ? "https" : "http"}://seldon-mesh.${seldon.namespace}.svc.${network.clusterDomain}`,
    namespaces: namespaces.names,
    policies: rules.names,
    report: proof.report,
    // Without the commit: an output that differs at every commit would show as a change in every preview.
    version: packageVersion(),
  };
};
