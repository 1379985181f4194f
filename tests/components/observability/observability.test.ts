import * as k8s from "@pulumi/kubernetes";
import { digest } from "../../../components/canonical";
import { Observability } from "../../../components/observability/observability";
import { renderObservability } from "../../../components/observability/render";
import type { StackConfig } from "../../../config/schema";
import { everything, watchedStack } from "../../support/observability-stack";
import { recordComponent } from "../../support/record";

const declare = ({ observability, policies, seldon, calico, cni }: StackConfig) =>
  recordComponent(() => {
    const provider = new k8s.Provider("provider", { kubeconfig: "kubeconfig-test.yaml", clusterIdentifier: "test" });
    const args = { observability, policies, seldon, calico, cni };
    return { names: new Observability("observability", args, { provider }).names };
  });

describe("component Observability", () => {
  test("declares each rendered object under itself, with the provider that it was given, and nothing else", async () => {
    const config = everything();
    const recording = await declare(config);
    const component = recording.one("seldon-k3s:index:Observability", "observability");
    const children = recording.childrenOf(component);
    const rendered = renderObservability(config);
    const texts = (values: readonly unknown[]) => values.map((value) => digest(value)).sort();
    expect(texts(children.map(({ inputs }) => inputs))).toEqual(texts(rendered));
    expect(children.filter(({ name }) => !name.startsWith("observability-"))).toEqual([]);
    const provider = recording.named("provider").urn;
    expect(children.filter((child) => !child.provider?.startsWith(provider))).toEqual([]);
    expect(recording.resources).toHaveLength(children.length + 2);
    expect(recording.outputs["names"]).toContain("ServiceMonitor monitoring/seldon-k3s-felix");
    expect(recording.outputs["names"]).toContain("Goldmane default");
  });

  test("declares nothing but itself in mode none", async () => {
    const recording = await declare(watchedStack({ observability: { mode: "none" } }));
    expect(recording.resources.map(({ name }) => name).sort()).toEqual(["observability", "provider"]);
    expect(recording.outputs).toEqual({ names: [] });
  });
});
