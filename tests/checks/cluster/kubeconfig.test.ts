import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadKubeconfig } from "../../../checks/cluster/kubeconfig";
import { LookError } from "../../../checks/verdict";
import { kubeconfigText } from "../support/fake-api";

describe("loadKubeconfig", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "kubeconfig-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const good = kubeconfigText("https://10.0.0.10:6443");
  function load(text: string) {
    const path = join(folder, "config.yaml");
    writeFileSync(path, text);
    return loadKubeconfig(path);
  }
  function errorOf(run: () => unknown): LookError {
    try {
      run();
    } catch (error) {
      if (error instanceof LookError) return error;
      throw error;
    }
    throw new Error("no error");
  }

  it("reads the server and makes paths absolute to the file", () => {
    const config = load(good.replace("token: secret-token", "client-certificate: pki/client.crt"));
    expect(config.getCurrentCluster()?.server).toBe("https://10.0.0.10:6443");
    expect(config.getCurrentUser()?.certFile).toBe(join(folder, "pki/client.crt"));
  });

  it("never looks at KUBECONFIG", () => {
    const path = join(folder, "other.yaml");
    writeFileSync(path, good);
    const before = process.env.KUBECONFIG;
    process.env.KUBECONFIG = path;
    try {
      expect(errorOf(() => loadKubeconfig(join(folder, "absent.yaml"))).message).toMatch(/there is no such file$/);
    } finally {
      if (before === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = before;
    }
  });

  it("says that the path is a folder", () => {
    expect(errorOf(() => loadKubeconfig(folder)).message).toBe(`kubeconfig ${folder}: it is a folder`);
  });

  it.each([
    ["an empty file", "\n", /it is empty$/],
    ["text", "hello", /not a kubeconfig: missing or wrong: the whole document$/],
    [
      "another document",
      "kind: Pod\nmetadata: {name: x}\n",
      /not a kubeconfig: missing or wrong: current-context, clusters, contexts, users$/,
    ],
    ["broken YAML", "clusters: [a\nusers: {token: secret-token\n", /not YAML: .* in line \d$/],
    [
      "a context that is not there",
      good.replace("current-context: test", "current-context: prod"),
      /current-context "prod" is not among its contexts$/,
    ],
    [
      "a cluster that is not there",
      good.replace("context: {cluster: test", "context: {cluster: other"),
      /names cluster "other", which it does not hold$/,
    ],
    [
      "a user that is not there",
      good.replace("user: test}}]", "user: other}}]"),
      /names user "other", which it does not hold$/,
    ],
    [
      "a server that is no URL",
      kubeconfigText("10.0.0.10:6443"),
      /server "10\.0\.0\.10:6443" of cluster "test" is no URL$/,
    ],
  ])("refuses %s in one line, without quoting secrets", (_, text, message) => {
    const error = errorOf(() => load(text));
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain("secret-token");
    expect(error.final).toBe(true);
    expect(error.fix).toContain("--kubeconfig");
  });
});
