import { SeldonNamespaces } from "../../../components/seldon/namespaces";
import { recordComponent } from "../../support/record";
import { seldonStack } from "../../support/seldon-stack";

const declare = (seldon: Record<string, unknown>, protect = true, takeOver?: boolean) =>
  recordComponent(() => ({
    names: new SeldonNamespaces("namespaces", { seldon: seldonStack({ seldon }).seldon, protect, takeOver }).names,
  }));

const LEVEL = "pod-security.kubernetes.io/enforce";

describe("component SeldonNamespaces", () => {
  test("declares each namespace under itself with our label and the Pod Security level", async () => {
    const recording = await declare({ tenants: [{ namespace: "tenant-a" }] });
    const component = recording.one("seldon-k3s:index:SeldonNamespaces", "namespaces");
    const children = recording.childrenOf(component);
    expect(children.map(({ type, name }) => [type, name]).sort()).toEqual([
      ["kubernetes:core/v1:Namespace", "namespaces-financial-ml"],
      ["kubernetes:core/v1:Namespace", "namespaces-tenant-a"],
    ]);
    expect(recording.named("namespaces-tenant-a").inputs).toEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "tenant-a", labels: { "app.kubernetes.io/managed-by": "seldon-k3s", [LEVEL]: "baseline" } },
    });
    expect(recording.outputs).toEqual({ names: ["financial-ml", "tenant-a"] });
  });

  test("gives the operator's own namespace baseline whatever the runtimes have, and puts it first", async () => {
    const recording = await declare({
      operatorNamespace: "seldon-system",
      podSecurity: "restricted",
      tenants: [{ namespace: "old", podSecurity: "privileged" }],
    });
    const level = (name: string) =>
      (recording.named(name).inputs["metadata"] as { labels: Record<string, string> }).labels[LEVEL];
    expect(level("namespaces-seldon-system")).toBe("baseline");
    expect(level("namespaces-financial-ml")).toBe("restricted");
    expect(level("namespaces-old")).toBe("privileged");
    expect(recording.outputs).toEqual({ names: ["seldon-system", "financial-ml", "old"] });
  });

  test("gives each runtime its own quota and limits, after its namespace, and the operator's namespace none", async () => {
    const recording = await declare({
      operatorNamespace: "seldon-system",
      quota: { pods: 40 },
      limits: {},
      tenants: [{ namespace: "tenant-a", quota: { pods: 60, memory: "32Gi" } }],
    });
    const hard = (name: string) => recording.named(name).inputs["spec"];
    expect(recording.ofType("ResourceQuota").map(({ name }) => name)).toEqual([
      "namespaces-quota-financial-ml",
      "namespaces-quota-tenant-a",
    ]);
    expect(hard("namespaces-quota-financial-ml")).toEqual({
      hard: { pods: "40", "services.loadbalancers": "0", "services.nodeports": "0" },
    });
    expect(hard("namespaces-quota-tenant-a")).toMatchObject({
      hard: { pods: "60", "requests.memory": "32Gi", "limits.memory": "32Gi" },
    });
    expect(recording.ofType("LimitRange").map(({ name }) => name)).toEqual([
      "namespaces-limits-financial-ml",
      "namespaces-limits-tenant-a",
    ]);
    const namespace = recording.named("namespaces-tenant-a");
    for (const name of ["namespaces-quota-tenant-a", "namespaces-limits-tenant-a"]) {
      expect(recording.isAfter(recording.named(name), namespace)).toBe(true);
    }
  });

  test("reports what is beyond the level, and refuses nothing, while a cluster is taken over", async () => {
    const recording = await declare({}, true, true);
    expect(recording.named("namespaces-financial-ml").inputs["metadata"]).toMatchObject({
      labels: {
        "app.kubernetes.io/managed-by": "seldon-k3s",
        "pod-security.kubernetes.io/warn": "baseline",
        "pod-security.kubernetes.io/audit": "baseline",
      },
    });
    expect(JSON.stringify(recording.named("namespaces-financial-ml").inputs)).not.toContain("/enforce");
  });

  test.each([true, false])("protects them by configuration: %s", async (protect) => {
    const recording = await declare({}, protect);
    expect(recording.named("namespaces-financial-ml").options.protect ?? false).toBe(protect);
  });
});
