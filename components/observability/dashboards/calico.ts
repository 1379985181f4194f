/** Calico on this cluster: is every node in sync, does programming work, are there addresses left. */
import { type Dashboard, graph, NONE_IS_GOOD, stat, THIRD } from "./panel";

export const CALICO_DASHBOARD: Dashboard = {
  uid: "seldon-k3s-calico",
  title: "Calico on K3s",
  description:
    "Whether Felix is in sync on every node, whether the data plane takes its rules, and whether addresses are left.",
  rows: [
    {
      title: "State",
      panels: [
        stat("Nodes with Felix", "short", "count(felix_resync_state)", "Instances of Felix that are scraped."),
        stat(
          "Nodes not in sync",
          "short",
          "count(felix_resync_state != 3) or vector(0)",
          "Felix waits for the datastore or resyncs; policies there are old.",
          { steps: NONE_IS_GOOD },
        ),
        stat("Policies", "short", "max(felix_cluster_num_policies)", "Policies of all kinds, as Felix counts them."),
        stat(
          "Workload endpoints",
          "short",
          "max(felix_cluster_num_workload_endpoints)",
          "Pods with a Calico interface.",
        ),
        stat("Typha connections", "short", "sum(typha_connections_active)", "Clients of all Typhas together."),
        stat(
          "Alerts firing",
          "short",
          `count(ALERTS{alertstate="firing",alertname=~"Calico.*|Felix.*|Typha.*|NodeNetwork.*|KubeControllers.*|Goldmane.*"}) or vector(0)`,
          "Of the alerts about Calico.",
          { steps: NONE_IS_GOOD },
        ),
      ],
    },
    {
      title: "Data plane",
      panels: [
        graph(
          "Time of updates, 99th percentile",
          "s",
          [[`felix_int_dataplane_apply_time_seconds{quantile="0.99"}`, "{{instance}}"]],
          "How long Felix takes to program a change. Compare with the usual, not with a fixed number.",
        ),
        graph(
          "Faults",
          "ops",
          [
            ["sum by (instance) (rate(felix_int_dataplane_failures[$__rate_interval]))", "failed updates {{instance}}"],
            [
              "sum by (instance) (rate(felix_iptables_restore_errors[$__rate_interval]))",
              "iptables-restore {{instance}}",
            ],
            ["sum by (instance) (rate(felix_iptables_save_errors[$__rate_interval]))", "iptables-save {{instance}}"],
            ["sum by (instance) (rate(felix_nft_errors[$__rate_interval]))", "nft {{instance}}"],
            ["sum by (instance) (rate(felix_ipset_errors[$__rate_interval]))", "ipset {{instance}}"],
          ],
          "Should be nothing. One that rises slowly on one node means a second program writes the same tables.",
        ),
        graph(
          "Endpoints and policies of each node",
          "short",
          [
            ["felix_active_local_endpoints", "endpoints {{instance}}"],
            ["felix_active_local_policies", "policies {{instance}}"],
          ],
          "What Felix programs there.",
        ),
        graph(
          "Log lines that Felix lost",
          "ops",
          [["sum by (instance) (rate(felix_log_errors[$__rate_interval]))", "{{instance}}"]],
          "Errors while writing its log: what it says elsewhere may be missing there.",
        ),
      ],
    },
    {
      title: "Typha",
      panels: [
        graph(
          "Round trip to clients, 99th percentile",
          "s",
          [[`typha_ping_latency{quantile="0.99"}`, "{{instance}} {{syncer}}"]],
          "Above one second nodes learn of changes late.",
          {
            ...THIRD,
            steps: [
              { at: 0, color: "green" },
              { at: 1, color: "red" },
            ],
          },
        ),
        graph(
          "Connections",
          "short",
          [
            ["sum by (instance) (typha_connections_streaming)", "streaming {{instance}}"],
            ["sum by (instance) (rate(typha_connections_dropped[$__rate_interval]))", "dropped a second {{instance}}"],
          ],
          "Dropped ones are moved to another Typha when replicas change.",
          THIRD,
        ),
        graph(
          "Clients behind, 99th percentile",
          "s",
          [[`typha_client_latency_secs{quantile="0.99"}`, "{{instance}} {{syncer}}"]],
          "How old the state is that the slowest clients have.",
          THIRD,
        ),
      ],
    },
    {
      title: "Addresses",
      panels: [
        graph(
          "Pools in use",
          "percentunit",
          [
            [
              "sum by (ippool) (ipam_allocations_in_use) / on (ippool) max by (ippool) (ipam_ippool_size)",
              "{{ippool}}",
            ],
          ],
          "Addresses in use, of all addresses of the pool.",
          {
            ...THIRD,
            steps: [
              { at: 0, color: "green" },
              { at: 0.85, color: "orange" },
              { at: 0.95, color: "red" },
            ],
          },
        ),
        graph(
          "Blocks and borrowed addresses",
          "short",
          [
            ["sum by (ippool) (ipam_blocks)", "blocks {{ippool}}"],
            ["sum by (ippool) (ipam_allocations_borrowed)", "borrowed {{ippool}}"],
          ],
          "A node borrows when no block is left: routes get finer and the pool is small.",
          THIRD,
        ),
        graph(
          "Addresses that may have leaked",
          "short",
          [["sum by (ippool) (ipam_allocations_gc_candidates)", "{{ippool}}"]],
          "Candidates of the garbage collector; returns to nothing.",
          THIRD,
        ),
      ],
    },
    {
      title: "Flows",
      panels: [
        graph(
          "Goldmane",
          "ops",
          [
            ["sum(rate(goldmane_aggr_received_flows_total[$__rate_interval]))", "received"],
            ["sum(rate(goldmane_aggr_dropped_flows_total[$__rate_interval]))", "dropped"],
          ],
          "Flows that nodes report. Which were denied is asked of Goldmane itself; it counts them nowhere as a metric.",
        ),
        graph(
          "Flows kept",
          "short",
          [["max(goldmane_aggr_num_unique_flows)", "unique flows"]],
          "In Goldmane's memory.",
        ),
      ],
    },
  ],
};
