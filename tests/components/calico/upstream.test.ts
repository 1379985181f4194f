import { load } from "js-yaml";
import { crdSource } from "../../../components/calico/crds";
import { felixConfigurationSpec, MARK_MASK } from "../../../components/calico/felix-configuration";
import { automaticEndpoints, hostEndpoints, hostPolicy, hostTier } from "../../../components/calico/host-policy";
import { imageSet } from "../../../components/calico/image-set";
import { installationSpec } from "../../../components/calico/installation";
import { operatorValues } from "../../../components/calico/operator-values";
import { CALICO, CALICO_VERSIONS, type CalicoVersion } from "../../../config/compatibility";
import { crdSchema, describeWithUpstream, unknownValues, upstreamText, violations } from "../../support/crd-schema";
import { HOSTS, networkStack } from "../../support/network-stack";

const SECTIONS = {
  cni: { provider: "calico", leaving: "flannel" },
  calico: { registry: "registry.example.com", pool: { natOutgoing: false } },
};

/** A stack of a version in which every option of Calico that makes or changes an object is set. */
function everyOption(version: CalicoVersion) {
  const digest = `sha256:${"0".repeat(64)}`;
  const wish = { cpu: "50m", memory: "64Mi", memoryLimit: "128Mi" };
  return networkStack({
    hosts: HOSTS,
    calico: {
      version,
      pool: { cidr: "10.42.192.0/18" },
      pools: [
        { name: "models", cidr: "10.42.128.0/20", nodeLabels: { role: "models" } },
        { name: "asked", cidr: "10.42.144.0/20", onRequest: true },
      ],
      encapsulation: "VXLANCrossSubnet",
      wireguard: true,
      apiServer: "192.0.2.10:6443",
      hostEndpoints: {
        mode: "declared",
        enforce: true,
        sshClients: ["203.0.113.0/28"],
        allow: [{ reason: "scrapes", protocol: "UDP", ports: [9100, 9101], cidrs: ["10.42.0.0/16"] }],
      },
      registry: "registry.example.com/calico/",
      imagePath: "mirror/calico",
      imagePullSecrets: ["pull"],
      imageDigests: {
        version,
        operator: digest,
        images: Object.fromEntries(CALICO[version].images.map((image) => [image, digest])),
      },
      resources: { node: wish, typha: wish, kubeControllers: wish, operator: wish },
      controlPlane: { nodeLabels: { zone: "a" }, replicas: 2 },
    },
  });
}

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

    describe("with every option", () => {
      const all = everyOption(version);
      const crd = (name: string) => crdSchema(release, `${name}.crd.projectcalico.org`, "v1");
      const strict = { integerFormats };

      it.each(["iptables", "nftables", "bpf"])("takes the Installation and FelixConfiguration of %s", (dataplane) => {
        const stack = { ...all, calico: { ...all.calico, dataplane: dataplane as "bpf" } };
        expect(violations(installationSchema(), object(installationSpec(stack)), strict)).toEqual([]);
        expect(violations(felixSchema(), object(felixConfigurationSpec(stack)), strict)).toEqual([]);
        const chart = load(upstreamText(release, "tigera-operator.values.yaml"));
        expect(unknownValues(chart, operatorValues(stack))).toEqual([]);
      });

      it("takes the ImageSet", () => {
        const schema = crdSchema(release, "imagesets.operator.tigera.io", "v1");
        expect(violations(schema, object(imageSet(all.calico)?.spec ?? {}))).toEqual([]);
        expect(violations(schema, object({ images: [{ image: "calico/node" }] }))).toEqual([
          "spec.images[0]: digest is missing",
        ]);
      });

      it.each(["declared", "automatic"] as const)("takes the objects of %s host endpoints", (mode) => {
        const { hostEndpoints: own } = all.calico;
        const stack = { ...all, calico: { ...all.calico, hostEndpoints: { ...own, mode } } };
        expect(violations(crd("tiers"), object(hostTier().spec))).toEqual([]);
        expect(violations(crd("globalnetworkpolicies"), object(hostPolicy(stack).spec))).toEqual([]);
        expect(hostEndpoints(stack)).toHaveLength(5);
        for (const { spec } of hostEndpoints(stack)) {
          expect(violations(crd("hostendpoints"), object(spec))).toEqual([]);
        }
        expect(violations(crd("kubecontrollersconfigurations"), object(automaticEndpoints().spec))).toEqual([]);
      });

      it("would refuse a policy with a field or a port that is none", () => {
        const { spec } = hostPolicy(all);
        const rule = { action: "Allow", sources: {}, destination: { ports: [true] } };
        expect(violations(crd("globalnetworkpolicies"), object({ ...spec, ingress: [rule] }))).toEqual([
          "spec.ingress[0].sources: field not declared in schema",
          "spec.ingress[0].destination.ports[0]: expected integer or string",
        ]);
      });
    });

    it("knows the cluster-wide policies of Kubernetes that the table names, and not those of the other line", () => {
      const kinds = upstreamText(release, "crds.yaml").matchAll(/^ {4}kind: (\w*NetworkPolicy)$/gm);
      const cluster = [...kinds].map(([, kind]) => kind).filter((kind) => /^(Admin|Cluster)/.test(kind ?? ""));
      expect(cluster).toEqual([CALICO[version].clusterPolicies]);
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
