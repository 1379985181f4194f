/**
 * Metrics of Calico that the stack reads, as its source registers them: v3.31.7 and v3.32.1 agree on every row unless it
 * says otherwise. A summary has the quantiles 0.5, 0.9 and 0.99 (`libcalico-go/lib/prometheus/summary.go`).
 */
import { type Metric, metricsOf } from "./metric";

const felix = metricsOf("felix", "felix/dataplane/linux/int_dataplane.go");
const typha = metricsOf("typha", "typha/pkg/syncserver/sync_server.go");
const ipam = metricsOf("kube-controllers", "kube-controllers/pkg/controllers/node/ipam.go");
const goldmane = metricsOf("goldmane", "goldmane/pkg/goldmane/goldmane.go, v3.32.1");

const POOL = { ippool: "default-ipv4-ippool" };
const SYNCER = { syncer: "felix" };

export const CALICO_METRICS: readonly Metric[] = [
  felix("gauge", "felix_resync_state", {}, "felix/calc/async_calc_graph.go"),
  felix("gauge", "felix_cluster_num_hosts", {}, "felix/calc/stats_collector.go"),
  felix("gauge", "felix_cluster_num_workload_endpoints", {}, "felix/calc/stats_collector.go"),
  felix("gauge", "felix_cluster_num_policies", {}, "felix/calc/stats_collector.go"),
  felix("gauge", "felix_active_local_endpoints", {}, "felix/calc/policy_resolver.go"),
  felix("gauge", "felix_active_local_policies", {}, "felix/calc/policy_resolver.go"),
  felix("counter", "felix_int_dataplane_failures"),
  felix("summary", "felix_int_dataplane_apply_time_seconds"),
  felix("counter", "felix_iptables_restore_errors", {}, "felix/iptables/table.go"),
  felix("counter", "felix_iptables_save_errors", {}, "felix/iptables/table.go"),
  felix("counter", "felix_nft_errors", {}, "felix/nftables/table.go"),
  felix("counter", "felix_ipset_errors", {}, "felix/ipsets/ipset_defs.go"),
  felix("counter", "felix_log_errors", {}, "felix/daemon/logging.go"),
  typha("gauge", "typha_connections_active"),
  typha("counter", "typha_connections_dropped"),
  typha("gauge", "typha_connections_streaming", SYNCER),
  typha("summary", "typha_ping_latency", SYNCER),
  typha("summary", "typha_client_latency_secs", SYNCER),
  ipam("gauge", "ipam_allocations_in_use", { ...POOL, node: "node-1" }),
  ipam("gauge", "ipam_allocations_borrowed", { ...POOL, node: "node-1" }),
  ipam("gauge", "ipam_allocations_gc_candidates", { ...POOL, node: "node-1" }),
  ipam("gauge", "ipam_blocks", { ...POOL, node: "node-1" }),
  ipam("gauge", "ipam_ippool_size", POOL),
  goldmane("counter", "goldmane_aggr_received_flows_total"),
  goldmane("counter", "goldmane_aggr_dropped_flows_total"),
  goldmane("gauge", "goldmane_aggr_num_unique_flows"),
];
