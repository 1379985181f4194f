/** The ports of a server pod from another node, next to what answers on their loopback. */
import { clusterIdentity } from "../../../checks/criteria/cluster-identity";
import { serverAddress } from "../../../checks/criteria/server-address";
import { runChecks } from "../../../checks/engine";
import { ProbeSession } from "../../../checks/policy/session";
import type { Subject } from "../../../checks/subject";
import { seldonStack } from "../../support/seldon-stack";
import { ProbeCluster } from "../support/probe-cluster";
import { NS } from "../support/seldon-cluster";
import { REFUSED_PORT } from "../../support/ports";
import { grpcServer, httpServer, type Standing } from "../support/servers";

jest.setTimeout(30_000);

let cluster: ProbeCluster;
const standing: Standing[] = [];

beforeEach(async () => {
  cluster = await ProbeCluster.start(seldonStack());
  for (const port of [9000, 9001, 5572, 9008])
    await behind(
      port,
      httpServer((_, response) => response.end("{}")),
    );
  for (const port of [9500, 9501]) await behind(port, grpcServer(true));
});
afterEach(async () => {
  await Promise.all(standing.splice(0).map((server) => server.close()));
  await cluster.close();
});

async function behind(port: number, server: Promise<Standing>): Promise<void> {
  const stands = await server;
  standing.push(stands);
  cluster.api.forwards.set(`${NS}/mlserver-0:${port}`, stands.port);
}

const refused = (port: number): void => void cluster.api.forwards.set(`${NS}/mlserver-0:${port}`, REFUSED_PORT);

async function look(subject: Partial<Subject> = {}) {
  const context = cluster.context(subject);
  const session = new ProbeSession(context, 1);
  const run = await runChecks([clusterIdentity(context), serverAddress(context, session)]);
  await session.close(() => undefined);
  return run.results[1]!.findings.map(({ verdict, target, actual, evidence, flow }) => ({
    verdict,
    target,
    actual,
    evidence,
    flow,
  }));
}

const ports = (found: Awaited<ReturnType<typeof look>>) =>
  Object.fromEntries(
    found.map(({ verdict, target, actual }) => [
      /:(\d+) /.exec(target)?.[1] ?? target,
      `${verdict} ${actual.replace(/in \d+ ms/, "in N ms")}`,
    ]),
  );
const toServer = (words: (port: number) => string | undefined) => {
  cluster.network = (_, to, port) => (to?.metadata.name === "mlserver-0" ? words(port) : undefined);
};

test("with policies: Envoy's ports are open, all others closed, and what answers inside stands next to it", async () => {
  const found = await look();
  expect(found.map(({ target }) => target)).toEqual(
    [9001, 9501, 9000, 9500, 5572, 9008].map((port) => `financial-ml/mlserver-0:${port} from node-2`),
  );
  expect(ports(found)).toEqual({
    9001: "PASS open; 127.0.0.1:9001: HTTP 200",
    9501: "PASS open; 127.0.0.1:9501: gRPC status 0",
    9000: "PASS no answer, as it must be; 127.0.0.1:9000: 200 in N ms",
    9500: "PASS no answer, as it must be; 127.0.0.1:9500: ServerLive: live = true in N ms",
    5572: "PASS no answer, as it must be; 127.0.0.1:5572: 200 in N ms",
    9008: "PASS no answer, as it must be; 127.0.0.1:9008: 200 in N ms",
  });
  expect(found[0]!.flow).toEqual({
    from: { endpoint: "envoy", namespace: NS },
    to: { endpoint: "server", namespace: NS },
    port: 9001,
    allowed: true,
  });
  expect(cluster.probes).toEqual([]);
});

test("a port that should be closed and is open", async () => {
  toServer((port) => (port === 5572 ? "open" : undefined));
  expect(ports(await look())[5572]).toBe("FAIL open to other pods");
});

test("closed proves nothing where nothing came through", async () => {
  toServer(() => "no answer within 2 s");
  const found = ports(await look());
  expect(found[9000]).toBe("SKIPPED closed, which proves nothing: no port that is open to Envoy answered either");
  expect(found[9001]).toBe("FAIL blocked by policy: no answer");
});

test.each<[string, () => Promise<void>, (port: number) => string | undefined, string]>([
  [
    "nothing listens",
    () => Promise.resolve(refused(9001)),
    () => "nc: Connection refused",
    "FAIL nothing listens: refused",
  ],
  [
    "listens on loopback only",
    () => Promise.resolve(),
    (port) => (port === 9001 ? "nc: Connection refused" : undefined),
    "FAIL listens on loopback only: refused",
  ],
  [
    "blocked by policy",
    () => Promise.resolve(),
    (port) => (port === 9001 ? "no answer within 2 s" : undefined),
    "FAIL blocked by policy: no answer",
  ],
  [
    "speaks another protocol",
    () => behind(9001, grpcServer(true)),
    (port) => (port === 9001 ? "no answer within 2 s" : undefined),
    "FAIL speaks another protocol: no answer",
  ],
])("a port that should be open: %s", async (_, inside, outside, expected) => {
  await inside();
  toServer(outside);
  expect(ports(await look())[9001]).toBe(expected);
});

test("a port that should be open and is not ready yet", async () => {
  refused(9001);
  cluster.pods.get(`${NS}/mlserver-0`)!.status["containerStatuses"] = [
    { name: "agent", ready: false, started: false, restartCount: 0, state: { running: {} } },
  ];
  toServer((port) => (port === 9001 ? "nc: Connection refused" : undefined));
  expect(ports(await look())[9001]).toBe("FAIL not ready yet: refused");
});

test("without policies every port must be open, and one that listens elsewhere is seen by its address", async () => {
  cluster.policies = [];
  expect(new Set((await look({ policy: undefined })).map(({ verdict }) => verdict))).toEqual(new Set(["PASS"]));
  refused(9000);
  toServer((port) => (port === 9500 ? "no answer within 2 s" : undefined));
  const again = ports(await look({ policy: undefined }));
  expect(again[9500]).toBe("FAIL blocked by policy: no answer");
  expect(again[9000]).toBe("FAIL listens elsewhere: accepted");
});

test("one node, and a pod without an address, are skipped with their reason", async () => {
  cluster.nodes("node-1");
  expect((await look()).map(({ verdict, actual }) => [verdict, actual])).toEqual([
    ["SKIPPED", "node-1 is the only node that can run a probe pod: there is no other to ask from"],
  ]);
  cluster.nodes("node-1", "node-2");
  cluster.pods.get(`${NS}/mlserver-0`)!.status = { phase: "Pending" };
  expect((await look()).map(({ actual }) => actual)).toEqual(["the pod is Pending: it has no address to ask"]);
});
