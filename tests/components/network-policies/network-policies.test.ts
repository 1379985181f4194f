import { NetworkPolicies } from "../../../components/network-policies/network-policies";
import { policyContext } from "../../../components/network-policies/context";
import { renderPolicies } from "../../../components/network-policies/render";
import { recordComponent } from "../../support/record";
import { seldonStack } from "../../support/seldon-stack";

const declare = (...sections: Parameters<typeof seldonStack>) =>
  recordComponent(() => ({ names: new NetworkPolicies("policies", seldonStack(...sections)).names }));

describe("component NetworkPolicies", () => {
  test("declares each rendered policy under itself, named by namespace and policy", async () => {
    const tenants = { seldon: { tenants: [{ namespace: "tenant-a" }] } };
    const recording = await declare(tenants);
    const component = recording.one("seldon-k3s:index:NetworkPolicies", "policies");
    const children = recording.childrenOf(component);
    const rendered = new Map(
      renderPolicies(policyContext(seldonStack(tenants))).map((policy) => [
        `policies-${policy.metadata.namespace}-${policy.metadata.name}`,
        policy,
      ]),
    );

    expect(children.map((child) => child.name).sort()).toEqual([...rendered.keys()].sort());
    expect(new Set(children.map((child) => child.type))).toEqual(
      new Set(["kubernetes:networking.k8s.io/v1:NetworkPolicy"]),
    );
    for (const child of children) {
      expect(child.inputs).toEqual(rendered.get(child.name));
      // The provider's SDK adds the aliases; nothing else is set.
      expect(Object.keys(child.options)).toEqual(["aliases"]);
    }
    expect(recording.resources).toHaveLength(children.length + 1);
    expect(recording.outputs["names"]).toContain("tenant-a/default-deny");
  });

  test("has another fingerprint when a policy changes", async () => {
    const fingerprint = async (policies: Record<string, unknown>) =>
      (await declare({ policies })).one("NetworkPolicies").outputs?.["fingerprint"];
    const before = await fingerprint({});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint({})).toBe(before);
    expect(await fingerprint({ storage: { ports: [9000] } })).not.toBe(before);
  });

  test("declares nothing when policies are off", async () => {
    const recording = await declare({ policies: { enabled: false } });
    expect(recording.resources.map((resource) => resource.type)).toEqual(["seldon-k3s:index:NetworkPolicies"]);
    expect(recording.outputs).toEqual({ names: [] });
  });
});
