/** What a drift run could not look at, and what it accepts. */
import { LookError } from "../../../../checks/verdict";
import { DECLARED, eachDeclaredCluster, SERVER_PATH } from "../../support/declared-cluster";

describe("limits", () => {
  const { live, writes, look } = eachDeclaredCluster();

  describe("could not look", () => {
    it("where a declared kind is not installed, by the kind's name", async () => {
      live().without("mlops.seldon.io/v1alpha1");
      const { of, exitCode } = await look();
      const actual = "the API server knows no Server of mlops.seldon.io/v1alpha1: the CRD is absent (half-installed?)";
      expect(of("declared-objects", "Server")).toMatchObject({ verdict: "ERROR", actual });
      expect(of("undeclared-objects", "Server")).toMatchObject({ verdict: "ERROR", actual });
      expect(exitCode).toBe(2);
    });

    it("not where a kind is absent that the stack can be without", async () => {
      live().api.object("/apis/crd.projectcalico.org/v1", {
        resources: [
          { name: "ippools", kind: "IPPool", namespaced: false },
          { name: "globalnetworkpolicies", kind: "GlobalNetworkPolicy", namespaced: false },
        ],
      });
      expect((await look()).of("undeclared-objects", "Calico's NetworkPolicies")).toMatchObject({
        verdict: "PASS",
        actual: "none",
      });
    });

    it("where the right to apply is missing, by verb and resource", async () => {
      const message =
        'servers.mlops.seldon.io "mlserver" is forbidden: User "ci" cannot patch resource "servers" in API group "mlops.seldon.io" in the namespace "seldon"';
      live().api.patches.set(SERVER_PATH, () => ({ status: 403, json: { kind: "Status", message } }));
      const { of, exitCode } = await look();
      expect(of("declared-objects", "Server")).toMatchObject({
        verdict: "ERROR",
        actual: 'missing right: user "ci" may not patch servers.mlops.seldon.io in namespace seldon',
      });
      expect(exitCode).toBe(2);
    });

    it("where one object of a manifest cannot be looked at, and which", async () => {
      live().without("apps/v1");
      expect((await look()).of("helm-objects")).toMatchObject({
        verdict: "ERROR",
        actual: expect.stringMatching(/^1 of 1 object: the API server knows no Deployment of apps\/v1/) as string,
        evidence: [expect.stringMatching(/^could not look at Deployment seldon\/seldon-v2-controller-manager/)],
      });
    });

    it("where nobody knows what is declared", async () => {
      const { of, exitCode } = await look(new LookError("no plan", { fix: "npm run plan" }));
      for (const id of ["declared-objects", "helm-releases", "helm-objects"]) {
        expect(of(id)).toMatchObject({ verdict: "ERROR", actual: "no plan" });
      }
      expect(exitCode).toBe(2);
    });

    it("on another cluster, and compares nothing there", async () => {
      live().api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "other" } });
      const { totals, exitCode } = await look();
      expect(totals).toMatchObject({ ERROR: 1, SKIPPED: 4, PASS: 0 });
      expect(exitCode).toBe(2);
      expect(writes()).toEqual([]);
    });
  });

  describe("the allow list", () => {
    const reason = "scaled by hand until the new nodes are there";
    const entry = { kind: "Server", namespace: "seldon", name: "mlserver", field: "spec.replicas", reason };

    it("accepts a difference with its reason", async () => {
      live().change(SERVER_PATH, { spec: { replicas: 3 } });
      const { of, exitCode, summary } = await look(DECLARED, [entry]);
      expect(of("declared-objects", "Server")).toMatchObject({
        verdict: "PASS",
        actual: "as declared, but for 1 allowed",
        evidence: [expect.stringContaining(`; allowed: ${reason}`)],
      });
      expect(exitCode).toBe(0);
      expect(summary.text).toBe("In the cluster: 1 allowed by drift.allow.\n");
    });

    it("accepts nothing beside it", async () => {
      live().change(SERVER_PATH, { spec: { replicas: 3, serverConfig: "triton" } });
      const { of } = await look(DECLARED, [entry]);
      expect(of("declared-objects", "Server").actual).toBe(
        '1 configuration: spec.serverConfig is "triton", declared "mlserver"',
      );
    });

    it("names entries that accept nothing, once everything could be looked at", async () => {
      expect((await look(DECLARED, [entry])).summary.text).toContain(
        "drift.allow accepts what is not there; remove: Server seldon/mlserver spec.replicas",
      );
      live().without("apps/v1");
      expect((await look(DECLARED, [entry])).summary.text).toBe(
        "In the cluster, as far as it could be looked at: no difference.\n",
      );
    });
  });
});
