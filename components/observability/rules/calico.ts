/**
 * Alerts about Calico. None relies on `job`, `service` or `pod`, which differ with the way in which Prometheus finds its
 * targets; `instance` is always there. Thresholds that are no setting follow Calico's own recommended metrics.
 */
import type { Alert } from "./alert";

const NAMESPACE = `namespace="calico-system"`;

export const CALICO_ALERTS: readonly Alert[] = [
  {
    name: "CalicoNodeNotReady",
    severity: "critical",
    for: "5m",
    expr: () =>
      `kube_daemonset_status_desired_number_scheduled{${NAMESPACE},daemonset="calico-node"} - kube_daemonset_status_number_ready{${NAMESPACE},daemonset="calico-node"} > 0`,
    summary: "calico-node is not ready on {{ $value }} node(s)",
    description:
      "New pods get no network and policies do not change there; connections that exist go on with the last rules.",
    fix: "`kubectl -n calico-system get pods -l k8s-app=calico-node -o wide`, then the log of the one that is not ready. On a node that was just converted: [the runbook](runbooks/change-cni.md).",
  },
  {
    name: "CalicoDeploymentUnavailable",
    severity: "critical",
    for: "5m",
    expr: () =>
      `kube_deployment_status_replicas_available{${NAMESPACE},deployment=~"calico-typha|calico-kube-controllers"} == 0 and on (namespace, deployment) kube_deployment_spec_replicas{${NAMESPACE}} > 0`,
    summary: "{{ $labels.deployment }} has no available pod",
    description:
      "Without Typha, Felix keeps its last rules and learns nothing new; without kube-controllers, addresses of deleted nodes are not given back.",
    fix: "`kubectl -n calico-system describe deployment <name>` and its events: usually no node takes the pod (taints, host port 5473 in use), or the image cannot be pulled.",
  },
  {
    name: "FelixNotScraped",
    severity: "warning",
    for: "15m",
    expr: () =>
      "(max(felix_cluster_num_hosts) or vector(1)) - (count(count by (instance) (felix_resync_state)) or vector(0)) > 0",
    summary: "{{ $value }} node(s) give no metrics of Felix",
    description:
      "Every other alert about Felix is blind there. Felix counts the hosts of the cluster; so many must be scraped.",
    fix: "`kubectl -n calico-system get endpoints,endpointslices`; from a pod of Prometheus' namespace `wget -qO- http://<node>:9091/metrics`. Firewalls between nodes and host endpoints must let the port through.",
  },
  {
    name: "FelixHostCountDiffers",
    severity: "warning",
    for: "15m",
    expr: () => "felix_cluster_num_hosts != on () group_left () count(kube_node_info)",
    summary: "Felix at {{ $labels.instance }} knows {{ $value }} hosts, Kubernetes another number",
    description: "A node is missing in Calico's datastore, or one that was deleted is still in it.",
    fix: "`kubectl get nodes -o yaml | grep projectcalico.org/IPv4Address`: a node without it has not been taken by Calico. Its calico-node says why.",
  },
  {
    name: "FelixNotInSync",
    severity: "critical",
    for: "5m",
    expr: () => "felix_resync_state != 3",
    summary: "Felix at {{ $labels.instance }} is not in sync with the datastore",
    description: "State {{ $value }}: 1 waits for the datastore, 2 is resyncing. Policies of that node are old.",
    fix: "Log of calico-node on that node; reach of Typha (TCP 5473) and of the API server from it.",
  },
  {
    name: "FelixDataplaneFailing",
    severity: "critical",
    for: "10m",
    expr: () => "rate(felix_int_dataplane_failures[5m]) > 0",
    summary: "Felix at {{ $labels.instance }} cannot program its node",
    description: "Updates of the data plane fail again and again: policies and routes of that node are incomplete.",
    fix: "Log of calico-node: the line before `Failed to` names the command. Usually another program rewrites iptables, or a kernel module is missing.",
  },
  {
    name: "FelixRulesRefused",
    severity: "warning",
    for: "0m",
    expr: () => "increase(felix_iptables_restore_errors[15m]) > 5 or increase(felix_nft_errors[15m]) > 5",
    summary: "the kernel refuses rules of Felix at {{ $labels.instance }}",
    description:
      "{{ $value | humanize }} refusals in 15 minutes. Felix tries again; until it succeeds the node keeps old rules.",
    fix: "Look for a second program that writes the same tables: `npm run drift` lists leftovers of Flannel and kube-router.",
  },
  {
    name: "FelixApplySlow",
    severity: "warning",
    for: "15m",
    expr: ({ thresholds }) =>
      `felix_int_dataplane_apply_time_seconds{quantile="0.99"} > 3 * avg_over_time(felix_int_dataplane_apply_time_seconds{quantile="0.99"}[1d] offset 15m) and felix_int_dataplane_apply_time_seconds{quantile="0.99"} > ${thresholds.applySeconds}`,
    summary: "updates of Felix at {{ $labels.instance }} take {{ $value | humanizeDuration }}",
    description: "The 99th percentile is more than three times that of the last day: new pods wait for their policies.",
    fix: "CPU of the node and of calico-node; the number of policies and endpoints in the dashboard.",
  },
  {
    name: "TyphaPingSlow",
    severity: "warning",
    for: "10m",
    expr: () => `typha_ping_latency{quantile="0.99"} > 1`,
    summary: "Typha at {{ $labels.instance }} reaches its clients in {{ $value | humanizeDuration }}",
    description: "The 99th percentile of the round trip to Felix is above one second: nodes learn of changes late.",
    fix: "CPU of Typha and the network between its node and the others (`npm run bench:network`).",
  },
  {
    name: "CalicoPoolNearlyFull",
    severity: "warning",
    for: "15m",
    expr: ({ thresholds }) =>
      `sum by (ippool) (ipam_allocations_in_use) / on (ippool) max by (ippool) (ipam_ippool_size) > ${thresholds.poolUsage}`,
    summary: "{{ $value | humanizePercentage }} of the addresses of pool {{ $labels.ippool }} are in use",
    description:
      "When none is left, pods stay in ContainerCreating. Blocks that nodes hold count as in use only by address.",
    fix: "Widen `calico.pool.cidr` inside the cluster CIDR, or look for leaked addresses (CalicoAddressesLeaked).",
  },
  {
    name: "CalicoAddressesLeaked",
    severity: "warning",
    for: "1h",
    expr: () => "sum by (ippool) (ipam_allocations_gc_candidates) > 0",
    summary: "{{ $value }} addresses of pool {{ $labels.ippool }} belong to no pod",
    description:
      "The garbage collector marks them and does not free them: a node is gone from Kubernetes but not from Calico.",
    fix: "Log of kube-controllers; `npm run rollout -- remove-node` is the way to take a node away (docs/runbooks/machines.md).",
  },
  {
    name: "KubeControllersNotScraped",
    severity: "warning",
    for: "15m",
    expr: () => "absent(ipam_blocks)",
    summary: "kube-controllers gives no metrics",
    description:
      "Use and leaks of addresses are not watched. In Calico 3.32 the operator's own policy closes the port.",
    fix: "`kubectl -n calico-system get networkpolicies.crd.projectcalico.org calico-system.seldon-k3s-metrics`: declared for 3.32, from `policies.monitoringNamespace` only.",
  },
  {
    name: "CalicoDegraded",
    severity: "critical",
    for: "10m",
    expr: () => `tigera_status_condition{type="Available"} == 0`,
    summary: "Calico's part {{ $labels.name }} is not Available",
    description: "The Tigera operator says so in its TigeraStatus.",
    fix: "`kubectl get tigerastatus <name> -o yaml`: the condition's message names the reason.",
  },
  {
    name: "NodeNetworkUnavailable",
    severity: "critical",
    for: "5m",
    expr: () => `kube_node_status_condition{condition="NetworkUnavailable",status="true"} == 1`,
    summary: "node {{ $labels.node }} has no pod network",
    description:
      "It is tainted, no pod starts there. Calico sets the condition when it stops, and K3s' Flannel never clears it.",
    fix: "calico-node of that node; after a way back to Flannel the rollout clears it, see [the runbook](runbooks/change-cni.md).",
  },
  {
    name: "GoldmaneDropsFlows",
    severity: "warning",
    for: "10m",
    expr: () => "rate(goldmane_aggr_dropped_flows_total[5m]) > 0",
    summary: "Goldmane drops {{ $value | humanize }} flows a second",
    description: "Its picture of allowed and denied flows has holes; traffic is not touched.",
    fix: "Memory and CPU of Goldmane (`spec.goldmaneDeployment` of its resource).",
  },
];
