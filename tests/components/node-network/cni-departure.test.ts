import { subjectOf } from "../../../checks/subject";
import { CniDeparture } from "../../../components/node-network/cni-departure";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const record = (sections: Record<string, unknown>) => {
  const config = networkStack(sections);
  const { calico, network } = config;
  const hosts = config.hosts!;
  return recordComponent(
    () => void new CniDeparture("gone", { calico, network, hosts, subject: subjectOf("test", config) }),
  );
};

describe("CniDeparture", () => {
  it("notes what is there when created, and cleans the API and then the machines when deleted", async () => {
    const recording = await record({ hosts: HOSTS });
    const machine = recording.named("gone-agent-1");
    expect(machine.inputs).toMatchObject({
      create: "/usr/local/lib/seldon-k3s/run clean --remember",
      delete: "/usr/local/lib/seldon-k3s/run clean",
    });
    expect(machine.inputs["stdin"]).toContain("shared-path /opt/cni/bin/portmap\n");
    const api = recording.named("gone-api");
    expect(api.inputs["create"]).toBeUndefined();
    expect(api.inputs["delete"]).toBe("node tools/run.mjs rollout leave-calico");
    // Deletion goes in the reverse order.
    for (const node of ["server-1", "server-2", "server-3", "agent-1", "agent-2"]) {
      expect(recording.isAfter(api, recording.named(`gone-${node}`))).toBe(true);
    }
  });

  it("leaves machines alone whose pods still use Calico's devices", async () => {
    const recording = await record({ hosts: HOSTS });
    const request = String(recording.named("gone-server-1").inputs["stdin"]).split("\n");
    expect(request).toEqual(
      expect.arrayContaining(["in-use skip", "network k8s-pod-network", "link cali*", "chain cali-", "comment cali:"]),
    );
    expect(request).toContain("route-protocol 80");
    expect(request.filter((line) => /FLANNEL|KUBE/.test(line))).toEqual([]);
  });
});
