/** What is installed, and what must not go. */
import { UNKNOWN } from "../../../policy-pack/resource";
import { namespace, network, pod, release, resource, RUNTIME } from "../support";
import { fails, passes, unknown, type RuleCases } from "./case";

const WHOLE = `sha256:${"0".repeat(64)}`;

export const ARTIFACT_CASES: RuleCases = {
  "charts-pinned": [
    passes("a pulled folder", release({ chart: RUNTIME })),
    passes("a pulled folder, as the provider completes it", release({ chart: RUNTIME, version: "" })),
    passes("an exact version", release({ chart: "oci://registry.example.com/charts/x", version: "1.2.3" })),
    fails("no version", release({ chart: "tigera-operator" }), "chart"),
    fails("a range", release({ chart: "tigera-operator", version: "^3.31.0" }), "chart"),
    fails("pre-releases", release({ chart: RUNTIME, devel: true }), "devel"),
    unknown("the chart", release({ chart: UNKNOWN }), "chart"),
    unknown("the version", release({ chart: "x", version: UNKNOWN }), "chart"),
  ],
  "images-pinned": [
    passes("a tag", pod({ image: "registry.example.com:5000/seldon/mlserver:1.6.0" })),
    passes("a digest", pod({ image: `registry.example.com/mlserver@${WHOLE}` })),
    passes(
      "a tag beside the name",
      release({ values: { tigeraOperator: { image: "a/operator", version: "v1.40.15" } } }),
    ),
    fails("no tag", pod({ image: "registry.example.com:5000/mlserver" }), "spec.podSpec.containers[0].image"),
    fails("latest", pod({ image: "mlserver:latest" }), "spec.podSpec.containers[0].image"),
    fails("latest in values", release({ values: { envoy: { image: { tag: "latest" } } } }), "values.envoy.image.tag"),
    fails("half a digest", pod({ image: "mlserver@sha256:00" }), "spec.podSpec.containers[0].image"),
    fails(
      "the probes' image",
      resource("seldon-k3s:index:Validation", { validation: { probeImage: "busybox" } }),
      "validation.probeImage",
    ),
    fails(
      "half a digest in an ImageSet",
      resource("kubernetes:operator.tigera.io/v1:ImageSet", {
        spec: { images: [{ image: "calico/cni", digest: "sha256:00" }] },
      }),
      "spec.images[0].digest",
    ),
    unknown("an image", pod({ image: UNKNOWN }), "spec.podSpec.containers[0].image"),
    unknown(
      "a digest",
      resource("kubernetes:operator.tigera.io/v1:ImageSet", { spec: { images: UNKNOWN } }),
      "spec.images",
    ),
  ],
  "protected-resources": [
    passes("a protected namespace", namespace("models")),
    passes(
      "a stack that is thrown away",
      namespace("models", { protect: false, urn: "urn:pulumi:dev::seldon-k3s::kubernetes:core/v1:Namespace::it" }),
    ),
    passes("Calico's namespace while Calico is left", [
      namespace("tigera-operator", { protect: false }),
      network({ provider: "flannel", leaving: "calico" }),
    ]),
    fails("a namespace", namespace("models", { protect: false }), "options.protect"),
    fails("a release of CRDs", release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }), "options.protect"),
    fails("what was protected before", { resources: [], before: [namespace("models")] }, ""),
    unknown("a chart", release({ chart: UNKNOWN }), "chart"),
  ],
  "crds-kept": [
    passes("a retained release", release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: true })),
    passes(
      "a protected one whose option the engine does not show",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: undefined, protect: true }),
    ),
    passes(
      "cert-manager's own way",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: { enabled: true, keep: true } } }),
    ),
    fails(
      "a release that takes them along",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }),
      "options.retainOnDelete",
    ),
    fails(
      "a definition",
      resource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"),
      "options.retainOnDelete",
    ),
    fails(
      "cert-manager without keep",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: { enabled: true, keep: false } } }),
      "values.crds.keep",
    ),
    unknown(
      "the option, in the engine",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: undefined }),
      "options.retainOnDelete",
    ),
    unknown("the chart", release({ chart: UNKNOWN }), "chart"),
    unknown(
      "the value",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: UNKNOWN } }),
      "values.crds.keep",
    ),
  ],
};
