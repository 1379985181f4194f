/**
 * The stack without Seldon: the part of index.ts that owns machines and the pod network, wired the same way. Models run in
 * the sandbox; here are real nodes and no images of Seldon's.
 */
import { subjectOf } from "../../../checks/subject";
import { Calico } from "../../../components/calico/calico";
import { ClusterAccess } from "../../../components/cluster/cluster-access";
import { K3sCluster } from "../../../components/k3s/k3s-cluster";
import { NodeNetwork } from "../../../components/node-network/node-network";
import { declaredCnis } from "../../../config/derive";
import { loadConfig } from "../../../config/load";

export = () => {
  const { stack, config, secrets } = loadConfig();
  const { cluster, k3s, network, cni, calico, hosts, charts, protect } = config;
  const subject = subjectOf(stack, config);

  const machines = new K3sCluster("k3s", { cluster, k3s, network, cni, hosts, subject, token: secrets.k3sToken });
  const access = new ClusterAccess("cluster", { cluster, subject, kubeconfig: machines.kubeconfig });
  const { provider, identity } = access;
  const podNetwork = declaredCnis(config).has("calico")
    ? new Calico(
        "calico",
        { cluster, cni, network, calico, hosts, charts, protect, subject },
        { provider, dependsOn: [identity] },
      )
    : undefined;
  const base = podNetwork ? [identity, machines, podNetwork] : [identity, machines];
  new NodeNetwork("node-network", { network, cni, calico, k3s, hosts, subject }, { dependsOn: base });
  return { cluster: cluster.name };
};
