/** A thousand server pods, all broken in the same way: the command as the process that it is, with a bounded heap. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { serverPod } from "../support/diagnosis-objects";
import { type Stands, standBehind } from "../support/diagnosis-ports";
import { worldStackFile } from "../support/stack-file";
import { DiagnosisWorld, type Writable } from "../support/diagnosis-world";
import type { WirePod } from "../../../checks/evidence/objects";
import { agentLine } from "./cases/case";

const PODS = 1_000;
/** Half of what the whole process may take. */
const HEAP_MIB = 256;

let stands: Stands;
let world: DiagnosisWorld;
const stack = worldStackFile();
beforeAll(async () => {
  stands = await standBehind();
  world = await DiagnosisWorld.start(stands);
  world.objects.pods = world.objects.pods.filter(({ metadata }) => !metadata.name.startsWith("mlserver-"));
  for (let index = 0; index < PODS; index += 1) addPod(`mlserver-${index}`, index);
  world.publish();
  pages("/api/v1/pods", world.objects.pods);
});
afterAll(async () => {
  await world.api.close();
  await stands.close();
  stack.remove();
});

/** The agent asks 9500, and MLServer was told 9600. */
function addPod(name: string, index: number): void {
  const pod: Writable<WirePod> = serverPod(
    name,
    index % 2 === 0 ? "s1" : "a1",
    `10.42.${128 + (index >> 8)}.${index & 255}`,
  );
  // What a real pod carries besides, so that its size is true.
  Object.assign(pod.metadata, {
    annotations: { filler: "x".repeat(4_000) },
    managedFields: [{ filler: "y".repeat(6_000) }],
  });
  world.objects.pods.push(pod);
  world.env(name, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
  world.unready(name, "agent");
  world.ports(name, { 9000: "live", 9500: "refused", 9600: "grpc", 5572: "rclone", 9008: "waiting" });
  world.log(
    name,
    "agent",
    Array.from({ length: 500 }, () =>
      agentLine("info", "Waiting for Inference Server service to become ready... next check in 30s"),
    ),
  );
}

/** A list in pages of the asked size, as an API server gives it. */
function pages(path: string, items: readonly unknown[]): void {
  world.api.replies.set(path, (query) => {
    const from = Number(query.get("continue") ?? 0);
    const to = from + Number(query.get("limit"));
    return { json: { items: items.slice(from, to), metadata: to < items.length ? { continue: String(to) } : {} } };
  });
}

it("is one cause, found by a few looks, in a bounded heap", async () => {
  const args = ["diagnose", "test", "--json", "--config-file", stack.path, "--kubeconfig", world.api.kubeconfig];
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP_MIB}`, "--require", "./tools/typescript.cjs", "checks/main.ts", ...args],
    { cwd: join(__dirname, "../../.."), env: { ...process.env, KUBECONFIG: "/nowhere", HOME: "/nowhere" } },
  );
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number]>,
  ]);
  expect({ code, errors }).toEqual({
    code: 1,
    errors: "reading the cluster's objects\nlooking into 6 pods: logs, and ports on their loopback\n",
  });
  const { causes, symptoms, gaps } = JSON.parse(out) as {
    causes: { rule: string; subjects: object[] }[];
    symptoms: object[];
    gaps: { what: string }[];
  };
  expect(causes.map(({ rule, subjects }) => [rule, subjects.length])).toEqual([["ports-differ", PODS]]);
  expect(symptoms).toHaveLength(PODS);
  // Left out on purpose, and said.
  expect(gaps.map(({ what }) => what)).toEqual(["machines", "995 of 1000 pods that are not well"]);
  // Five ports of five pods: as many pods more cost nothing.
  expect(world.api.requests.filter((line) => line.startsWith("UPGRADE"))).toHaveLength(25);
}, 120_000);
