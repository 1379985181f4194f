/**
 * The role of previews (delivery/rbac/preview.yaml) on a real API server: what it may do and what it may not, by reviews of the
 * server and by requests; and where the Pulumi CLI is on PATH, that a preview with refresh needs no more.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { ClusterApi } from "../../checks/cluster/api";
import { Refusal } from "../../checks/cluster/refusal";
import { Sender } from "../../checks/cluster/sender";
import { missingPrograms } from "../../sandbox/engine/choose";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { STACK, withoutMachines } from "../secrets/fixture";
import { EngineCluster } from "./support/engine-cluster";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(900_000);

const ROLE = loadAll(readFileSync(join(PROJECT, "delivery/rbac/preview.yaml"), "utf8")) as KubernetesObject[];
const NAMESPACE = "seldon-k3s-delivery";
const USER = `system:serviceaccount:${NAMESPACE}:preview`;
const TOKEN = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/preview/token`;

/** Where the releases of the manifest's stack are. */
const RELEASES = ["tigera-operator", "financial-ml"];
const OTHERS = ["kube-system", "default", NAMESPACE];
const SNAPSHOTS = "k3s-etcd-snapshot-s3-config";
const READ = ["get", "list", "watch"];
const WRITE = ["create", "update", "patch", "delete", "deletecollection"];

/** A question to the API server, and what it must answer. */
interface Row {
  readonly may: boolean;
  readonly verbs: readonly string[];
  /** `resource` or `resource.group`, with `/subresource`. */
  readonly what: string;
  /** @default of the whole cluster */
  readonly namespaces?: readonly string[];
  readonly name?: string;
}

const TABLE: readonly Row[] = [
  { may: true, verbs: ["get", "list"], what: "secrets", namespaces: RELEASES },
  { may: false, verbs: ["watch", ...WRITE], what: "secrets", namespaces: RELEASES },
  { may: false, verbs: [...READ, ...WRITE], what: "secrets", namespaces: OTHERS },
  { may: false, verbs: [...READ, ...WRITE], what: "secrets" },
  { may: true, verbs: ["get"], what: "secrets", namespaces: ["kube-system"], name: SNAPSHOTS },
  { may: false, verbs: WRITE, what: "secrets", namespaces: ["kube-system"], name: SNAPSHOTS },
  { may: false, verbs: ["get"], what: "secrets", namespaces: ["default"], name: SNAPSHOTS },
  { may: true, verbs: ["get", "list"], what: "networkpolicies.networking.k8s.io", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "networkpolicies.networking.k8s.io", namespaces: RELEASES },
  { may: true, verbs: ["get"], what: "namespaces" },
  { may: false, verbs: WRITE, what: "namespaces" },
  { may: true, verbs: ["get"], what: "deployments.apps", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "deployments.apps", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "deployments.apps/scale", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "servers.mlops.seldon.io", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "installations.operator.tigera.io" },
  { may: false, verbs: ["create", "get"], what: "pods/exec", namespaces: [...RELEASES, ...OTHERS] },
  { may: false, verbs: ["create", "get"], what: "pods/attach", namespaces: RELEASES },
  { may: false, verbs: ["create", "get"], what: "pods/portforward", namespaces: RELEASES },
  { may: false, verbs: ["create", "get"], what: "pods/proxy", namespaces: RELEASES },
  { may: false, verbs: ["get", "create"], what: "nodes/proxy" },
  { may: false, verbs: ["create"], what: "pods", namespaces: [...RELEASES, ...OTHERS] },
  { may: false, verbs: ["create"], what: "pods/eviction", namespaces: RELEASES },
  { may: false, verbs: ["create"], what: "serviceaccounts/token", namespaces: [...RELEASES, ...OTHERS] },
  { may: false, verbs: ["impersonate"], what: "users" },
  { may: false, verbs: ["impersonate"], what: "groups" },
  { may: false, verbs: ["impersonate"], what: "serviceaccounts", namespaces: RELEASES },
  { may: true, verbs: ["get"], what: "clusterroles.rbac.authorization.k8s.io" },
  { may: false, verbs: ["list", "bind", "escalate", ...WRITE], what: "clusterroles.rbac.authorization.k8s.io" },
  { may: false, verbs: WRITE, what: "clusterrolebindings.rbac.authorization.k8s.io" },
  { may: false, verbs: [...READ, ...WRITE], what: "roles.rbac.authorization.k8s.io", namespaces: RELEASES },
  { may: false, verbs: [...READ, ...WRITE], what: "rolebindings.rbac.authorization.k8s.io", namespaces: RELEASES },
  { may: false, verbs: WRITE, what: "customresourcedefinitions.apiextensions.k8s.io" },
  { may: false, verbs: [...READ, ...WRITE], what: "validatingwebhookconfigurations.admissionregistration.k8s.io" },
  { may: false, verbs: ["approve"], what: "signers.certificates.k8s.io" },
  { may: false, verbs: ["*"], what: "*.*" },
];

