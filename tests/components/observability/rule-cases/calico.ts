import { type AlertCase, growing, steady, then } from "./case";

const DAEMON = '{namespace="calico-system",daemonset="calico-node"}';
const TYPHA = '{namespace="calico-system",deployment="calico-typha"}';
const POOL = 'ippool="default-ipv4-ippool"';
const AT = { instance: "192.0.2.11:9091" };
const FELIX = '{instance="192.0.2.11:9091"}';
const OTHER = '{instance="192.0.2.12:9091"}';
const APPLY = '{instance="192.0.2.11:9091",quantile="0.99"}';
const PING = '{instance="192.0.2.11:9093",quantile="0.99",syncer="felix"}';

export const CALICO_CASES: readonly AlertCase[] = [
  {
    alert: "CalicoNodeNotReady",
    fires: {
      when: "one of three nodes has no ready calico-node",
      series: {
        [`kube_daemonset_status_desired_number_scheduled${DAEMON}`]: steady(3),
        [`kube_daemonset_status_number_ready${DAEMON}`]: then(3, 5, 2),
      },
      at: "12m",
      labels: { namespace: "calico-system", daemonset: "calico-node" },
      value: "1",
    },
    silent: [
      {
        when: "a node came back within five minutes",
        series: {
          [`kube_daemonset_status_desired_number_scheduled${DAEMON}`]: steady(3),
          [`kube_daemonset_status_number_ready${DAEMON}`]: "3+0x4 2+0x3 3+0x20",
        },
        at: "10m",
      },
    ],
  },
  {
    alert: "CalicoDeploymentUnavailable",
    fires: {
      when: "Typha has no available pod",
      series: {
        [`kube_deployment_status_replicas_available${TYPHA}`]: steady(0),
        [`kube_deployment_spec_replicas${TYPHA}`]: steady(2),
      },
      at: "6m",
      labels: { namespace: "calico-system", deployment: "calico-typha" },
    },
    silent: [
      {
        when: "one of two is available",
        series: {
          [`kube_deployment_status_replicas_available${TYPHA}`]: steady(1),
          [`kube_deployment_spec_replicas${TYPHA}`]: steady(2),
        },
        at: "6m",
      },
      {
        when: "nobody wants one",
        series: {
          [`kube_deployment_status_replicas_available${TYPHA}`]: steady(0),
          [`kube_deployment_spec_replicas${TYPHA}`]: steady(0),
        },
        at: "6m",
      },
    ],
  },
  {
    alert: "FelixNotScraped",
    fires: {
      when: "Felix knows two hosts and one is scraped",
      series: { [`felix_cluster_num_hosts${FELIX}`]: steady(2), [`felix_resync_state${FELIX}`]: steady(3) },
      at: "16m",
      labels: {},
      value: "1",
    },
    silent: [
      {
        when: "both are scraped, one of them twice",
        series: {
          [`felix_cluster_num_hosts${FELIX}`]: steady(2),
          [`felix_resync_state${FELIX}`]: steady(3),
          [`felix_resync_state${OTHER}`]: steady(3),
          'felix_resync_state{instance="192.0.2.12:9091",job="pods"}': steady(3),
        },
        at: "16m",
      },
    ],
  },
  {
    alert: "FelixHostCountDiffers",
    fires: {
      when: "a deleted node is still in Calico's datastore",
      series: { [`felix_cluster_num_hosts${FELIX}`]: steady(2), 'kube_node_info{node="a"}': steady(1) },
      at: "16m",
      labels: AT,
      value: "2",
    },
    silent: [
      {
        when: "the numbers agree",
        series: {
          [`felix_cluster_num_hosts${FELIX}`]: steady(2),
          'kube_node_info{node="a"}': steady(1),
          'kube_node_info{node="b"}': steady(1),
        },
        at: "16m",
      },
    ],
  },
  {
    alert: "FelixNotInSync",
    fires: {
      when: "Felix waits for the datastore",
      series: { [`felix_resync_state${FELIX}`]: steady(1) },
      at: "6m",
      labels: AT,
      value: "1",
    },
    silent: [
      { when: "it resyncs for three minutes", series: { [`felix_resync_state${FELIX}`]: "2+0x2 3+0x20" }, at: "6m" },
    ],
  },
  {
    alert: "FelixDataplaneFailing",
    fires: {
      when: "an update fails every minute",
      series: { [`felix_int_dataplane_failures${FELIX}`]: growing(1) },
      at: "15m",
      labels: AT,
    },
    silent: [
      {
        when: "one failed once",
        series: { [`felix_int_dataplane_failures${FELIX}`]: then(0, 5, 1) },
        at: "15m",
      },
    ],
  },
  {
    alert: "FelixRulesRefused",
    fires: {
      when: "the kernel refuses a set of rules every minute",
      series: {
        [`felix_iptables_restore_errors${FELIX}`]: growing(1),
        [`felix_nft_errors${FELIX}`]: steady(0),
      },
      at: "20m",
      labels: AT,
      value: "15",
    },
    silent: [
      {
        when: "it refused three",
        series: {
          [`felix_iptables_restore_errors${FELIX}`]: then(0, 10, 3),
          [`felix_nft_errors${FELIX}`]: then(0, 12, 2),
        },
        at: "20m",
      },
    ],
  },
  {
    alert: "FelixApplySlow",
    fires: {
      when: "updates take ten times as long as yesterday",
      series: { [`felix_int_dataplane_apply_time_seconds${APPLY}`]: then(0.2, 1440, 2, 60) },
      at: "1456m",
      labels: { instance: "192.0.2.11:9091", quantile: "0.99" },
      value: "2s",
    },
    silent: [
      {
        when: "they were always slow",
        series: { [`felix_int_dataplane_apply_time_seconds${APPLY}`]: steady(2, 1500) },
        at: "1456m",
      },
      {
        when: "they got slower and are still fast",
        series: { [`felix_int_dataplane_apply_time_seconds${APPLY}`]: then(0.02, 1440, 0.5, 60) },
        at: "1456m",
      },
    ],
  },
  {
    alert: "TyphaPingSlow",
    fires: {
      when: "the round trip takes three seconds",
      series: { [`typha_ping_latency${PING}`]: steady(3) },
      at: "11m",
      labels: { instance: "192.0.2.11:9093", quantile: "0.99", syncer: "felix" },
      value: "3s",
    },
    silent: [{ when: "it takes ten milliseconds", series: { [`typha_ping_latency${PING}`]: steady(0.01) }, at: "11m" }],
  },
  {
    alert: "CalicoPoolNearlyFull",
    fires: {
      when: "two nodes have 90 of 100 addresses",
      series: {
        [`ipam_allocations_in_use{${POOL},node="a"}`]: steady(50),
        [`ipam_allocations_in_use{${POOL},node="b"}`]: steady(40),
        [`ipam_ippool_size{${POOL}}`]: steady(100),
      },
      at: "16m",
      labels: { ippool: "default-ipv4-ippool" },
      value: "90%",
    },
    silent: [
      {
        when: "they have 80, and 30 of a pool that is unknown",
        series: {
          [`ipam_allocations_in_use{${POOL},node="a"}`]: steady(80),
          'ipam_allocations_in_use{ippool="no_ippool",node="a"}': steady(30),
          [`ipam_ippool_size{${POOL}}`]: steady(100),
        },
        at: "16m",
      },
    ],
  },
  {
    alert: "CalicoAddressesLeaked",
    fires: {
      when: "candidates stay for more than an hour",
      series: { [`ipam_allocations_gc_candidates{${POOL},node="a"}`]: steady(4) },
      at: "61m",
      labels: { ippool: "default-ipv4-ippool" },
      value: "4",
    },
    silent: [
      {
        when: "they are freed after half an hour",
        series: { [`ipam_allocations_gc_candidates{${POOL},node="a"}`]: then(4, 30, 0) },
        at: "61m",
      },
    ],
  },
  {
    alert: "KubeControllersNotScraped",
    fires: {
      when: "its metrics end",
      series: { [`ipam_blocks{${POOL},node="a"}`]: "1+0x5 stale" },
      at: "25m",
      labels: {},
    },
    silent: [{ when: "it is scraped", series: { [`ipam_blocks{${POOL},node="a"}`]: steady(1) }, at: "25m" }],
  },
  {
    alert: "CalicoDegraded",
    fires: {
      when: "the operator calls ippools unavailable",
      series: { 'tigera_status_condition{name="ippools",type="Available"}': steady(0) },
      at: "11m",
      labels: { name: "ippools", type: "Available" },
    },
    silent: [
      {
        when: "only Progressing is False, as it should be",
        series: {
          'tigera_status_condition{name="ippools",type="Available"}': steady(1),
          'tigera_status_condition{name="ippools",type="Progressing"}': steady(0),
        },
        at: "11m",
      },
    ],
  },
  {
    alert: "NodeNetworkUnavailable",
    fires: {
      when: "Calico stopped on a node",
      series: {
        'kube_node_status_condition{node="a",condition="NetworkUnavailable",status="true"}': steady(1),
        'kube_node_status_condition{node="a",condition="NetworkUnavailable",status="false"}': steady(0),
      },
      at: "6m",
      labels: { node: "a", condition: "NetworkUnavailable", status: "true" },
    },
    silent: [
      {
        when: "the condition is False, and Ready is True",
        series: {
          'kube_node_status_condition{node="a",condition="NetworkUnavailable",status="true"}': steady(0),
          'kube_node_status_condition{node="a",condition="NetworkUnavailable",status="false"}': steady(1),
          'kube_node_status_condition{node="a",condition="Ready",status="true"}': steady(1),
        },
        at: "6m",
      },
    ],
  },
  {
    alert: "GoldmaneDropsFlows",
    fires: {
      when: "it drops two flows a second",
      series: { 'goldmane_aggr_dropped_flows_total{instance="10.42.130.7:9081"}': growing(120) },
      at: "16m",
      labels: { instance: "10.42.130.7:9081" },
      value: "2",
    },
    silent: [
      {
        when: "it dropped some an hour ago",
        series: { 'goldmane_aggr_dropped_flows_total{instance="10.42.130.7:9081"}': steady(500) },
        at: "16m",
      },
    ],
  },
];
