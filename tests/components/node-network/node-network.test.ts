import { NodeNetwork } from "../../../components/node-network/node-network";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

async function record(sections: Record<string, unknown>) {
  const { network, cni, hosts } = networkStack(sections);
  const recording = await recordComponent(() => void new NodeNetwork("node-network", { network, cni, hosts }));
  expect(recording.resources.map(({ type, name }) => [type, name])).toEqual([
    ["seldon-k3s:index:NodeNetwork", "node-network"],
  ]);
  return recording.named("node-network").outputs as {
    files: Record<string, { path: string }[]>;
    steps: { id: string }[];
  };
}

describe("NodeNetwork", () => {
  // Without an engine, Pulumi's log goes to the console.
  const warned = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  beforeEach(() => warned.mockClear());
  afterAll(() => warned.mockRestore());

  it("warns for as long as a CNI is being left, and only then", async () => {
    await record({ hosts: HOSTS, cni: { provider: "calico", leaving: "flannel" } });
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("on its way from flannel to calico and runs both"));
    await record({ hosts: HOSTS });
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it("declares two drop-ins a server and no step on a settled cluster", async () => {
    const { files, steps } = await record({ hosts: HOSTS });
    expect(Object.fromEntries(Object.entries(files).map(([name, own]) => [name, own.length]))).toEqual({
      "server-1": 2,
      "server-2": 2,
      "server-3": 2,
    });
    expect(steps).toEqual([]);
  });

  it("declares the guard on every node and the order of the steps while a CNI is being left", async () => {
    const { files, steps } = await record({ hosts: HOSTS, cni: { provider: "calico", leaving: "flannel" } });
    expect(Object.fromEntries(Object.entries(files).map(([name, own]) => [name, own.length]))).toEqual({
      "server-1": 4,
      "server-2": 4,
      "server-3": 4,
      "agent-1": 2,
      "agent-2": 2,
    });
    expect(steps.map(({ id }) => id)).toHaveLength(20);
    expect(steps.at(-1)?.id).toBe("policy/agent-2");
  });

  it("has nothing to declare without machines", async () => {
    expect(await record({ cni: { provider: "calico", leaving: "flannel" } })).toEqual({ files: {}, steps: [] });
  });
});
