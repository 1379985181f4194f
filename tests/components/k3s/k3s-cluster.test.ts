import * as pulumi from "@pulumi/pulumi";
import { subjectOf } from "../../../checks/subject";
import { K3sCluster, type K3sClusterArgs } from "../../../components/k3s/k3s-cluster";
import { containsSecret, revealSecrets } from "../../../inprocess/secrets";
import { HOST_KEY } from "../../support/host-key";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const argsOf = (
  sections: Record<string, unknown> = {},
  token?: () => pulumi.Output<string>,
): (() => K3sClusterArgs) => {
  const config = networkStack({ hosts: HOSTS, ...sections });
  const { cluster, k3s, network, cni, hosts } = config;
  const subject = subjectOf("test", config);
  return () => ({ cluster, k3s, network, cni, hosts, subject, ...(token ? { token: token() } : {}) });
};

const record = (args: () => K3sClusterArgs) => recordComponent(() => void new K3sCluster("k3s", args()));

const NAMES = ["server-1", "server-2", "server-3", "agent-1", "agent-2"];

describe("K3sCluster", () => {
  it("reads all machines, brings the programs, then goes server by server and agents in batches, then the kubeconfig", async () => {
    const recording = await record(argsOf());
    const before = (later: string, earlier: string) =>
      recording.isAfter(recording.named(later), recording.named(earlier));
    expect(recording.resources.map(({ name }) => name).sort()).toEqual(
      ["k3s", "k3s-hosts", "k3s-programs", ...NAMES.map((name) => `k3s-${name}`), "k3s-kubeconfig"].sort(),
    );
    const order = ["k3s-hosts", "k3s-programs", "k3s-server-1", "k3s-server-2", "k3s-server-3", "k3s-agent-1"];
    for (const [index, later] of order.entries()) {
      if (index > 0) expect([later, before(later, order[index - 1] ?? "")]).toEqual([later, true]);
    }
    expect(before("k3s-agent-2", "k3s-server-3")).toBe(true);
    expect(before("k3s-agent-2", "k3s-agent-1")).toBe(false);
    expect(before("k3s-kubeconfig", "k3s-agent-1") && before("k3s-kubeconfig", "k3s-agent-2")).toBe(true);
  });

  it("takes agents in batches of the configured size", async () => {
    const recording = await record(argsOf({ hosts: { ...HOSTS, batch: 1 } }));
    expect(recording.isAfter(recording.named("k3s-agent-2"), recording.named("k3s-agent-1"))).toBe(true);
  });

  it("passes constants on the command line, the request on standard input, and pins the host key", async () => {
    const bastion = { address: "bastion.example.com", hostKey: HOST_KEY, user: "jump" };
    const recording = await record(argsOf({ hosts: { ...HOSTS, ssh: { user: "ops", bastion } } }));
    const { inputs } = recording.named("k3s-agent-1");
    expect(inputs["create"]).toBe("sudo -n /usr/local/lib/seldon-k3s/run k3s");
    expect(inputs["stdin"]).toContain("host agent-1\nrole agent\nfirst no\nversion v1.33.8+k3s1\n");
    expect(revealSecrets(inputs["connection"])).toEqual({
      host: "192.0.2.21",
      port: 22,
      user: "ops",
      hostKey: HOST_KEY,
      dialErrorLimit: 20,
      perDialTimeout: 15,
      proxy: {
        host: "bastion.example.com",
        port: 22,
        user: "jump",
        hostKey: HOST_KEY,
        dialErrorLimit: 20,
        perDialTimeout: 15,
      },
    });
    // A trigger would delete and create; a delete would uninstall.
    expect(inputs["triggers"]).toBeUndefined();
    expect(inputs["delete"]).toBeUndefined();
    expect(recording.named("k3s-server-1").inputs["create"]).toContain("sudo");
  });

  it("keeps the token in a command of its own, secret, so that a preview shows everything else", async () => {
    const recording = await record(argsOf({}, () => pulumi.output("hunter2")));
    const all = JSON.stringify(recording.resources.map(({ inputs, outputs }) => ({ inputs, outputs })));
    expect(all).not.toContain("hunter2");
    const { inputs } = recording.named("k3s-agent-1-token");
    expect(containsSecret(inputs["stdin"])).toBe(true);
    expect(revealSecrets(inputs["stdin"])).toBe(
      "host agent-1\nconverge 0\nsecret-file 0600 /etc/rancher/k3s/token\n| hunter2\nend\n",
    );
    expect(inputs["create"]).toBe("/usr/local/lib/seldon-k3s/run token");
    expect(containsSecret(recording.named("k3s-agent-1").inputs["stdin"])).toBe(false);
    expect(recording.isAfter(recording.named("k3s-agent-1"), recording.named("k3s-agent-1-token"))).toBe(true);
    expect(containsSecret(recording.named("k3s").inputs["token"])).toBe(true);
  });

  it("uninstalls a removed machine only where the stack says so, and after its node has left", async () => {
    const recording = await record(argsOf({ hosts: { ...HOSTS, uninstallOnDelete: true } }));
    expect(recording.named("k3s-agent-1").inputs["delete"]).toBe("/usr/local/lib/seldon-k3s/run uninstall");
    const leaving = recording.named("k3s-agent-1-node");
    expect(leaving.inputs["delete"]).toBe("node tools/run.mjs rollout remove-node");
    expect(leaving.inputs["create"]).toBeUndefined();
    // Deleted in the reverse order.
    expect(recording.isAfter(leaving, recording.named("k3s-agent-1"))).toBe(true);
  });

  it("has no input of the kubeconfig's that a change of a machine moves", async () => {
    const stdinOf = async (sections: Record<string, unknown>) =>
      (await record(argsOf(sections))).named("k3s-kubeconfig").inputs["stdin"];
    const labelled = { ...HOSTS, batch: 2, converge: 7, moveUnitFlags: true };
    expect(await stdinOf({ hosts: labelled, k3s: { version: "v1.33.1+k3s1" } })).toBe(await stdinOf({}));
  });

  it("declares nothing but itself without machines", async () => {
    const recording = await record(argsOf({ hosts: undefined }));
    expect(recording.resources.map(({ name }) => name)).toEqual(["k3s"]);
  });

  it.each([0, 1, 2, 3, 4, 5])("accepts servers that differ in the backend while cni.upTo is %i", async (upTo) => {
    const cni = { provider: "calico", leaving: "flannel", upTo };
    await expect(record(argsOf({ cni }))).resolves.toBeDefined();
  });
});
