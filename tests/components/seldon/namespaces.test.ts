import { SeldonNamespaces } from "../../../components/seldon/namespaces";
import { recordComponent } from "../../support/record";

const declare = (namespaces: string[], protect: boolean) =>
  recordComponent(() => ({ names: new SeldonNamespaces("namespaces", { namespaces, protect }).names }));

describe("component SeldonNamespaces", () => {
  test("declares each namespace under itself with our label", async () => {
    const recording = await declare(["financial-ml", "tenant-a"], true);
    const component = recording.one("seldon-k3s:index:SeldonNamespaces", "namespaces");
    const children = recording.childrenOf(component);
    expect(children.map(({ type, name }) => [type, name]).sort()).toEqual([
      ["kubernetes:core/v1:Namespace", "namespaces-financial-ml"],
      ["kubernetes:core/v1:Namespace", "namespaces-tenant-a"],
    ]);
    expect(recording.named("namespaces-tenant-a").inputs).toEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "tenant-a", labels: { "app.kubernetes.io/managed-by": "seldon-k3s" } },
    });
    expect(recording.outputs).toEqual({ names: ["financial-ml", "tenant-a"] });
  });

  test.each([true, false])("protects them by configuration: %s", async (protect) => {
    const recording = await declare(["financial-ml"], protect);
    expect(recording.named("namespaces-financial-ml").options.protect ?? false).toBe(protect);
  });
});
