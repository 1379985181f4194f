/** Cases between the pods: scheduler, API server, Kafka. */
import { ended, P, type Reproduction } from "./case";
import { noScheduler, apiFails, close, gateway, restarted, TIMEOUT, API_TIMEOUT, CONNECTED } from "./connections";

export const SCHEDULER_CASES: readonly Reproduction[] = [
  {
    injected: "the policy that lets agents into the scheduler is gone",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      close(world, "allow-scheduler", "ingress", 9005);
    },
    says: [
      /no NetworkPolicy opens port 9005 into namespace financial-ml; closed by/,
      /Loopback, MLServer and rclone are not involved/,
    ],
  },
  {
    injected: "agents may not leave their pod for the scheduler",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, "context deadline exceeded");
      close(world, "allow-server", "egress", 9005);
    },
    says: [/out of namespace financial-ml/],
  },
  {
    injected: "a policy of Calico's own drops the way to the scheduler",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      world.objects.calico!.globalPolicies.push({
        metadata: { name: "default.lockdown" },
        spec: { selector: "all()", ingress: [{ action: "Deny" }] },
      });
    },
    says: [/default\.lockdown/, /NetworkPolicies are not involved: NetworkPolicy allow-server opens/],
  },
  {
    injected: "a firewall between the machines rejects connections to the scheduler",
    verdict: "scheduler-policy",
    make: (world) => noScheduler(world, "dial tcp 10.43.0.20:9005: connect: connection refused"),
    says: [/rejected on their way, although the scheduler runs/],
  },
  {
    injected: "the policy that opens DNS is gone",
    verdict: "scheduler-dns",
    make: (world) => {
      noScheduler(
        world,
        "dial tcp: lookup seldon-scheduler on 10.43.0.10:53: read udp 10.42.128.20:4->10.43.0.10:53: i/o timeout",
      );
      close(world, "allow-every-pod", "egress", 53);
    },
    says: [/no NetworkPolicy opens port 53/],
  },
  {
    injected: "the policy that opens DNS is gone, and another opens every address but pods'",
    verdict: "scheduler-dns",
    make: (world) => {
      noScheduler(
        world,
        "dial tcp: lookup seldon-scheduler on 10.43.0.10:53: read udp 10.42.128.20:4->10.43.0.10:53: i/o timeout",
      );
      close(world, "allow-every-pod", "egress", 53);
      world.objects.policies.push({
        metadata: { name: "outside", namespace: "financial-ml" },
        spec: {
          podSelector: {},
          policyTypes: ["Egress"],
          egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.42.0.0/16"] } }] }],
        },
      });
    },
    says: [/no NetworkPolicy opens port 53 out of namespace financial-ml; closed by .*outside/],
  },
  {
    injected: "agents run on their nodes' network, where no policy knows them as agents",
    verdict: "scheduler-policy",
    make: (world) => {
      noScheduler(world, TIMEOUT);
      for (const pod of world.objects.pods) {
        if (pod.metadata.name === P) Object.assign(pod.spec!, { hostNetwork: true, nodeName: "n-agents" });
      }
    },
    says: [/no NetworkPolicy opens port 9005 into namespace financial-ml/],
  },
  {
    injected: "CoreDNS is down",
    verdict: "scheduler-dns",
    make: (world) => {
      noScheduler(world, "dial tcp: lookup seldon-scheduler on 10.43.0.10:53: server misbehaving");
      ended(world, "coredns", { exitCode: 1, pod: "coredns-1" });
    },
    says: [/no cluster DNS pod is ready/],
  },
  {
    injected: "Service seldon-scheduler was deleted",
    verdict: "scheduler-service",
    make: (world) => {
      noScheduler(world, "dial tcp: lookup seldon-scheduler on 10.43.0.10:53: no such host");
      world.objects.services = world.objects.services.filter(({ metadata }) => metadata.name !== "seldon-scheduler");
    },
    says: [/there is no Service financial-ml\/seldon-scheduler/],
  },
  {
    injected: "SELDON_SCHEDULER_HOST is misspelt",
    verdict: "scheduler-service",
    make: (world) => {
      world.env(P, "agent", { SELDON_SCHEDULER_HOST: "seldon-schedular" });
      noScheduler(world, "dial tcp: lookup seldon-schedular on 10.43.0.10:53: no such host");
    },
    says: [/SELDON_SCHEDULER_HOST is seldon-schedular/],
  },
  {
    injected: "the scheduler is not Ready",
    verdict: "scheduler-down",
    make: (world) => {
      noScheduler(world, "dial tcp 10.43.0.20:9005: connect: connection refused");
      world.unready("seldon-scheduler-0", "scheduler");
    },
  },
  {
    injected: "the scheduler crashes, and agents wait for it",
    verdict: "crashed",
    make: (world) => {
      noScheduler(world, "dial tcp 10.43.0.20:9005: connect: connection refused");
      ended(world, "scheduler", { exitCode: 2, pod: "seldon-scheduler-0" });
    },
    says: [/container scheduler crashes/],
  },
  {
    injected: "agents may not reach the Kubernetes API",
    verdict: "apiserver-unreachable",
    make: (world) => {
      apiFails(world, API_TIMEOUT);
      close(world, "allow-server", "egress", 6443);
    },
    says: [
      /no NetworkPolicy opens port 6443 out of namespace financial-ml.*192\.0\.2\.11/,
      /dial tcp 10\.43\.0\.1:443: i\/o timeout/,
    ],
  },
  {
    injected: "the agent's Role is gone",
    verdict: "agent-rights",
    make: (world) =>
      apiFails(
        world,
        'endpointslices.discovery.k8s.io is forbidden: User \\"system:serviceaccount:financial-ml:seldon-server\\" cannot list resource',
      ),
  },
  {
    injected: "a Pending server replica blocks a scheduler that has just started",
    verdict: "pending-blocks-scheduler",
    make: (world) => restarted(world, 120, [CONNECTED]),
    says: [/has run for 120 s of the 600 s/, /pod mlserver-1 is Pending \(0\/2 nodes/],
  },
  {
    injected: "the gateways are on and there is no Kafka",
    verdict: "kafka-absent",
    make: (world) =>
      gateway(world, [
        "org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers",
      ]),
    says: [/No resolvable bootstrap urls/, /there is no Service behind seldon-kafka-bootstrap\.financial-ml:9092/],
  },
];
