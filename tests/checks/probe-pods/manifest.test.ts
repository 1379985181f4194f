/** What a probe pod is allowed to be, by the words of the restricted Pod Security Standard, and what keeps it unseen. */
import { leftoverBecause } from "../../../checks/probe-pods/leftovers";
import {
  namespaceManifest,
  probePodManifest,
  probePodName,
  type ProbePodSpec,
  type ProbeRun,
} from "../../../checks/probe-pods/manifest";
import { NEVER_READY } from "../../../checks/probe-pods/names";
import { readyProbes, servicesBlindToReadiness } from "../../../checks/probe-pods/services";

const RUN: ProbeRun = {
  id: "0a1b2c",
  owner: "runner/4711",
  until: new Date("2026-11-23T03:00:00Z"),
  lifetimeSeconds: 420,
  image: "busybox:1",
};
const SPEC: ProbePodSpec = {
  key: "financial-ml-envoy-here",
  namespace: "financial-ml",
  node: "node-1",
  labels: { "app.kubernetes.io/name": "seldon-envoy" },
  ports: [9000, 9003],
  kubeletPort: 9003,
};

interface Manifest {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Record<string, unknown> & { readonly containers: readonly Record<string, unknown>[] };
}
const pod = probePodManifest(SPEC, RUN) as Manifest;

test("it keeps to the restricted level", () => {
  const { spec } = pod;
  expect(spec).not.toHaveProperty("hostNetwork");
  expect(spec).not.toHaveProperty("hostPID");
  expect(spec).not.toHaveProperty("hostIPC");
  expect(spec["securityContext"]).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 65534,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(spec["volumes"]).toEqual([{ name: "probe", emptyDir: { sizeLimit: "1Mi" } }]);
  for (const container of spec.containers) {
    expect(container["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    });
    expect(container).not.toHaveProperty("ports");
  }
  expect(spec["automountServiceAccountToken"]).toBe(false);
});

test("it is never Ready, ends by itself, and belongs to nobody", () => {
  expect(pod.spec).toMatchObject({
    readinessGates: [{ conditionType: NEVER_READY }],
    activeDeadlineSeconds: 420,
    restartPolicy: "Never",
    nodeName: "node-1",
  });
  expect(pod.metadata).not.toHaveProperty("ownerReferences");
  expect(pod.metadata.labels).toMatchObject({
    "app.kubernetes.io/name": "seldon-envoy",
    "seldon-k3s/probe": "policy",
    "seldon-k3s/probe-run": "0a1b2c",
  });
});

test.each(["financial-ml-envoy-here", "a".repeat(80), `${"b".repeat(42)}-here`])(
  "its name is one of a pod and none of a StatefulSet's: %s",
  (key) => {
    const name = probePodName({ key }, RUN);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(name.length).toBeLessThanOrEqual(63);
    expect(name).not.toMatch(/-\d+$/);
    expect(probePodName({ key: "x" }, { id: "123456" })).not.toMatch(/-\d+$/);
  },
);

test("its namespace has the API server enforce the restricted level", () => {
  expect(namespaceManifest(RUN)).toMatchObject({
    metadata: { name: "seldon-k3s-policy-r0a1b2c", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
});

describe("leftovers", () => {
  const present = {
    runId: "other",
    now: new Date("2026-11-23T02:00:00Z"),
    host: "runner",
    isAlive: (pid: number) => pid === 1,
  };
  const found = (owner: string, until: string, phase = "Running", run = "0a1b2c") => ({
    metadata: {
      name: "p",
      labels: { "seldon-k3s/probe-run": run },
      annotations: { "seldon-k3s/probe-owner": owner, "seldon-k3s/probe-until": until },
    },
    status: { phase },
  });
  const LATER = "2026-11-23T03:00:00Z";
  test.each([
    ["of this run", found("runner/4711", LATER, "Failed", "other"), undefined],
    ["of a process that is gone", found("runner/4711", LATER), "its run was killed"],
    ["of a process that lives", found("runner/1", LATER), undefined],
    ["of another machine", found("elsewhere/4711", LATER), undefined],
    [
      "of another machine, whose time is over",
      found("elsewhere/4711", "2026-11-23T01:00:00Z"),
      "its run's time is over",
    ],
    ["that the kubelet has ended", found("elsewhere/4711", LATER, "Failed"), "its time was over"],
    ["without a time", found("elsewhere/4711", ""), "its run's time is over"],
  ])("%s", (_, object, because) => {
    expect(leftoverBecause(object, present)).toBe(because);
  });
});

describe("Services", () => {
  const service = (
    name: string,
    selector: Record<string, string> | undefined,
    publishNotReadyAddresses: boolean,
    namespace = "financial-ml",
  ) => ({
    metadata: { name, namespace },
    spec: { ...(selector === undefined ? {} : { selector }), publishNotReadyAddresses },
  });
  const ENVOY = { "app.kubernetes.io/name": "seldon-envoy" };

  test("only one that selects the pod and does not ask for readiness is in the way", () => {
    const services = [
      service("mesh", ENVOY, false),
      service("blind", ENVOY, true),
      service("blind-and-more", { ...ENVOY, tier: "x" }, true),
      service("blind-elsewhere", ENVOY, true, "other"),
      service("without-selector", undefined, true),
    ];
    expect(servicesBlindToReadiness(SPEC, services)).toEqual(["financial-ml/blind"]);
  });

  test("a probe pod that a slice calls ready is found, one that is listed as not ready is not", () => {
    const slice = (name: string, ready: boolean | undefined) => ({
      metadata: { name: "mesh-1", namespace: "financial-ml" },
      endpoints: [{ ...(ready === undefined ? {} : { conditions: { ready } }), targetRef: { kind: "Pod", name } }],
    });
    const name = probePodName(SPEC, RUN);
    expect(readyProbes([slice(name, false), slice("seldon-envoy-5d-x", true)])).toEqual([]);
    expect(readyProbes([slice(name, true), slice(name, undefined)])).toEqual(
      Array(2).fill(`financial-ml/mesh-1: ${name}`),
    );
  });

  test("a slice of a Service that selects no pod has no list of endpoints", () => {
    expect(readyProbes([{ metadata: { name: "mesh-1", namespace: "financial-ml" }, endpoints: null }])).toEqual([]);
  });
});
