/** Drift in every format: what stands in Secrets, in Helm's records and in the API server's complaints stays there. */
import { FORMATS, RENDERERS } from "../../checks/report/formats";
import { driftBody, readDriftReport } from "../../delivery/drift/report";
import {
  DECLARED,
  eachDeclaredCluster,
  installed,
  manager,
  MANAGER_PATH,
  object,
  SETUP,
} from "../checks/support/declared-cluster";
import type { LiveObject } from "../checks/support/live-cluster";
import { ALL_MARKERS, markerFor } from "./inputs";
import { leaksOf } from "./scanner";

const data = markerFor("cluster: data of a Secret").value;
const value = markerFor("cluster: values of a Helm release").value;
const env = markerFor("cluster: environment of a container").value;
const coded = Buffer.from(data).toString("base64");

const secret = (word: string, more: object = {}): LiveObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "rclone", namespace: "seldon", ...more },
  data: { config: Buffer.from(word).toString("base64") },
});
const SECRET_PATH = "/api/v1/namespaces/seldon/secrets/rclone";

const withSecrets = (word: string): LiveObject => ({
  ...manager(),
  spec: {
    template: {
      spec: {
        containers: [
          {
            name: "manager",
            image: "manager:2.10.2",
            args: [`--token=${word}`, "--password", word],
            env: [
              { name: "KAFKA_PASSWORD", value: word },
              { name: "PROXY", value: `http://ci:${encodeURIComponent(word)}@proxy.example.com` },
            ],
          },
        ],
      },
    },
  },
});

describe("drift", () => {
  const { live, look } = eachDeclaredCluster();

  /** All that a run and what is made of it says. */
  async function said(declared = DECLARED) {
    const { summary: more, exitCode, ...run } = await look(declared);
    const head = { command: "drift", stack: "test", kubeconfig: "k.yaml", program: "0" };
    const report = { head, run: { ...run, exitCode }, at: new Date(0), ...more };
    const rendered = FORMATS.map((format) => ({
      name: `drift, ${format}`,
      text: RENDERERS[format](report, { width: 200, colour: false, ascii: true } as never),
    }));
    const json = rendered.find(({ name }) => name.endsWith("json"))!.text;
    const read = readDriftReport(json, "test");
    const issue = {
      name: "drift, issue",
      text: driftBody({ stack: "test", refresh: "clean", report: read, program: "0" }),
    };
    return { exitCode, artifacts: [...rendered, issue], json };
  }

  const release = (objects: readonly LiveObject[], values: Record<string, unknown> = SETUP.values) =>
    live().release("setup", { chart: SETUP.chart, values, objects: [...objects] });

  it("tells of other values in a Secret and of other values of a release, without one of them", async () => {
    live().put(installed(secret("another")), "kubectl-edit");
    live().change(MANAGER_PATH, { metadata: { annotations: { note: "x" } } });
    release([manager(), secret(data)], { a: { b: 2 }, apiToken: value, registry: { password: value } });
    const { exitCode, artifacts, json } = await said();
    expect(exitCode).toBe(7);
    expect(json).toMatch(/Secret seldon\/rclone|release seldon\/setup/);
    expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
  });

  it("tells of a secret that somebody changed by hand, declared by the stack", async () => {
    live().put(secret(data), "kubectl-edit");
    const declared = { ...DECLARED, objects: [...DECLARED.objects, object(secret("[secret]"))] };
    const { artifacts, json } = await said(declared);
    expect(json).toContain("Secret seldon/rclone");
    expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
  });

  it("tells of other arguments and variables of a container, without those that are credentials", async () => {
    live().put(installed(withSecrets(env)), "kubectl-edit");
    release([withSecrets("declared-word")]);
    const { exitCode, artifacts } = await said();
    expect(exitCode).toBe(7);
    expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
  });

  it.each([
    [
      "an objection that quotes the value",
      422,
      `Secret "rclone" is invalid: data[config]: Invalid value: "${coded}": must be x`,
    ],
    [
      "an objection that quotes the object",
      400,
      `failed to create typed patch object: .data.config: ${JSON.stringify(secret(data))}`,
    ],
    [
      "a failure that quotes the object",
      500,
      `admission webhook failed for ${JSON.stringify({ stringData: { config: data } })}`,
    ],
    ["a refusal that quotes the object", 403, `secrets "rclone" is forbidden: denied {"data":{"config":"${coded}"}}`],
  ])("does not repeat %s", async (_, status, message) => {
    live().put(installed(secret("another")), "kubectl-edit");
    release([manager(), secret(data)]);
    live().api.patches.set(SECRET_PATH, () => ({ json: { kind: "Status", message, code: status }, status }));
    const { exitCode, artifacts, json } = await said();
    expect(exitCode).not.toBe(0);
    expect(json).toContain("rclone");
    expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
  });
});
