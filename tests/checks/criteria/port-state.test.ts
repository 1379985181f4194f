/** The six things that can be the matter with a port, and what tells them apart. */
import {
  kubeletReaches,
  notYetBecause,
  type PortFacts,
  portState,
  type PortState,
} from "../../../checks/criteria/port-state";
import type { Pod } from "../../../checks/cluster/objects";

const open = { kind: "open" } as const;
const refused = { kind: "refused" } as const;
const silent = { kind: "silent" } as const;
const NOT_YET = "container mlserver runs and has not passed its startup probe";

describe("portState", () => {
  test.each<[string, PortFacts, PortState]>([
    ["answers on loopback, nobody else asked", { loopback: "answers" }, "answers"],
    ["answers everywhere", { loopback: "answers", address: open }, "answers"],
    ["refused everywhere", { loopback: "refused", address: refused }, "nothing listens"],
    ["refused on loopback, the address cannot be asked", { loopback: "refused", address: silent }, "nothing listens"],
    ["refused on loopback, open at the address", { loopback: "refused", address: open }, "listens elsewhere"],
    [
      "refused on loopback, the kubelet reaches the address",
      { loopback: "refused", address: silent, kubelet: true },
      "listens elsewhere",
    ],
    [
      "answers on loopback, refused at the address",
      { loopback: "answers", address: refused, kubelet: false },
      "listens on loopback only",
    ],
    ["answers on loopback, no answer at the address", { loopback: "answers", address: silent }, "blocked by policy"],
    [
      "answers, a rule rejects, the kubelet gets through",
      { loopback: "answers", address: refused, kubelet: true },
      "blocked by policy",
    ],
    ["refused while it starts", { loopback: "refused", notYet: NOT_YET }, "not ready yet"],
    ["silent while it starts", { loopback: "silent", notYet: NOT_YET }, "not ready yet"],
    ["says itself that it is not ready", { loopback: "wrong", address: open }, "not ready yet"],
    [
      "speaks something else, also while it starts",
      { loopback: "other-protocol", notYet: NOT_YET },
      "speaks another protocol",
    ],
    ["accepts and stays silent", { loopback: "silent" }, "does not answer"],
    ["accepts and hangs up", { loopback: "closed" }, "does not answer"],
  ])("%s", (_, facts, state) => {
    expect(portState(facts)).toBe(state);
  });
});

const pod = (status: object, container: object = {}): Pod =>
  ({
    metadata: { name: "mlserver-0" },
    spec: { containers: [{ name: "mlserver", ports: [{ name: "server-http", containerPort: 9000 }], ...container }] },
    status: { containerStatuses: [{ name: "mlserver", ready: false, restartCount: 0, ...status }] },
  }) as unknown as Pod;

describe("what the kubelet knows", () => {
  const byName = { readinessProbe: { httpGet: { port: "server-http" } } };
  const running = { state: { running: {} } };
  test.each<[string, Pod, number, boolean]>([
    ["a port by its name", pod({ ready: true, ...running }, byName), 9000, true],
    [
      "a port by its number",
      pod({ ready: true, ...running }, { readinessProbe: { tcpSocket: { port: 5572 } } }),
      5572,
      true,
    ],
    ["another port", pod({ ready: true, ...running }, byName), 9500, false],
    ["a container that is not ready", pod({ ready: false, ...running }, byName), 9000, false],
    ["no probe", pod({ ready: true, ...running }), 9000, false],
    [
      "a name that no port has",
      pod({ ready: true, ...running }, { readinessProbe: { httpGet: { port: "other" } } }),
      9000,
      false,
    ],
  ])("%s", (_, subject, port, reaches) => {
    expect(kubeletReaches(subject, "mlserver", port)).toBe(reaches);
  });

  test.each<[string, object, string | undefined]>([
    [
      "its image comes",
      { state: { waiting: { reason: "ContainerCreating" } } },
      "container mlserver is starting: ContainerCreating",
    ],
    [
      "its startup probe has not passed",
      { started: false, state: { running: { startedAt: "2026-11-23T02:00:00Z" } } },
      "container mlserver runs since 2026-11-23T02:00:00Z and has not passed its startup probe",
    ],
    ["it runs", { started: true, state: { running: {} } }, undefined],
    ["it crashed: that is no start", { started: false, state: { waiting: { reason: "CrashLoopBackOff" } } }, undefined],
    ["it was killed", { started: false, state: { terminated: { reason: "OOMKilled" } } }, undefined],
  ])("%s", (_, status, because) => {
    expect(notYetBecause(pod(status), "mlserver")).toBe(because);
  });
});
