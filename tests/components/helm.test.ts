import * as k8s from "@pulumi/kubernetes";
import { chartPath, release } from "../../components/helm";
import { recordComponent } from "../support/record";

describe("chartPath", () => {
  it.each([
    ["charts", "./charts/tigera-operator-3.31.7"],
    ["charts/", "./charts/tigera-operator-3.31.7"],
    ["./charts", "./charts/tigera-operator-3.31.7"],
    ["../charts", "../charts/tigera-operator-3.31.7"],
    ["/srv/charts", "/srv/charts/tigera-operator-3.31.7"],
  ])("folder %s gives %s, which Helm never looks for on the network", (folder, expected) => {
    expect(chartPath(folder, "tigera-operator", "3.31.7")).toBe(expected);
    expect(chartPath(folder, "tigera-operator", "3.31.7")).toMatch(/^[./]/);
  });
});

describe("release", () => {
  const args = { folder: "charts", chart: "c", version: "1.2.3", releaseName: "r", namespace: "n" };

  it("waits, is bounded, and passes the options on", async () => {
    const recording = await recordComponent(() => {
      const namespace = new k8s.core.v1.Namespace("ns", { metadata: { name: "n" } });
      release("rel", { ...args, values: { a: { b: 1 } } }, { dependsOn: [namespace], retainOnDelete: true });
    });
    const made = recording.one("kubernetes:helm.sh/v3:Release", "rel");
    expect(made.inputs).toEqual({
      compat: "true",
      chart: "./charts/c-1.2.3",
      name: "r",
      namespace: "n",
      values: { a: { b: 1 } },
      timeout: 600,
      maxHistory: 5,
      skipAwait: false,
      createNamespace: false,
    });
    expect(made.options.retainOnDelete).toBe(true);
    expect(made.dependencies).toEqual([recording.named("ns").urn]);
  });

  it("takes ownership only where asked", async () => {
    const recording = await recordComponent(() => {
      release("plain", args, {});
      release("owning", { ...args, takeOwnership: true }, {});
    });
    expect(recording.named("plain").inputs).not.toHaveProperty("takeOwnership");
    expect(recording.named("owning").inputs).toMatchObject({ takeOwnership: true });
  });
});
