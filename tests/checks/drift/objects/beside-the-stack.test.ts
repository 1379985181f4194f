/** What Pulumi does not look at: objects that nobody declared, and objects of Helm releases. */
import {
  eachDeclaredCluster,
  installed,
  MANAGER_PATH,
  manager,
  policy,
  pool,
  server,
  SERVER_PATH,
  SETUP,
} from "../../support/declared-cluster";
import type { LiveObject } from "../../support/live-cluster";

describe("beside the stack", () => {
  const { live, look } = eachDeclaredCluster();

  describe("objects that nobody declared", () => {
    it.each<[string, LiveObject, string, string]>([
      ["a policy", policy("allow-all"), "NetworkPolicies in seldon", "policy: NetworkPolicy seldon/allow-all"],
      [
        "Calico's policy",
        { ...policy("allow-all"), apiVersion: "crd.projectcalico.org/v1" },
        "Calico's NetworkPolicies",
        "policy: NetworkPolicy seldon/allow-all",
      ],
      [
        "a policy of the whole cluster",
        { apiVersion: "crd.projectcalico.org/v1", kind: "GlobalNetworkPolicy", metadata: { name: "open" } },
        "GlobalNetworkPolicies",
        "policy: GlobalNetworkPolicy open",
      ],
      ["a pool", pool("10.99.0.0/16", "more"), "IPPool", "configuration: IPPool more"],
      ["a server", server(1, "other"), "Server", "configuration: Server seldon/other"],
      [
        "a model",
        { apiVersion: "mlops.seldon.io/v1alpha1", kind: "Model", metadata: { name: "x", namespace: "seldon" } },
        "Model",
        "configuration: Model seldon/x",
      ],
    ])("%s", async (_, beside, target, actual) => {
      live().put(beside, "kubectl-client-side-apply");
      const { of, exitCode } = await look();
      const finding = of("undeclared-objects", target);
      expect(finding).toMatchObject({ verdict: "DRIFT", actual: `1 ${actual} is not declared` });
      expect(finding.fix).toMatch(/find out whose it is.*drift\.allow.*kubectl .*delete/);
      expect(exitCode).toBe(7);
    });

    it.each<[string, LiveObject]>([
      [
        "Calico's own policies of 3.32",
        {
          apiVersion: "crd.projectcalico.org/v1",
          kind: "GlobalNetworkPolicy",
          metadata: { name: "calico-system.default-deny" },
        },
      ],
      ["a policy in a namespace of others", { ...policy("x"), metadata: { name: "x", namespace: "tenant" } }],
    ])("are not %s", async (_, beside) => {
      live().put(beside, "operator");
      expect((await look()).exitCode).toBe(0);
    });

    it("are not those of a chart", async () => {
      live().put(installed(server(1, "charted")), "pulumi-resource-kubernetes");
      live().release("setup", {
        chart: SETUP.chart,
        values: SETUP.values,
        objects: [manager(), server(1, "charted")],
      });
      expect((await look()).exitCode).toBe(0);
    });
  });

  describe("a Helm release", () => {
    it.each<[string, () => void, string]>([
      [
        "that is not there",
        () => live().remove("/api/v1/namespaces/seldon/secrets/sh.helm.release.v1.setup.v1"),
        "1 configuration: it is not there",
      ],
      [
        "whose last upgrade did not end",
        () =>
          live().release("setup", {
            chart: SETUP.chart,
            values: SETUP.values,
            objects: [manager()],
            status: "pending-upgrade",
            revision: 10,
          }),
        '1 configuration: status is "pending-upgrade", declared "deployed"',
      ],
      [
        "of another chart's version",
        () =>
          live().release("setup", { chart: "seldon-core-v2-setup-2.9.1", values: SETUP.values, objects: [manager()] }),
        '1 version: chart.version is "seldon-core-v2-setup-2.9.1", declared "seldon-core-v2-setup-2.10.2"',
      ],
      [
        "with other values",
        () =>
          live().release("setup", {
            chart: SETUP.chart,
            values: { a: { b: 2 }, kafka: { password: "hunter2" } },
            objects: [manager()],
          }),
        '2 configuration: values.a.b is 2, declared 1; values.kafka is {"password":"[hidden]"}, declared absent',
      ],
    ])("%s", async (_, change, actual) => {
      change();
      const run = await look();
      expect(run.of("helm-releases")).toMatchObject({ verdict: "DRIFT", actual });
      expect(run.exitCode).toBe(7);
      expect(JSON.stringify(run)).not.toContain("hunter2");
    });

    it("whose object somebody changed, which neither Helm nor Pulumi sees", async () => {
      live().change(MANAGER_PATH, { spec: manager("manager:latest")["spec"] }, "kubectl-set");
      const { of } = await look();
      expect(of("helm-releases").verdict).toBe("PASS");
      expect(of("helm-objects")).toMatchObject({
        verdict: "DRIFT",
        actual:
          '1 version: Deployment seldon/seldon-v2-controller-manager spec.template.spec.containers[manager].image is "manager:latest", declared "manager:2.10.2"',
      });
      // In Helm's name and with what Helm knows its own by, which a manifest does not hold; never in another cluster.
      expect(of("helm-objects").fix?.split(" | ")).toEqual([
        expect.stringMatching(/^helm --kubeconfig \S+ -n seldon get manifest setup$/),
        "kubectl label --local --overwrite -o json -f - app.kubernetes.io/managed-by=Helm",
        "kubectl annotate --local --overwrite -o json -f - meta.helm.sh/release-name=setup meta.helm.sh/release-namespace=seldon",
        expect.stringMatching(
          /^kubectl --kubeconfig \S+ -n seldon apply --server-side --force-conflicts --field-manager helm -f -$/,
        ),
      ]);
    });

    it("with an object in another namespace is applied without -n, beside which kubectl refuses it", async () => {
      const elsewhere = { ...manager(), metadata: { name: "seldon-v2-controller-manager", namespace: "kube-system" } };
      live().release("setup", { chart: SETUP.chart, values: SETUP.values, objects: [elsewhere] });
      live().remove(MANAGER_PATH.replace("/seldon/", "/kube-system/"));
      expect((await look()).of("helm-objects").fix).toMatch(/kubectl --kubeconfig \S+ apply --server-side/);
    });

    it("of a chart that writes a v before its version is of the declared one", async () => {
      const chart = "seldon-core-v2-setup-v2.10.2";
      live().release("setup", { chart, values: SETUP.values, objects: [manager()] });
      expect((await look()).of("helm-releases").verdict).toBe("PASS");
    });

    it("with an object of the whole cluster, which is named without a namespace", async () => {
      const { spec: _, ...role } = manager();
      const clusterWide = { ...role, apiVersion: "v1", kind: "Namespace", metadata: { name: "charted" } };
      live().release("setup", { chart: SETUP.chart, values: SETUP.values, objects: [manager(), clusterWide] });
      expect((await look()).of("helm-objects").actual).toBe("1 configuration: Namespace charted is not there");
    });

    it("whose object lost what Helm knows it by", async () => {
      live().put(manager(), "pulumi-resource-kubernetes");
      expect((await look()).of("helm-objects").actual).toBe(
        '1 configuration: Deployment seldon/seldon-v2-controller-manager metadata.labels[app.kubernetes.io/managed-by] is absent, declared "Helm"',
      );
    });

    it("whose object somebody deleted", async () => {
      live().remove(MANAGER_PATH);
      expect((await look()).of("helm-objects").actual).toBe(
        "1 configuration: Deployment seldon/seldon-v2-controller-manager is not there",
      );
    });

    it("whose record cannot be read says so without its content", async () => {
      const path = "/api/v1/namespaces/seldon/secrets";
      const items = [
        {
          type: "helm.sh/release.v1",
          metadata: { name: "sh.x", labels: { version: "1" } },
          data: { release: "aHVudGVyMg==" },
        },
      ];
      live().api.replies.set(path, { json: { items } });
      const run = await look();
      expect(run.of("helm-releases")).toMatchObject({
        verdict: "ERROR",
        actual: "Helm's record in Secret sh.x cannot be read",
      });
      expect(run.of("helm-objects").verdict).toBe("SKIPPED");
      expect(run.exitCode).toBe(2);
    });

    it("without the right to read its record could not be looked at, and the rest is", async () => {
      const message =
        'secrets is forbidden: User "ci" cannot list resource "secrets" in API group "" in the namespace "seldon"';
      live().change(SERVER_PATH, { spec: { replicas: 3 } });
      live().api.replies.set("/api/v1/namespaces/seldon/secrets", { status: 403, json: { kind: "Status", message } });
      const { of, exitCode } = await look();
      expect(of("helm-releases")).toMatchObject({
        verdict: "ERROR",
        actual: 'missing right: user "ci" may not list secrets in namespace seldon',
      });
      expect(of("helm-objects").verdict).toBe("SKIPPED");
      expect(of("declared-objects", "Server").verdict).toBe("DRIFT");
      // Drift that was seen is a fact, whatever else could not be read.
      expect(exitCode).toBe(7);
    });
  });
});
