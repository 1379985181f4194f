import { KubeConfig } from "@kubernetes/client-node";
import { ClusterApi } from "../../../checks/cluster/api";
import { connectionError } from "../../../checks/cluster/api-errors";
import { loadKubeconfig } from "../../../checks/cluster/kubeconfig";
import { LookError } from "../../../checks/verdict";
import { FakeApi, kubeconfigText } from "../support/fake-api";
import { tcpServer } from "../support/servers";

const never = new AbortController().signal;

describe("ClusterApi", () => {
  let fake: FakeApi;
  let api: ClusterApi;
  beforeEach(async () => {
    fake = await FakeApi.start();
    api = new ClusterApi(loadKubeconfig(fake.kubeconfig), "kubeconfig.yaml");
  });
  afterEach(() => fake.close());

  /** One that loses patience soon. */
  const impatient = (): ClusterApi => new ClusterApi(loadKubeconfig(fake.kubeconfig), "kubeconfig.yaml", 200);
  const status = (message: string, reason: string) => ({ kind: "Status", message, reason });

  it("finds an object, and tells one that is absent from a kind that is unknown", async () => {
    fake.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system" } });
    fake.replies.set("/api/v1/namespaces/other", "missing object");
    await expect(api.find("/api/v1/namespaces/kube-system", never)).resolves.toEqual({
      metadata: { name: "kube-system" },
    });
    await expect(api.find("/api/v1/namespaces/other", never)).resolves.toBeUndefined();
    await expect(api.find("/apis/mlops.seldon.io/v1alpha1/namespaces/a/models/m", never)).rejects.toThrow(
      "the API server knows no /apis/mlops.seldon.io/v1alpha1/namespaces/a/models/m: the CRD is absent (half-installed?)",
    );
  });

  it("reads a list page by page", async () => {
    fake.replies.set("/api/v1/nodes", (query) =>
      query.get("continue") === null
        ? { json: { items: [1, 2], metadata: { continue: "next" } } }
        : { json: { items: [3], metadata: {} } },
    );
    await expect(api.list("/api/v1/nodes", never)).resolves.toEqual([1, 2, 3]);
  });

  it("reads a text line by line", async () => {
    fake.replies.set("/log", { text: "one\ntwo\nthree" });
    const lines: string[] = [];
    for await (const line of api.lines("/log", never, {})) lines.push(line);
    expect(lines).toEqual(["one", "two", "three"]);
  });

  it.each([
    [
      "wrong credentials",
      401,
      status("Unauthorized", "Unauthorized"),
      /expired or wrong credentials \(401 Unauthorized\)/,
      true,
    ],
    [
      "a missing right in a namespace",
      403,
      status(
        'pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "ml"',
        "Forbidden",
      ),
      /^missing right: user "ci" may not list pods in namespace ml$/,
      true,
    ],
    [
      "a missing right in the cluster",
      403,
      status(
        'x is forbidden: User "ci" cannot get resource "tigerastatuses" in API group "operator.tigera.io" at the cluster scope',
        "Forbidden",
      ),
      /^missing right: user "ci" may not get tigerastatuses\.operator\.tigera\.io in the cluster$/,
      true,
    ],
    [
      "an API server in trouble",
      503,
      status("etcdserver: no leader", "ServiceUnavailable"),
      /answered 503 to GET \/x: etcdserver: no leader/,
      false,
    ],
  ])("names %s", async (_, code, json, message, final) => {
    fake.replies.set("/x", { json, status: code });
    const error: unknown = await api.list("/x", never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LookError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string, final });
  });

  it("names an API server that stalls, within its bound", async () => {
    fake.replies.set("/x", "stall");
    await expect(impatient().find("/x", never)).rejects.toThrow(/no answer within 0\.2 s to GET \/x/);
  });

  it("names a server that accepts connections and does not even speak TLS", async () => {
    const mute = await tcpServer(() => undefined);
    const config = new KubeConfig();
    config.loadFromString(kubeconfigText(`https://127.0.0.1:${mute.port}`));
    await expect(new ClusterApi(config, "kubeconfig.yaml", 200).find("/x", never)).rejects.toThrow(
      /no answer within 0\.2 s to GET \/x/,
    );
    await mute.close();
  });

  it("names an API server that falls silent in the middle of an answer", async () => {
    fake.replies.set("/x", "stall midway");
    await expect(impatient().list("/x", never)).rejects.toThrow(/no answer within 0\.2 s to GET \/x/);
  });

  describe("dryRunApply", () => {
    const path = "/api/v1/namespaces/a/configmaps/c";

    it("gives what the server would store, and asks for nothing to be stored", async () => {
      fake.patches.set(path, (sent) => ({ json: { ...sent, spec: { filled: "in" } } }));
      await expect(api.dryRunApply(path, { kind: "ConfigMap" }, "me", never)).resolves.toEqual({
        object: { kind: "ConfigMap", spec: { filled: "in" } },
      });
      expect(fake.requests).toEqual([`PATCH ${path}?dryRun=All&force=true&fieldManager=me`]);
    });

    it.each([
      [422, "spec.selector: Invalid value: field is immutable"],
      [500, "failed to create typed patch object: .spec.replicaz: field not declared in schema"],
    ])("tells what the server has against the object (%d)", async (code, message) => {
      fake.patches.set(path, () => ({ json: status(message, "Invalid"), status: code }));
      await expect(api.dryRunApply(path, {}, "me", never)).resolves.toEqual({ objection: message });
    });

    it.each([
      [
        403,
        'configmaps "c" is forbidden: User "ci" cannot patch resource "configmaps" in API group "" in the namespace "a"',
        /^missing right: user "ci" may not patch configmaps in namespace a$/,
      ],
      [503, "etcdserver: no leader", /answered 503 to PATCH \/api\/v1\/namespaces\/a\/configmaps\/c: etcdserver/],
    ])("could not look where the server does not apply (%d)", async (code, message, expected) => {
      fake.patches.set(path, () => ({ json: status(message, "Forbidden"), status: code }));
      await expect(api.dryRunApply(path, {}, "me", never)).rejects.toThrow(expected);
    });
  });

  it("names a server that is no API server", async () => {
    fake.replies.set("/x", { text: "<html>welcome</html>" });
    await expect(api.find("/x", never)).rejects.toThrow(/answers, but not as a Kubernetes API server/);
  });

  it("names a server that is gone", async () => {
    const { url } = fake;
    await fake.close();
    await expect(api.find("/x", never)).rejects.toThrow(`API server ${url}: connection refused: nothing listens there`);
    fake = await FakeApi.start();
  });

  it("names credentials whose file is missing", async () => {
    const config = loadKubeconfig(fake.kubeconfig);
    config.users = [{ name: "test", certFile: "/nowhere/client.crt" }];
    const broken = new ClusterApi(config, "kubeconfig.yaml");
    await expect(broken.find("/x", never)).rejects.toThrow(/its credentials cannot be used: ENOENT.*client\.crt/);
  });
});

describe("connectionError", () => {
  const asked = { server: "https://10.0.0.10:6443", path: "/version" };
  it.each([
    ["ENOTFOUND", /the host name does not resolve/, false],
    ["ETIMEDOUT", /the connection timed out/, false],
    ["CERT_HAS_EXPIRED", /its certificate has expired/, true],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /does not hold this host name or address/, true],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /self-signed/, true],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", /refused our client certificate/, true],
  ])("%s", (code, message, final) => {
    const error = connectionError(asked, Object.assign(new Error("raw"), { code }));
    expect(error.message).toMatch(message);
    expect(error.final).toBe(final);
  });
});
