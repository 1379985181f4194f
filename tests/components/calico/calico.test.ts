import * as k8s from "@pulumi/kubernetes";
import { subjectOf } from "../../../checks/subject";
import { Calico } from "../../../components/calico/calico";
import { felixConfigurationSpec } from "../../../components/calico/felix-configuration";
import { installationSpec } from "../../../components/calico/installation";
import { operatorValues } from "../../../components/calico/operator-values";
import { networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const record = (sections: Record<string, unknown> = {}) => {
  const config = networkStack(sections);
  const { cluster, network, calico, cni, charts, protect } = config;
  const args = { cluster, network, calico, cni, charts, protect, subject: subjectOf("test", config) };
  return recordComponent(() => {
    const provider = new k8s.Provider("provider", { kubeconfig: "kubeconfig-test.yaml", clusterIdentifier: "test" });
    void new Calico("calico", args, { provider });
  });
};
type Recorded = Awaited<ReturnType<typeof record>>;

const childNames = (recording: Recorded) =>
  recording
    .childrenOf(recording.named("calico"))
    .map(({ type, name }) => `${type} ${name}`)
    .sort();

/** Each of the names is created after the one before it. */
function expectOrder(recording: Recorded, names: readonly string[]): void {
  const pairs = names
    .slice(1)
    .map((name, index) => [recording.named(names[index] ?? ""), recording.named(name)] as const);
  const unordered = pairs.filter(([earlier, later]) => !recording.isAfter(later, earlier));
  expect(unordered.map(([earlier, later]) => `${later.name} does not wait for ${earlier.name}`)).toEqual([]);
}

describe("Calico", () => {
  it("declares namespace, operator, custom resources and gate for 3.31, all as its children", async () => {
    const recording = await record();
    expect(recording.one("seldon-k3s:index:Calico").name).toBe("calico");
    expect(childNames(recording)).toEqual([
      "command:local:Command calico-ready",
      "kubernetes:core/v1:Namespace calico-namespace",
      "kubernetes:crd.projectcalico.org/v1:FelixConfiguration calico-felix-configuration",
      "kubernetes:helm.sh/v3:Release calico-operator",
      "kubernetes:operator.tigera.io/v1:APIServer calico-api-server",
      "kubernetes:operator.tigera.io/v1:Installation calico-installation",
    ]);
    // The provider, the component and its children: nothing else.
    expect(recording.resources).toHaveLength(8);
    expect(Object.keys(recording.named("calico").outputs ?? {})).toEqual(["ready"]);
  });

  it("adds the release of the CRDs for 3.32", async () => {
    const recording = await record({ calico: { version: "3.32.1" } });
    expect(childNames(recording)).toHaveLength(8);
    expect(recording.named("calico-crds").inputs).toMatchObject({
      chart: "./charts/crd.projectcalico.org.v1-3.32.1",
      name: "calico-crds",
      namespace: "tigera-operator",
      takeOwnership: true,
      values: {},
    });
    expect(recording.named("calico-operator").inputs).toMatchObject({ chart: "./charts/tigera-operator-3.32.1" });
  });

  it("makes them in the order that Felix and the operator need", async () => {
    const tail = [
      "calico-operator",
      "calico-felix-configuration",
      "calico-installation",
      "calico-api-server",
      "calico-ready",
    ];
    expectOrder(await record(), ["calico-namespace", ...tail]);
    const later = await record({ calico: { version: "3.32.1" } });
    expectOrder(later, ["calico-namespace", "calico-upgrade", "calico-crds", ...tail]);
  });

  it("passes on exactly what was rendered", async () => {
    const sections = { cni: { provider: "calico", leaving: "flannel" } };
    const recording = await record(sections);
    const config = networkStack(sections);
    expect(recording.named("calico-namespace").inputs).toMatchObject({
      metadata: {
        name: "tigera-operator",
        labels: {
          "app.kubernetes.io/managed-by": "seldon-k3s",
          name: "tigera-operator",
          "pod-security.kubernetes.io/enforce": "privileged",
        },
      },
    });
    expect(recording.named("calico-operator").inputs).toMatchObject({
      chart: "./charts/tigera-operator-3.31.7",
      name: "tigera-operator",
      namespace: "tigera-operator",
      values: operatorValues(config),
    });
    const metadata = { name: "default", labels: { "app.kubernetes.io/managed-by": "seldon-k3s" } };
    expect(recording.named("calico-felix-configuration").inputs).toEqual({
      apiVersion: "crd.projectcalico.org/v1",
      kind: "FelixConfiguration",
      metadata,
      spec: felixConfigurationSpec(config),
    });
    expect(recording.named("calico-installation").inputs).toEqual({
      apiVersion: "operator.tigera.io/v1",
      kind: "Installation",
      metadata,
      spec: installationSpec(config),
    });
    expect(recording.named("calico-api-server").inputs).toEqual({
      apiVersion: "operator.tigera.io/v1",
      kind: "APIServer",
      metadata,
      spec: {},
    });
    expect(recording.named("calico-ready").inputs["create"]).toBe("node tools/run.mjs gate calico-ready");
  });

  it("declares the pool of Flannel's range only while a CNI is being left", async () => {
    const pools = async (cni: Record<string, unknown>) => {
      const { spec } = (await record({ cni })).named("calico-installation").inputs as {
        spec: { calicoNetwork: { ipPools: { cidr: string }[] } };
      };
      return spec.calicoNetwork.ipPools.map(({ cidr }) => cidr);
    };
    expect(await pools({ provider: "calico" })).toEqual(["10.42.128.0/17"]);
    expect(await pools({ provider: "calico", leaving: "flannel" })).toEqual(["10.42.128.0/17", "10.42.0.0/17"]);
  });

  it("runs the gate again when the version or the Installation changes", async () => {
    const triggers = async (sections: Record<string, unknown>) =>
      JSON.stringify((await record(sections)).named("calico-ready").inputs["triggers"]);
    const first = await triggers({});
    expect(await triggers({})).toBe(first);
    expect(await triggers({ calico: { version: "3.32.1" } })).not.toBe(first);
    expect(await triggers({ network: { podMtu: 1400 } })).not.toBe(first);
  });

  it("makes every Kubernetes object by the provider that the component was given", async () => {
    const recording = await record({ calico: { version: "3.32.1" } });
    const provider = recording.named("provider").urn;
    const objects = recording.resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(objects).toHaveLength(6);
    expect(objects.filter((object) => !object.provider?.startsWith(provider))).toEqual([]);
    expect(recording.ofType("pulumi:providers:kubernetes")).toHaveLength(1);
  });

  describe("protection", () => {
    const protectedNames = async (sections: Record<string, unknown>) =>
      (await record({ calico: { version: "3.32.1" }, ...sections })).resources
        .filter(({ options }) => options.protect === true)
        .map(({ name }) => name)
        .sort();

    it("holds namespace and CRDs where the stack asks for it", async () => {
      expect(await protectedNames({ protect: true })).toEqual(["calico-crds", "calico-namespace"]);
      expect(await protectedNames({ protect: false })).toEqual([]);
    });

    it("ends while Calico is being left, so that the next deployment can take it away", async () => {
      expect(await protectedNames({ cni: { provider: "flannel", leaving: "calico" } })).toEqual([]);
      expect(await protectedNames({ cni: { provider: "calico", leaving: "flannel" } })).toHaveLength(2);
    });

    it("retains the CRDs' release, and only that, when it is deleted", async () => {
      const recording = await record({ calico: { version: "3.32.1" }, protect: false });
      const retained = recording.resources.filter(({ options }) => options.retainOnDelete === true);
      expect(retained.map(({ name }) => name)).toEqual(["calico-crds"]);
    });
  });
});
