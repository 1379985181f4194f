import { hostPortEntries } from "../../../checks/evidence/host-ports";
import { portsToAsk } from "../../../checks/evidence/loopback";
import { isWell, podEvidence, sampleOf } from "../../../checks/evidence/pods";
import { AT, serverPod } from "../support/diagnosis-objects";

const pods = (count: number, break_: (pod: ReturnType<typeof serverPod>, index: number) => void = () => undefined) =>
  Array.from({ length: count }, (_, index) => {
    const pod = serverPod(`mlserver-${index}`, "s1", "10.42.128.1");
    break_(pod, index);
    return podEvidence(pod);
  });

describe("sampleOf", () => {
  it("takes a few of each state, the states in turn", () => {
    const all = pods(20, (pod, index) => {
      if (index >= 15) pod.status!.phase = "Pending";
    });
    const { chosen, left } = sampleOf(all, 3, 100);
    expect(chosen.map(({ name }) => name)).toEqual([
      "mlserver-0",
      "mlserver-15",
      "mlserver-1",
      "mlserver-16",
      "mlserver-2",
      "mlserver-17",
    ]);
    expect(left).toBe(14);
  });

  it("never takes more than it may", () => {
    const all = pods(
      300,
      (pod, index) => (pod.status!.containerStatuses![0]!.state = { waiting: { reason: `R${index}` } }),
    );
    expect(sampleOf(all, 5, 200)).toMatchObject({ left: 100 });
  });
});

describe("isWell", () => {
  const one = (break_: (pod: ReturnType<typeof serverPod>) => void) => isWell(pods(1, break_)[0]!, AT);
  const end = (exitCode: number, reason: string, minutes: number) => (pod: ReturnType<typeof serverPod>) => {
    const finishedAt = new Date(AT.getTime() - 60_000 * minutes).toISOString();
    pod.status!.containerStatuses![2]!.lastState = { terminated: { exitCode, reason, finishedAt } };
  };
  it.each([
    ["Ready", () => undefined, true],
    ["killed for want of memory lately", end(137, "OOMKilled", 5), false],
    ["killed for want of memory yesterday", end(137, "OOMKilled", 1440), true],
    ["crashed lately", end(1, "Error", 5), false],
    ["asked to end lately", end(143, "Error", 5), true],
    ["being deleted", (pod: ReturnType<typeof serverPod>) => (pod.metadata.deletionTimestamp = AT.toISOString()), true],
    ["Pending", (pod: ReturnType<typeof serverPod>) => (pod.status!.phase = "Pending"), false],
  ])("%s", (_, break_, expected) => expect(one(break_)).toBe(expected));
});

it("asks the ports of both sides, each once", () => {
  const [pod] = pods(1, ({ spec }) => {
    spec!.containers[2]!.env = [{ name: "MLSERVER_HTTP_PORT", value: "9000" }];
  });
  expect(portsToAsk(pod!)).toEqual([
    { port: 9000, role: "http" },
    { port: 9500, role: "grpc" },
    { port: 8081, role: "grpc" },
    { port: 5572, role: "rclone" },
    { port: 9008, role: "agent" },
  ]);
});

it("reads the portmap plugin's entries, once each, and nothing else", () => {
  const text = [
    "-A CNI-DN-aa -s 10.42.0.5/32 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK",
    "-A CNI-DN-aa -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.5:80",
    '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"5b1e\\"" -m multiport --dports 80,443 -j CNI-DN-aa',
    '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"5b1e\\"" -m multiport --dports 80,443 -j CNI-DN-aa',
    '-A CNI-HOSTPORT-DNAT -p udp -m comment --comment "dnat name: \\"cbr0\\" id: \\"none\\"" -j CNI-DN-zz',
  ].join("\n");
  expect(hostPortEntries(text)).toEqual([{ network: "cbr0", sandbox: "5b1e", destination: "10.42.0.5:80" }]);
});
