import { subjectOf } from "../../../checks/subject";
import { NodeNetwork } from "../../../components/node-network/node-network";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const record = (sections: Record<string, unknown>) => {
  const config = networkStack(sections);
  const { network, cni, calico, k3s, hosts } = config;
  const args = { network, cni, calico, k3s, hosts, subject: subjectOf("test", config) };
  return recordComponent(() => void new NodeNetwork("net", args));
};

const NODES = ["server-1", "server-2", "server-3", "agent-1", "agent-2"];
const all = (kind: string): string[] => NODES.map((node) => `net-${kind}-${node}`);
const toCalico = { provider: "calico", leaving: "flannel" };
const toFlannel = { provider: "flannel", leaving: "calico" };

describe("NodeNetwork", () => {
  // Without an engine, Pulumi's log goes to the console.
  const warned = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  beforeEach(() => warned.mockClear());
  afterAll(() => warned.mockRestore());

  it("warns for as long as a CNI is being left, and only then", async () => {
    await record({ hosts: HOSTS, cni: toCalico });
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("on its way from flannel to calico and runs both"));
    await record({ hosts: HOSTS });
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it("declares the two settings of every machine, and nothing else, on a settled cluster", async () => {
    const recording = await record({ hosts: HOSTS });
    const names = recording.resources.map(({ name }) => name);
    expect(names.sort()).toEqual(["net", ...all("backend"), ...all("policy")].sort());
    const server = recording.named("net-backend-server-1").inputs;
    expect(server["create"]).toBe("/usr/local/lib/seldon-k3s/run settings");
    expect(server["stdin"]).toBe(
      [
        "host server-1",
        "role server",
        "expect-backend none",
        "move-unit-flags no",
        "put-back-unit-flags no",
        "converge 0",
        "other-server server-2",
        "other-server server-3",
        "file 0600 /etc/rancher/k3s/config.yaml.d/90-cni.yaml",
        "| # Written by seldon-k3s from the stack's configuration.",
        '| flannel-backend: "none"',
        "end",
        "",
      ].join("\n"),
    );
    expect(recording.named("net-policy-agent-1").inputs["stdin"]).toContain("expect-policy-controller off\n");
    expect(recording.named("net-policy-agent-1").inputs["stdin"]).not.toContain("file ");
  });

  it("gives a switch the same requests as the settled cluster after it, so that nothing runs again", async () => {
    const during = await record({ hosts: HOSTS, cni: toCalico });
    const after = await record({ hosts: HOSTS });
    for (const name of [...all("backend"), ...all("policy")]) {
      expect([name, after.named(name).inputs["stdin"]]).toEqual([name, during.named(name).inputs["stdin"]]);
    }
  });

  it("goes preflight, copy, guards, nodes, policy controller and leftovers on the way to Calico", async () => {
    const recording = await record({ hosts: HOSTS, cni: toCalico });
    const order = [
      "net-preflight",
      "net-backup",
      "net-guard-agent-2",
      "net-backend-server-1",
      "net-pods-server-1",
      "net-backend-server-2",
      "net-pods-server-3",
      "net-backend-agent-1",
      "net-pods-agent-1",
      "net-policy-server-1",
      "net-clean-server-1",
      "net-policy-server-2",
      "net-clean-agent-2",
    ];
    for (const [index, later] of order.entries()) {
      const earlier = order[index - 1];
      if (earlier === undefined) continue;
      expect([earlier, later, recording.isAfter(recording.named(later), recording.named(earlier))]).toEqual([
        earlier,
        later,
        true,
      ]);
    }
    expect(recording.named("net-guard-agent-2").inputs).toMatchObject({
      create: "/usr/local/lib/seldon-k3s/run guard present",
      delete: "/usr/local/lib/seldon-k3s/run guard absent",
    });
    expect(recording.named("net-spread").inputs).toMatchObject({
      create: "node tools/run.mjs rollout spread",
      delete: "node tools/run.mjs rollout unspread",
    });
  });

  it("cleans exactly what Flannel and K3s' policy controller leave", async () => {
    const recording = await record({ hosts: HOSTS, cni: toCalico });
    const request = String(recording.named("net-clean-agent-1").inputs["stdin"]).split("\n");
    expect(request).toEqual(expect.arrayContaining(["in-use refuse", "network cbr0", "link flannel.1", "link cni0"]));
    expect(request).toEqual(expect.arrayContaining(["chain FLANNEL-POSTRTG", "chain KUBE-POD-FW-", "ipset KUBE-SRC-"]));
    expect(request.filter((line) => /cali/.test(line))).toEqual([]);
  });

  it("proves a node against a converted and an unconverted peer, none of its own batch", async () => {
    const recording = await record({ hosts: HOSTS, cni: toCalico });
    const peersOf = (node: string) =>
      (
        JSON.parse(String(recording.named(`net-pods-${node}`).inputs["stdin"])) as {
          peers: { node: string; cni: string }[];
        }
      ).peers.map(({ node, cni }) => `${node} ${cni}`);
    expect(peersOf("server-1")).toEqual(["agent-2 flannel"]);
    expect(peersOf("server-2")).toEqual(["server-1 calico", "agent-2 flannel"]);
    // agent-1 and agent-2 change together.
    expect(peersOf("agent-1")).toEqual(["server-3 calico"]);
    expect(peersOf("agent-2")).toEqual(["server-3 calico"]);
  });

  it("copies the datastore to the second server, or where the stack says", async () => {
    const target = async (hosts: Record<string, unknown>) => {
      const recording = await record({ hosts, cni: toFlannel });
      const subject = JSON.parse(String(recording.named("net-backup").inputs["stdin"])) as Record<
        string,
        { name: string }
      >;
      return [subject["source"]?.name, subject["to"]?.name];
    };
    expect(await target(HOSTS)).toEqual(["server-1", "server-2"]);
    expect(await target({ ...HOSTS, backup: { to: "agent-2" } })).toEqual(["server-1", "agent-2"]);
  });

  it.each([
    ["Amazon's own", { bucket: "copies", region: "eu-central-1" }, { prefix: "seldon-k3s", forcePathStyle: false }],
    [
      "another store",
      { bucket: "copies", region: "us-east-1", prefix: "a/b", endpoint: "https://s3.example.com:9000" },
      { forcePathStyle: true },
    ],
  ])("copies the datastore of the only server to a bucket: %s", async (_, s3, more) => {
    const hosts = { ...HOSTS, servers: [(HOSTS["servers"] as unknown[])[0]], backup: { s3 } };
    const recording = await record({ hosts, cni: toCalico });
    const subject = JSON.parse(String(recording.named("net-backup").inputs["stdin"])) as Record<string, unknown>;
    expect(subject).not.toHaveProperty("to");
    expect(subject["s3"]).toEqual({ ...s3, ...more });
  });

  it("has nothing to declare without machines", async () => {
    const recording = await record({ cni: toCalico });
    expect(recording.resources.map(({ name }) => name)).toEqual(["net"]);
  });
});
