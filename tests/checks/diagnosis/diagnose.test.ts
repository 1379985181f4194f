/** Every cause is made and named; what looks like it is not taken for it. Objects, ports and logs go through the API. */
import { certaintyWord, showSubject } from "../../../checks/diagnosis/report";
import { RULES } from "../../../checks/diagnosis/rules";
import { podOf } from "../support/diagnosis-objects";
import { type Stands, standBehind } from "../support/diagnosis-ports";
import { DiagnosisWorld } from "../support/diagnosis-world";
import { agentWaits, ended, P } from "./cases/case";
import { CLUSTER_CASES, CLUSTER_NEAR_MISSES } from "./cases/cluster";
import { MODEL_CASES, MODEL_NEAR_MISSES } from "./cases/models";
import { SCHEDULER_CASES } from "./cases/scheduler";
import { SCHEDULER_NEAR_MISSES } from "./cases/scheduler-near-misses";
import { SERVER_CASES } from "./cases/servers";
import { SERVER_NEAR_MISSES } from "./cases/servers-near-misses";
import { Table } from "./table";

const CASES = [...SERVER_CASES, ...SCHEDULER_CASES, ...MODEL_CASES, ...CLUSTER_CASES];
const NEAR_MISSES = [...SERVER_NEAR_MISSES, ...SCHEDULER_NEAR_MISSES, ...MODEL_NEAR_MISSES, ...CLUSTER_NEAR_MISSES];

let stands: Stands;
let world: DiagnosisWorld;
beforeAll(async () => (stands = await standBehind()));
const table = new Table();
afterAll(async () => {
  await stands.close();
  table.write(process.env.DIAGNOSIS_TABLE);
});
beforeEach(async () => (world = await DiagnosisWorld.start(stands)));
afterEach(() => world.api.close());

it("a healthy cluster has nothing to name", async () => {
  world.declareMachines();
  const { diagnosis, evidence } = await world.diagnose();
  expect(diagnosis).toMatchObject({ causes: [], consequences: [], symptoms: [], unexplained: [], gaps: [] });
  // Nobody looks into pods that are well.
  expect(evidence.looks.size).toBe(0);
});

it.each(CASES)("$injected -> $verdict", async ({ injected, make, verdict, says = [] }) => {
  make(world);
  const { diagnosis, milliseconds } = await world.diagnose();
  const [first] = diagnosis.causes;
  const certainty = certaintyWord(first?.certainty ?? 0);
  table.reproduction({ injected, verdict: first?.rule ?? "none", certainty, milliseconds });
  expect({ first: first?.rule, certainty: (first?.certainty ?? 0) >= 0.5 }).toEqual({
    first: verdict,
    certainty: true,
  });
  expect(diagnosis.unexplained.map(({ text }) => text)).toEqual([]);
  expect(diagnosis.gaps.filter(({ chosen }) => chosen !== true)).toEqual([]);
  const said = [...first!.evidence.map(({ text }) => text), ...diagnosis.cleared, first!.cause].join("\n");
  for (const pattern of says) expect(said).toMatch(pattern);
  expect(first!.mend).not.toBe("");
  expect(first!.repeat.length).toBeGreaterThan(0);
  expect(JSON.stringify(diagnosis)).not.toContain("hunter2");
});

it.each(NEAR_MISSES)("$what is not $not", async ({ what, make, not, verdict }) => {
  make(world);
  const { diagnosis, milliseconds } = await world.diagnose();
  const named = [...diagnosis.causes, ...diagnosis.consequences].map(({ rule }) => rule);
  expect(named).not.toContain(not);
  const first = diagnosis.causes[0]?.rule ?? (diagnosis.unexplained.length > 0 ? "unexplained" : undefined);
  table.nearMiss({ injected: what, not, verdict: first ?? "nothing wrong", certainty: "", milliseconds });
  expect(first).toBe(verdict);
});

it("what is only there as well explains nothing", async () => {
  agentWaits(world);
  world.env(P, "agent", { SELDON_SERVER_HOST: "127.0.0.1" });
  const { diagnosis } = await world.diagnose();
  expect(diagnosis.causes.map(({ rule, matters }) => [rule, matters])).toEqual([["workaround-server-host", false]]);
  expect(diagnosis.unexplained.map(({ text }) => text)).toEqual(["pod mlserver-0: Running, 2/3 containers ready"]);
});

it("pods of others in the same namespace are nobody's symptom", async () => {
  const other = podOf("notebook-0", {
    node: "s1",
    ip: "10.42.128.99",
    labels: { app: "notebook" },
    containers: ["main"],
  });
  world.objects.pods.push(other);
  ended(world, "main", { exitCode: 1, pod: "notebook-0" });
  const { diagnosis } = await world.diagnose();
  expect(diagnosis).toMatchObject({ causes: [], symptoms: [], unexplained: [] });
});

it("machines that nobody declared are said to be unseen", async () => {
  const { diagnosis } = await world.diagnose();
  expect(diagnosis.gaps.map(({ what }) => what)).toEqual(["machines"]);
});

it("every rule has a case and a near miss of its own", () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(CASES.map(({ verdict }) => verdict))).toEqual(new Set(ids));
  expect(new Set(NEAR_MISSES.map(({ not }) => not))).toEqual(new Set(ids));
  expect(new Set(ids).size).toBe(ids.length);
});

it("what rules follow are rules", () => {
  const ids = new Set(RULES.map(({ id }) => id));
  for (const { follows = [] } of RULES) for (const id of follows) expect(ids).toContain(id);
});

it("one cause of many pods is one, with the pods counted", async () => {
  for (const name of ["mlserver-0", "mlserver-1"]) {
    world.env(name, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
    world.ports(name, { 9500: "refused", 9600: "grpc" });
    world.unready(name, "agent");
  }
  const { diagnosis } = await world.diagnose();
  expect(diagnosis.causes).toHaveLength(1);
  expect(diagnosis.causes[0]!.subjects.map(showSubject)).toEqual([
    "pod financial-ml/mlserver-0",
    "pod financial-ml/mlserver-1",
  ]);
});
