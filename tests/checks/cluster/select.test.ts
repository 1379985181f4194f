import type { Pod } from "../../../checks/cluster/objects";
import { claimsHostPort, hostPortsOf, isBare, mayBecomeReady, placeOf } from "../../../checks/cluster/select";

const RANGES = ["10.42.0.0/24"];
const pod = (
  status: Pod["status"] = {},
  spec: Partial<NonNullable<Pod["spec"]>> = {},
  metadata: Partial<Pod["metadata"]> = {},
): Pod => ({
  metadata: { name: "x", namespace: "web", ...metadata },
  spec: { containers: [], ...spec },
  status,
});
const connected = (status: string) => [{ type: "PodReadyToStartContainers", status }];

describe("what is done with a pod", () => {
  const cases: [string, Pod, ReturnType<typeof placeOf>][] = [
    ["an old address", pod({ podIP: "10.42.0.7" }), "move"],
    ["the first address of the next node's range", pod({ podIP: "10.42.1.0" }), "stay"],
    ["an address of the new CNI", pod({ podIP: "10.42.128.7" }), "stay"],
    ["the node's own network", pod({ podIP: "10.42.0.7" }, { hostNetwork: true }), "stay"],
    [
      "run by the kubelet from a file",
      pod({ podIP: "10.42.0.7" }, {}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      "stay",
    ],
    ["ended well", pod({ phase: "Succeeded", podIP: "10.42.0.7" }), "stay"],
    ["ended badly", pod({ phase: "Failed", podIP: "10.42.0.7" }), "stay"],
    ["being deleted", pod({ podIP: "10.42.0.7" }, {}, { deletionTimestamp: "2026-11-22T19:00:00Z" }), "wait"],
    ["no address, and the kubelet has said nothing", pod({ phase: "Pending" }), "wait"],
    ["no address, but a sandbox", pod({ phase: "Pending", conditions: connected("True") }), "wait"],
    ["no sandbox yet", pod({ phase: "Pending", conditions: connected("False") }), "unconnected"],
    [
      "a probe of another node's proof",
      pod(
        { podIP: "10.42.0.7" },
        {},
        { namespace: "seldon-k3s-probe-a2", labels: { "app.kubernetes.io/name": "seldon-k3s-probe" } },
      ),
      "stay",
    ],
    [
      "somebody else's pod with the probe's label",
      pod({ podIP: "10.42.0.7" }, {}, { labels: { "app.kubernetes.io/name": "seldon-k3s-probe" } }),
      "move",
    ],
  ];
  test.each(cases)("%s", (_, given, expected) => expect(placeOf(given, RANGES)).toBe(expected));
});

test("a pod is bare unless something controls it; an owner alone does not", () => {
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "1" };
  expect(isBare(pod())).toBe(true);
  expect(isBare(pod({}, {}, { ownerReferences: [owner] }))).toBe(true);
  expect(isBare(pod({}, {}, { ownerReferences: [{ ...owner, controller: true }] }))).toBe(false);
});

test("host ports over TCP are asked for; entries are kept for every protocol", () => {
  const ports = [
    { containerPort: 80, hostPort: 80 },
    { containerPort: 81, hostPort: 80, protocol: "TCP" },
    { containerPort: 53, hostPort: 53, protocol: "UDP" },
    { containerPort: 9000 },
  ];
  const given = pod({}, { containers: [{ name: "a", ports }] });
  expect(hostPortsOf(given)).toEqual([80]);
  expect(claimsHostPort(given)).toBe(true);
  const udp = pod({}, { containers: [{ name: "a", ports: ports.slice(2) }] });
  expect([hostPortsOf(udp), claimsHostPort(udp)]).toEqual([[], true]);
  expect(claimsHostPort(pod({}, { hostNetwork: true, containers: [{ name: "a", ports }] }))).toBe(false);
  expect(claimsHostPort(pod())).toBe(false);
});

test("a pod whose containers run is likely to become Ready; one that waits or is Ready is not waited for", () => {
  const running = { name: "a", ready: false, restartCount: 0, state: { running: {} } };
  const backOff = { ...running, state: { waiting: { reason: "CrashLoopBackOff" } } };
  expect(mayBecomeReady(pod({ containerStatuses: [running] }))).toBe(true);
  expect(mayBecomeReady(pod({ containerStatuses: [running, backOff] }))).toBe(false);
  expect(mayBecomeReady(pod({ containerStatuses: [running], conditions: [{ type: "Ready", status: "True" }] }))).toBe(
    false,
  );
  expect(mayBecomeReady(pod())).toBe(false);
});
