import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EXIT } from "../../../checks/exit-codes";
import { fetchOci, isOci } from "../../../tools/charts/oci";
import { ToolError } from "../../../tools/cli";

/** A registry on the loopback interface. */
let server: Server;
let host: string;
let wantsToken: boolean;
let asked: string[];
const answers = new Map<string, Buffer | string>();

const ARCHIVE = Buffer.from("the chart's bytes");
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

beforeEach(async () => {
  answers.clear();
  asked = [];
  wantsToken = false;
  server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    if (url.startsWith("/token")) return void response.end(JSON.stringify({ token: "anonymous" }));
    if (wantsToken && request.headers.authorization !== "Bearer anonymous") {
      const challenge = `Bearer realm="http://${host}/token",service="registry",scope="repository:charts/demo:pull"`;
      return void response.writeHead(401, { "www-authenticate": challenge }).end();
    }
    const answer = answers.get(url);
    return void response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const pinned = (version = "1.2.3") => ({ chart: "demo", version, repository: `oci://${host}/charts/` });
const pull = (version?: string) => fetchOci(pinned(version), new AbortController().signal);

function publish(tag: string, { bytes = ARCHIVE, digest = digestOf(ARCHIVE), mediaType = CHART } = {}): void {
  const layers = [{ mediaType: "application/vnd.other", digest: digestOf(Buffer.from("provenance")) }, { mediaType, digest }];
  answers.set(`/v2/charts/demo/manifests/${tag}`, JSON.stringify({ layers }));
  answers.set(`/v2/charts/demo/blobs/${digest}`, bytes);
}

const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error("the pull succeeded")),
    (error: unknown) => {
      if (error instanceof ToolError) return error;
      throw error;
    },
  );

test.each([
  ["the version as it is", "1.2.3", "1.2.3"],
  ["the version with a leading v", "1.2.3", "v1.2.3"],
  ["a version with a plus sign", "1.2.3+k3s1", "1.2.3_k3s1"],
])("the archive is found under %s", async (_, version, tag) => {
  publish(tag);
  expect(await pull(version)).toEqual(ARCHIVE);
});

test("an anonymous token is fetched once where the registry wants one", async () => {
  wantsToken = true;
  publish("1.2.3");
  expect(await pull()).toEqual(ARCHIVE);
  expect(asked.filter((url) => url.startsWith("/token"))).toEqual([
    "/token?service=registry&scope=repository%3Acharts%2Fdemo%3Apull",
  ]);
});

test.each([
  ["no such tag", () => undefined, /demo 1\.2\.3: not in oci:.*neither tag 1\.2\.3 nor v1\.2\.3/],
  ["an image", () => publish("1.2.3", { mediaType: "application/vnd.oci.image.layer" }), /holds no Helm chart but application\/vnd\.other/],
  ["no manifest", () => void answers.set("/v2/charts/demo/manifests/1.2.3", "<html>"), /the manifest is no JSON/],
  ["other bytes than the manifest names", () => publish("1.2.3", { bytes: Buffer.from("evil") }), /the registry's own digest is not that of its bytes/],
])("%s is refused", async (_, prepare, says) => {
  prepare();
  const fault = await faultOf(pull());
  expect(fault.message).toMatch(says);
  expect(fault.exitCode).toBe(EXIT.failed);
});

test("a registry that does not answer is told from one that does not have the chart", async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect((await faultOf(pull())).exitCode).toBe(EXIT.couldNotLook);
});

test.each([
  ["oci://registry.example.com/charts", true],
  ["https://charts.example.com", false],
])("%s is a registry: %s", (repository, expected) => {
  expect(isOci({ chart: "demo", version: "1", repository })).toBe(expected);
});