/** `namespaces` of Namespace: as the kinds of this project are called. */
const pluralOf = (kind: string): string => {
  const small = kind.toLowerCase();
  if (/[^aeiou]y$/.test(small)) return `${small.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(small) ? `${small}es` : `${small}s`;
};

interface PlannedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What all stacks and fixtures of this project declare in a cluster. */
function planned(): PlannedObject[] {
  const plans = readdirSync(join(PROJECT, "tests/golden")).filter((name) => name.endsWith(".yaml"));
  const objects = plans.flatMap((plan) => {
    const { resources } = load(readFileSync(join(PROJECT, "tests/golden", plan), "utf8")) as {
      resources: { inputs?: { apiVersion?: string; kind?: string; metadata?: { name: string; namespace?: string } } }[];
    };
    return resources.flatMap(({ inputs }) =>
      inputs?.apiVersion === undefined || inputs.kind === undefined || inputs.metadata === undefined
        ? []
        : [
            {
              ...inputs.metadata,
              apiVersion: inputs.apiVersion,
              kind: inputs.kind,
              namespace: inputs.metadata.namespace,
            },
          ],
    );
  });
  return [
    ...new Map(objects.map((one) => [`${one.apiVersion} ${one.kind} ${one.namespace} ${one.name}`, one])).values(),
  ];
}

const missing = missingPrograms(process.env);
const { values, secrets } = withoutMachines();

describe("the role of previews", () => {
  let world: EngineCluster;
  let token: string;
  const never = new AbortController().signal;
  /** Asks and writes as the administrator, or as the role. */
  const sender = () => new Sender(ClusterApi.open(world.kubeconfig));

  beforeAll(async () => {
    world = await EngineCluster.start(STACK);
    world.useIdentity();
    // Before the namespaces of the reviews, which the stack makes itself.
    if (missing.length === 0) {
      await world.init(values, secrets);
      world.expectDone(await world.runStack(["up", "--yes", "--skip-preview", "--suppress-progress"]));
    }
    for (const object of [...RELEASES.map(namespaceOf), ...ROLE]) {
      await world.cluster.client.apply(object, { fieldManager: "test" });
    }
    const spec = { expirationSeconds: 7200 };
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    token = (await sender().send<{ status: { token: string } }>({ method: "POST", path: TOKEN, body }, never)).status
      .token;
  });
  afterAll(() => world?.stop());
  beforeEach(() => world.useIdentity(token));

  async function mayI(verb: string, what: string, namespace?: string, name?: string): Promise<boolean> {
    const [full = "", subresource] = what.split("/");
    const [resource = "", ...group] = full.split(".");
    const resourceAttributes = { verb, group: group.join("."), resource, subresource, namespace, name };
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    return (await sender().send<{ status: { allowed: boolean } }>({ method: "POST", path, body }, never)).status
      .allowed;
  }

  test.each(TABLE)("may $may: $verbs $what $namespaces $name", async ({ may, verbs, what, namespaces, name }) => {
    for (const namespace of namespaces ?? [undefined]) {
      for (const verb of verbs) {
        expect([verb, namespace, await mayI(verb, what, namespace, name)]).toEqual([verb, namespace, may]);
      }
    }
  });

  test("reads every object that a stack of this project declares, Secrets where releases are or by their name", async () => {
    const refused: string[] = [];
    const objects = planned();
    expect(objects.length).toBeGreaterThan(100);
    for (const { apiVersion, kind, namespace, name } of objects) {
      const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
      // Other stacks have other namespaces, which they put into the manifest.
      if (kind === "Secret" && namespace !== "kube-system" && !RELEASES.includes(namespace ?? "")) continue;
      const can = await mayI("get", `${pluralOf(kind)}${group}`, namespace, name);
      if (!can) refused.push(`${kind} ${namespace} ${name}`);
    }
    expect(refused).toEqual([]);
  });

  const secret = (namespace: string, name: string): KubernetesObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    stringData: { word: "x" },
  });
  const answer = (method: "POST" | "PATCH" | "DELETE" | "PUT", path: string, body?: object) =>
    sender()
      .send({ method, path, body }, never)
      .then(
        () => 200,
        (error: unknown) => (error instanceof Refusal ? error.status : Promise.reject(error as Error)),
      );
  const got = (path: string) =>
    ClusterApi.open(world.kubeconfig)
      .find(path, never)
      .then(
        (found) => (found === undefined ? 404 : 200),
        (error: unknown) => (/missing right/.test(String(error)) ? 403 : Promise.reject(error as Error)),
      );

  test("is refused by the server itself, not by a review alone", async () => {
    for (const namespace of [...RELEASES, "kube-system"]) {
      for (const name of ["other", SNAPSHOTS]) {
        await world.cluster.client.apply(secret(namespace, name), { fieldManager: "test" });
      }
    }
    expect(await got("/api/v1/namespaces/financial-ml/secrets/other")).toBe(200);
    expect(await got(`/api/v1/namespaces/kube-system/secrets/${SNAPSHOTS}`)).toBe(200);
    expect(await got("/api/v1/namespaces/kube-system/secrets/other")).toBe(403);
    expect(await got("/api/v1/secrets")).toBe(403);
    expect(await got("/api/v1/namespaces/kube-system/secrets")).toBe(403);
    const namespaced = "/api/v1/namespaces/financial-ml";
    expect(await answer("POST", `${namespaced}/secrets`, secret("financial-ml", "new"))).toBe(403);
    expect(await answer("POST", `${namespaced}/secrets?dryRun=All`, secret("financial-ml", "new"))).toBe(403);
    expect(await answer("PUT", `${namespaced}/secrets/other`, secret("financial-ml", "other"))).toBe(403);
    expect(await answer("DELETE", `${namespaced}/secrets/other`)).toBe(403);
    expect(await answer("DELETE", namespaced)).toBe(403);
    expect(
      await answer("POST", TOKEN, { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} }),
    ).toBe(403);
  });

  const withCli = missing.length === 0 ? test : test.skip;

  withCli(`is all that a preview with refresh asks for (not on PATH: ${missing.join(", ") || "none"})`, async () => {
    const before = world.asked(USER).length;
    const settled = ["preview", "--refresh", "--expect-no-changes", "--policy-pack", "policy-pack"];
    world.expectDone(await world.runStack(settled));
    world.expectDone(await world.runStack(["refresh", "--preview-only", "--expect-no-changes"]));
    const asked = world.asked(USER).slice(before);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter(({ responseStatus }) => (responseStatus?.code ?? 0) >= 400)).toEqual([]);
    const verbs = asked.filter(({ objectRef }) => objectRef !== undefined).map(({ verb }) => verb);
    expect([...new Set(verbs)].sort()).toEqual(["get", "list"]);
    // The least: without the list on Secrets, Helm finds no release.
    const lists = asked.filter(({ verb }) => verb === "list").map(({ objectRef }) => objectRef);
    expect([...new Set(lists.map((ref) => `${ref?.resource} ${ref?.namespace}`))].sort()).toEqual(
      RELEASES.map((namespace) => `secrets ${namespace}`).sort(),
    );

    // A change is previewed too, by the provider itself: the server refuses it a dry run, which needs the verb patch.
    const settledAt = world.asked(USER).length;
    world.change({ policies: { ...(values["policies"] as object), clients: [{ namespace: "applications" }] } });
    const changed = world.expectDone(await world.runStack(["preview", "--refresh", "--json"]));
    const { changeSummary } = JSON.parse(changed.stdout) as { changeSummary: Record<string, number> };
    expect(Object.keys(changeSummary).sort()).toEqual(expect.arrayContaining(["same", "update"]));
    const refused = world
      .asked(USER)
      .slice(settledAt)
      .filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(refused.map(({ requestURI }) => requestURI)).toEqual([
      expect.stringMatching(/networkpolicies\/[^?]+\?dryRun=All/),
    ]);

    // And it deploys nothing.
    const up = await world.runStack(["up", "--yes", "--skip-preview", "--suppress-progress"]);
    expect(up.code).not.toBe(0);
    expect(up.stdout).toMatch(/forbidden/);
  });
});

function namespaceOf(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
