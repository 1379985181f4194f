/** Declared objects against a fake API server that merges as an apply would. */
import { join } from "node:path";
import { declaredStack } from "../../../../checks/cli/declared-source";
import { PROJECT_DIR } from "../../../../checks/context";
import { declaredOf } from "../../../../checks/drift/objects/declared";
import { LookError } from "../../../../checks/verdict";
import { evaluateStack } from "../../../../tools/plan/evaluate";
import {
  DECLARED,
  eachDeclaredCluster,
  MANAGER_PATH,
  object,
  POLICY_PATH,
  server,
  SERVER_PATH,
} from "../../support/declared-cluster";
import { fieldsOf, type LiveObject } from "../../support/live-cluster";

describe("declared objects", () => {
  const { live, writes, look } = eachDeclaredCluster();

  it("is clean where everything is as declared, and asks for nothing to be stored", async () => {
    const { findings, exitCode, summary, of } = await look();
    expect(findings.filter(({ verdict }) => verdict !== "PASS")).toEqual([]);
    expect(exitCode).toBe(0);
    expect(of("helm-objects").actual).toBe("1 object as in the manifest");
    expect(summary.text).toBe("In the cluster: no difference.\n");
    expect(writes().length).toBeGreaterThan(0);
    expect(writes().filter((line) => !/^PATCH .*[?&]dryRun=All&force=true&fieldManager=/.test(line))).toEqual([]);
  });

  it("asks under the name by which the stack wrote the object", async () => {
    await look();
    expect(writes().find((line) => line.includes(POLICY_PATH))).toContain("fieldManager=pulumi-kubernetes-0a1b2c3d");
    expect(writes().find((line) => line.includes(MANAGER_PATH))).toContain("fieldManager=pulumi-resource-kubernetes");
  });

  it("is clean on every object of a real plan", async () => {
    const { declared } = await declaredStack(PROJECT_DIR, "dev");
    if (declared instanceof LookError) throw declared;
    for (const one of declared.objects) live().put(one.body as LiveObject);
    const own = { ...DECLARED, objects: [...DECLARED.objects, ...declared.objects] };
    const { results } = await look(own);
    const [checked] = results.filter(({ check }) => check.id === "declared-objects");
    expect(checked!.findings.length).toBe(declared.objects.length + 2);
    expect(checked!.findings.filter(({ verdict }) => verdict !== "PASS")).toEqual([]);
  }, 60_000);

  describe("a declared object", () => {
    it("that somebody changed: the field, both values, who and when, and what mends it", async () => {
      live().change(SERVER_PATH, { spec: { replicas: 3 } }, "kubectl-edit");
      const { of, exitCode, summary } = await look();
      expect(of("declared-objects", "Server")).toMatchObject({
        verdict: "DRIFT",
        actual: "1 configuration: spec.replicas is 3, declared 1",
        evidence: ["[configuration] spec.replicas: live 3, declared 1 (kubectl-edit, 2026-11-22T16:00:00Z)"],
        fix: "pulumi up --refresh -s test",
      });
      expect(exitCode).toBe(7);
      expect(summary.text).toBe("In the cluster: 1 configuration.\n");
      expect(summary.json).toMatchObject({
        objects: {
          classes: { configuration: 1 },
          differences: [{ kind: "Server", field: "spec.replicas", live: "3" }],
        },
      });
    });

    it("that somebody opened is policy", async () => {
      live().change(POLICY_PATH, { spec: { policyTypes: ["Egress"] } });
      expect((await look()).of("declared-objects", "default-deny").actual).toMatch(
        /^1 policy: spec\.policyTypes is \["Egress"\], declared \["Ingress","Egress"\]$/,
      );
    });

    it("with a field that somebody added, which an apply leaves alone", async () => {
      live().change(SERVER_PATH, {
        spec: {
          podSpec: {
            hostNetwork: true,
            containers: [{ name: "mlserver", env: [{ name: "A_TOKEN", value: "hunter2" }] }],
          },
        },
      });
      const finding = (await look()).of("declared-objects", "Server");
      expect(finding).toMatchObject({ verdict: "DRIFT" });
      expect(finding.actual).toMatch(
        /^3 configuration: spec\.podSpec\.hostNetwork was added by kubectl-edit; spec\.podSpec\.containers\[mlserver\]\.env\[A_TOKEN\]\.name was added/,
      );
      expect(finding.evidence).toContain(
        "[configuration] spec.podSpec.hostNetwork: live true, declared absent (kubectl-edit, 2026-11-22T16:00:00Z)",
      );
      expect(finding.fix).toMatch(/kubectl .* -n seldon edit server\.mlops\.seldon\.io mlserver.*drift\.allow/);
      expect(JSON.stringify(finding)).not.toContain("hunter2");
    });

    it("of somebody else, patched in one field, has other fields of its maker, and only that one of ours", async () => {
      const patched = (partial: object) => ({
        ...DECLARED,
        objects: DECLARED.objects.map((one) => (one.kind === "Server" ? { ...one, ...partial } : one)),
      });
      live().change(SERVER_PATH, { spec: { dedicated: true } }, "kube-controllers");
      expect((await look(patched({}))).of("declared-objects", "Server").verdict).toBe("DRIFT");
      expect((await look(patched({ partial: true }))).of("declared-objects", "Server").verdict).toBe("PASS");
      live().change(SERVER_PATH, { spec: { replicas: 3 } }, "kube-controllers");
      expect((await look(patched({ partial: true }))).of("declared-objects", "Server").actual).toBe(
        "1 configuration: spec.replicas is 3, declared 1",
      );
    });

    it("whose operator added defaults is as declared", async () => {
      live().change(SERVER_PATH, { spec: { capabilities: ["sklearn"] } }, "manager");
      const { of, exitCode } = await look();
      expect(of("declared-objects", "Server")).toMatchObject({
        verdict: "PASS",
        actual: "as declared, but for 1 noise",
      });
      expect(exitCode).toBe(0);
    });

    it("whose operator changed a declared field is not", async () => {
      live().change(SERVER_PATH, { spec: { replicas: 2 } }, "manager");
      expect((await look()).of("declared-objects", "Server").verdict).toBe("DRIFT");
    });

    it("with a right value that others hold is as declared, and says so", async () => {
      const [theirs, ours] = [{ spec: { replicas: 1 } }, { spec: { serverConfig: "mlserver" } }].map(fieldsOf);
      const entry = (manager: string, fieldsV1: object | undefined) => ({ manager, operation: "Update", fieldsV1 });
      live().put({ ...server() }, "kubectl-edit");
      live().edit(SERVER_PATH, [entry("kubectl-edit", theirs), entry("pulumi-kubernetes-1", ours)]);
      expect((await look()).of("declared-objects", "Server")).toMatchObject({
        verdict: "PASS",
        actual: "as declared, but for 1 noise",
        evidence: ["[noise] spec.replicas: live 1, declared 1 (kubectl-edit)"],
      });
    });

    it("that is gone, or going", async () => {
      live().remove(POLICY_PATH);
      live().put({ ...server(), metadata: { ...server().metadata, deletionTimestamp: "2026-11-22T16:00:00Z" } });
      const { of } = await look();
      expect(of("declared-objects", "default-deny")).toMatchObject({
        verdict: "DRIFT",
        actual: "1 policy: it is not there",
      });
      expect(of("declared-objects", "Server").actual).toBe("1 configuration: it is being deleted");
    });

    it("that the API server refuses is compared by its own text, with the server's words", async () => {
      const message = "spec.selector: Invalid value: field is immutable";
      live().change(SERVER_PATH, { spec: { serverConfig: "triton" } });
      live().api.patches.set(SERVER_PATH, () => ({
        status: 422,
        json: { kind: "Status", reason: "Invalid", message },
      }));
      const finding = (await look()).of("declared-objects", "Server");
      expect(finding.actual).toBe('1 configuration: spec.serverConfig is "triton", declared "mlserver"');
      expect(finding.evidence).toContain(`the API server refuses the declaration: ${message}`);
    });

    it("that differs in one look only is as declared: something wrote in between", async () => {
      let asked = 0;
      live().api.patches.set(SERVER_PATH, () => ({ json: server(asked++ === 0 ? 9 : 1) }));
      expect((await look()).of("declared-objects", "Server").verdict).toBe("PASS");
      expect(asked).toBe(2);
    });
  });

  it("does not count what the program leaves as it is, and asks under a name that owns none of it", async () => {
    const { spec, ...rest } = server();
    const { podSpec: _, ...declaredSpec } = spec as Record<string, unknown>;
    const body = { ...rest, spec: declaredSpec };
    const declared = { ...DECLARED, objects: [object(server(), { body, withheld: ["spec.podSpec"] })] };
    live().change(SERVER_PATH, { spec: { podSpec: { hostNetwork: true } } });
    const finding = (await look(declared)).of("declared-objects");
    expect(finding).toMatchObject({
      verdict: "PASS",
      evidence: ["not compared, because secret or left to others: spec.podSpec"],
    });
    const asked = writes().find((line) => line.includes("/servers/mlserver"));
    expect(asked).toContain("fieldManager=seldon-k3s-drift");
    live().change(SERVER_PATH, { spec: { replicas: 4 } });
    expect((await look(declared)).of("declared-objects").verdict).toBe("DRIFT");
  });

  describe("a Secret", () => {
    const secret = (data: object): LiveObject => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "kafka", namespace: "seldon" },
      data,
    });
    const { data: _, ...body } = secret({});
    const declared = {
      ...DECLARED,
      objects: [object(secret({}), { body, withheld: ["data"], secretKeys: ["password"] })],
    };

    it("is known by the names of its keys, and under another name than ours, which would empty it", async () => {
      live().put(secret({ password: "aHVudGVyMg==" }));
      const run = await look(declared);
      expect(run.of("declared-objects")).toMatchObject({
        verdict: "PASS",
        evidence: ["not compared, because secret or left to others: data"],
      });
      expect(writes().find((line) => line.includes("/secrets/kafka"))).toContain("fieldManager=seldon-k3s-drift");
      expect(JSON.stringify(run)).not.toContain("aHVudGVyMg");
    });

    it("without a key", async () => {
      live().put(secret({ other: "aHVudGVyMg==" }));
      const finding = (await look(declared)).of("declared-objects");
      expect(finding.actual).toBe("1 configuration: data.password is absent, declared [hidden]");
      expect(JSON.stringify(finding)).not.toContain("aHVudGVyMg");
    });
  });
});

