import { load } from "js-yaml";
import { crdSource } from "../../../components/calico/crds";
import { felixConfigurationSpec, MARK_MASK } from "../../../components/calico/felix-configuration";
import { installationSpec } from "../../../components/calico/installation";
import { operatorValues } from "../../../components/calico/operator-values";
import { CALICO, CALICO_VERSIONS } from "../../../config/compatibility";
import { crdSchema, describeWithUpstream, unknownValues, upstreamText, violations } from "../../support/crd-schema";
import { networkStack } from "../../support/network-stack";

const SECTIONS = {
  cni: { provider: "calico", leaving: "flannel" },
  calico: { registry: "registry.example.com", pool: { natOutgoing: false } },
};

describeWithUpstream("what Calico's own files declare", () => {
  describe.each(CALICO_VERSIONS)("Calico %s", (version) => {
    const release = `calico-v${version}`;
    const config = networkStack({ ...SECTIONS, calico: { ...SECTIONS.calico, version } });
    const object = (spec: object) => ({ apiVersion: "v1", kind: "K", metadata: { name: "default" }, spec });
    const installationSchema = () => crdSchema(release, "installations.operator.tigera.io", "v1");
    const felixSchema = () => crdSchema(release, "felixconfigurations.crd.projectcalico.org", "v1");
    // Kubernetes 1.36 is the first to enforce `format: int32`.
    const integerFormats = CALICO[version].kubernetes[1] >= 36;

    it("has every field of the Installation, with the types and values that it takes", () => {
      expect(violations(installationSchema(), object(installationSpec(config)), { integerFormats: true })).toEqual([]);
    });

    it("refuses a wrong field, a wrong value and a wrong type in the Installation", () => {
      const { calicoNetwork, ...rest } = installationSpec(config);
      const [pool] = calicoNetwork.ipPools;
      const wrong = {
        ...rest,
        calicoNetwork: { ...calicoNetwork, bgp: "Off", mtuu: 1, ipPools: [{ ...pool, blockSize: "26" }] },
      };
      expect(violations(installationSchema(), object(wrong))).toEqual([
        'spec.calicoNetwork.bgp: "Off" is not one of Enabled, Disabled',
        'spec.calicoNetwork.ipPools[0].blockSize: expected integer, got "26"',
        "spec.calicoNetwork.mtuu: field not declared in schema",
      ]);
    });

    it("has every field of the FelixConfiguration", () => {
      expect(violations(felixSchema(), object(felixConfigurationSpec(config)), { integerFormats })).toEqual([]);
      expect(violations(felixSchema(), object({ iptablesMarkMaskk: 1 }))).toEqual([
        "spec.iptablesMarkMaskk: field not declared in schema",
      ]);
    });

    it("has an APIServer that takes an empty spec", () => {
      const schema = crdSchema(release, "apiservers.operator.tigera.io", "v1");
      expect(violations(schema, object({}))).toEqual([]);
      expect(violations(schema, object({ enabled: true }))).toEqual(["spec.enabled: field not declared in schema"]);
    });

    it("has every value of the operator's chart that the stack sets", () => {
      const chart = load(upstreamText(release, "tigera-operator.values.yaml"));
      expect(unknownValues(chart, operatorValues(config))).toEqual([]);
      expect(unknownValues(chart, { installation: { enabledd: false }, tigeraOperator: { registry: "r" } })).toEqual([
        "installation.enabledd",
      ]);
    });

    it("pins the operator that the compatibility table names", () => {
      const chart = load(upstreamText(release, "tigera-operator.values.yaml")) as {
        tigeraOperator: { version: string };
      };
      expect(chart.tigeraOperator.version).toBe(`v${CALICO[version].operator}`);
    });
  });

  it("shows why the 3.32 line has a mask of its own: 0xfff00000 is no int32", () => {
    const schema = crdSchema("calico-v3.32.1", "felixconfigurations.crd.projectcalico.org", "v1");
    const old = { spec: { iptablesMarkMask: MARK_MASK["3.31.7"] } };
    expect(violations(schema, old, { integerFormats: true })).toEqual([
      "spec.iptablesMarkMask: 4293918720 is no int32",
    ]);
    expect(violations(schema, old)).toEqual([]);
  });
});

describe("crdSource", () => {
  it("needs a chart of its own from 3.32 on, and then no operator that manages the CRDs", () => {
    expect(crdSource("3.31.7")).toEqual({ managedByOperator: true });
    expect(crdSource("3.32.1")).toEqual({ chart: "crd.projectcalico.org.v1", managedByOperator: false });
  });
});
