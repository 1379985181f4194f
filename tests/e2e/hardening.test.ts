/** What `k3s.hardening: cis` gives the API server, to a real one: it starts with it, and does what the profile says. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { hardeningFiles, hardeningSettings } from "../../components/k3s/hardening";
import {
  S3_SECRET,
  S3_SECRET_NAMESPACE,
  S3_SECRET_TYPE,
  snapshotSecretData,
} from "../../components/k3s/snapshot-secret";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { startTestControlPlane, type TestControlPlane } from "./support/control-plane";
import { pause } from "./support/sandbox-process";

jest.setTimeout(900_000);

const EXEMPT = ["exempt", "kube-system"];
const BY = { fieldManager: "test" };

const namespace = (name: string, labels = {}): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
});
const pod = (where: string, spec: object): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "probe", namespace: where },
  spec: { containers: [{ name: "main", image: "busybox", ...spec }] },
});
const PRIVILEGED = { securityContext: { privileged: true } };
/** As Seldon's charts render their pods: not root, and no more. */
const LIKE_SELDON = { securityContext: { runAsNonRoot: true, runAsUser: 1000 } };
const RESTRICTED = {
  securityContext: {
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  },
};

describe("a real API server with the CIS profile", () => {
  let folder: string;
  let audit: string;
  let cluster: TestControlPlane;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "seldon-hardening-"));
    audit = join(folder, "logs/audit.log");
    const here = new Map(
      hardeningFiles("server", EXEMPT).map(({ path, content }) => {
        const file = join(folder, basename(path));
        writeFileSync(file, content, { mode: 0o600 });
        return [path, file];
      }),
    );
    const args = hardeningSettings("server", { hardening: "cis" })["kube-apiserver-arg"] as readonly string[];
    const flags = Object.fromEntries(
      args.map((arg) => {
        const [name = "", ...rest] = arg.split("=");
        const value = rest.join("=");
        return [name, name === "audit-log-path" ? audit : (here.get(value) ?? value)] as const;
      }),
    );
    // No node registers here, so nobody needs NodeRestriction's identity; it is on as K3s has it.
    cluster = await startTestControlPlane(flags);
    for (const [name, labels] of [
      ["plain", {}],
      ["exempt", {}],
      ["labelled", { "pod-security.kubernetes.io/enforce": "privileged" }],
    ] as const) {
      await cluster.client.apply(namespace(name, labels), BY);
      // Pods are refused until the namespace has its service account.
      for (let waited = 0; waited < 30_000; waited += 100) {
        if ((await cluster.client.get(`/api/v1/namespaces/${name}/serviceaccounts/default`)) !== undefined) break;
        await pause(100);
      }
    }
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const tried = (where: string, spec: object) => cluster.client.apply(pod(where, spec), { ...BY, dryRun: true });

  test("refuses what is not restricted where a namespace says nothing, and only there", async () => {
    await expect(tried("plain", PRIVILEGED)).rejects.toThrow(/violates PodSecurity "restricted:latest"/);
    await expect(tried("plain", LIKE_SELDON)).rejects.toThrow(/violates PodSecurity "restricted:latest"/);
    await expect(tried("plain", RESTRICTED)).resolves.toBeDefined();
    await expect(tried("labelled", PRIVILEGED)).resolves.toBeDefined();
    await expect(tried("exempt", LIKE_SELDON)).resolves.toBeDefined();
    await expect(tried("kube-system", PRIVILEGED)).resolves.toBeDefined();
  });

  test("limits events, of a namespace and not of all", async () => {
    const event = (where: string, index: number): KubernetesObject => ({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `flood-${index}`, namespace: where },
      involvedObject: { kind: "Pod", namespace: where, name: "probe" },
    });
    const statuses = await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        cluster.client.apply(event("plain", index), BY).then(
          () => 201,
          (error: unknown) => (error as { status?: number }).status,
        ),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([201, 429]));
    await expect(cluster.client.apply(event("exempt", 1), BY)).resolves.toBeDefined();
  });

  test("writes down who changed a Secret, never what is in it", async () => {
    await cluster.client.apply(
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: S3_SECRET, namespace: S3_SECRET_NAMESPACE },
        type: S3_SECRET_TYPE,
        stringData: {
          ...snapshotSecretData({ bucket: "snapshots", region: "eu-central-1" }, { name: "test" }),
          "etcd-s3-secret-key": "MARK-secret-key",
        },
      },
      BY,
    );
    const entries = () => (existsSync(audit) ? readFileSync(audit, "utf8") : "");
    const wanted = `"resource":"secrets","namespace":"${S3_SECRET_NAMESPACE}","name":"${S3_SECRET}"`;
    for (let waited = 0; waited < 30_000 && !entries().includes(wanted); waited += 100) await pause(100);
    expect(entries()).toContain(wanted);
    expect(entries()).not.toContain("MARK-secret-key");
    expect(entries()).not.toContain(Buffer.from("MARK-secret-key").toString("base64"));
    expect(entries()).not.toMatch(/"requestURI":"\/(readyz|livez|healthz)/);
    expect(entries()).not.toContain('"resource":"events"');
    expect(statSync(audit).mode & 0o077).toBe(0);
  });
});