describe("declaredStack", () => {
  it("leaves the number of pods to whoever scales a Server, and of no other", async () => {
    const file = join(PROJECT_DIR, "tests/stacks/Pulumi.tenants.yaml");
    const { declared } = await declaredStack(PROJECT_DIR, "tenants", file);
    if (declared instanceof LookError) throw declared;
    const servers = declared.objects.filter(({ kind }) => kind === "Server");
    const compared = servers.map(({ namespace, name, body, withheld }) => [
      `${namespace}/${name}`,
      (body["spec"] as { replicas?: number }).replicas,
      withheld,
    ]);
    expect(compared.sort()).toEqual([
      ["financial-ml/mlserver", 1, []],
      ["fraud-ml/mlserver", undefined, ["spec.replicas"]],
      ["fraud-ml/triton", 1, []],
      ["risk-ml/mlserver", 2, []],
    ]);
  }, 60_000);

  it("knows a patch of a plan", async () => {
    const file = join(PROJECT_DIR, "tests/stacks/Pulumi.calico-ebpf.yaml");
    const { resources } = await evaluateStack("calico-ebpf", file);
    const plain = { isMark: () => false, keysOf: () => [] };
    const { objects } = declaredOf(
      resources.map(({ type, name, inputs }) => ({ type, name, inputs: { ...inputs } })),
      plain,
    );
    expect(objects.filter(({ partial }) => partial === true).map(({ kind, name }) => [kind, name])).toEqual([
      ["KubeControllersConfiguration", "default"],
    ]);
  }, 60_000);

  it("keeps no secret of a plan, only the names of its keys", async () => {
    const file = join(PROJECT_DIR, "tests/stacks/Pulumi.pipelines.yaml");
    const { declared } = await declaredStack(PROJECT_DIR, "pipelines", file);
    if (declared instanceof LookError) throw declared;
    const secret = declared.objects.find(({ kind }) => kind === "Secret");
    expect(secret).toMatchObject({ withheld: ["data"], secretKeys: ["password"] });
    expect(Object.keys(secret!.body).sort()).toEqual(["apiVersion", "kind", "metadata"]);
    expect(declared.objects.filter(({ withheld }) => withheld.includes("spec.replicas"))).toEqual([]);
    expect(declared.releases.map(({ name, chart }) => `${name} ${chart}`)).toContain(
      "seldon-core-v2-setup seldon-core-v2-setup-2.10.2",
    );
  }, 60_000);

  it("leaves out what the program leaves as it is", async () => {
    const file = join(PROJECT_DIR, "tests/stacks/Pulumi.taken-over.yaml");
    const { declared } = await declaredStack(PROJECT_DIR, "taken-over", file);
    if (declared instanceof LookError) throw declared;
    const found = declared.objects.find(({ kind }) => kind === "Server");
    expect(found).toMatchObject({ withheld: ["spec.podSpec"], body: { spec: { serverConfig: "mlserver" } } });
    expect(found!.body["spec"]).not.toHaveProperty("podSpec");
  }, 60_000);
});
