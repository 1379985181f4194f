import * as pulumi from "@pulumi/pulumi";
import { K3sCluster, type K3sClusterArgs } from "../../../components/k3s/k3s-cluster";
import { containsSecret, maskSecrets, revealSecrets } from "../../../inprocess/secrets";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const argsOf = (
  sections: Record<string, unknown> = {},
  token?: () => pulumi.Output<string>,
): (() => K3sClusterArgs) => {
  const { cluster, k3s, network, cni, hosts } = networkStack({ hosts: HOSTS, ...sections });
  return () => ({ cluster, k3s, network, cni, hosts, ...(token ? { token: token() } : {}) });
};

const record = (args: () => K3sClusterArgs) => recordComponent(() => void new K3sCluster("k3s", args()));

describe("K3sCluster", () => {
  it("declares nothing but itself and the rendered files", async () => {
    const recording = await record(argsOf());
    expect(recording.resources.map(({ type, name }) => [type, name])).toEqual([["seldon-k3s:index:K3sCluster", "k3s"]]);
    const outputs = recording.named("k3s").outputs as { files: Record<string, { path: string }[]> };
    expect(Object.keys(outputs)).toEqual(["files"]);
    expect(Object.keys(outputs.files).sort()).toEqual(["agent-1", "agent-2", "server-1", "server-2", "server-3"]);
  });

  it("keeps the token secret in inputs and outputs, and only the token", async () => {
    const recording = await record(argsOf({}, () => pulumi.secret("K10deadbeef::server:hunter2")));
    const { inputs, outputs } = recording.named("k3s");
    expect(JSON.stringify({ inputs, outputs })).not.toContain("hunter2");
    expect(containsSecret(inputs["token"])).toBe(true);
    const files = outputs?.["files"] as Record<string, { path: string; content: unknown }[]>;
    expect(files["agent-1"]?.map(({ content }) => containsSecret(content))).toEqual([false, true]);
    expect(maskSecrets(files["agent-1"]?.[1]?.content)).toBe("[secret]");
  });

  it("keeps a token secret that was not marked as one", async () => {
    const recording = await record(argsOf({}, () => pulumi.output("hunter2")));
    const { inputs, outputs } = recording.named("k3s");
    expect(JSON.stringify({ inputs, outputs })).not.toContain("hunter2");
  });

  it("writes the token itself, with a line's end, into the token file", async () => {
    const recording = await record(argsOf({}, () => pulumi.secret("hunter2")));
    const files = recording.named("k3s").outputs?.["files"] as Record<string, { content: unknown }[]>;
    expect(revealSecrets(files["server-1"]?.[1]?.content)).toBe("hunter2\n");
  });

  it("has no files without machines", async () => {
    const recording = await record(argsOf({ hosts: undefined }));
    expect(recording.named("k3s").outputs).toEqual({ files: {} });
  });

  it.each([0, 1, 2, 3, 4, 5])("accepts servers that differ in the backend while cni.upTo is %i", async (upTo) => {
    const cni = { provider: "calico", leaving: "flannel", upTo };
    await expect(record(argsOf({ cni }))).resolves.toBeDefined();
  });
});
