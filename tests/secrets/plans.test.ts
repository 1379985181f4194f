/** Plans, pictures, guardrails, comments and the gate: nothing secret, with the secrets decrypted as the engine has them. */
import { inspect } from "node:util";
import { driftBody, driftMarker, issueAction, readDriftReport } from "../../delivery/drift/report";
import { refusals } from "../../delivery/gate/gate";
import { planComment } from "../../delivery/plan/comment";
import { readPlan } from "../../delivery/plan/plan";
import { summaryOf } from "../../delivery/plan/summary";
import { previewComment } from "../../delivery/preview/comment";
import { readPreview } from "../../delivery/preview/preview";
import { changesDigest, readRecord, recordOf } from "../../delivery/preview/record";
import { revealSecrets } from "../../inprocess/secrets";
import { fromPlan } from "../../policy-pack/from-plan";
import { findingText, judge } from "../../policy-pack/judge";
import { GUARDRAILS } from "../../policy-pack/rules";
import { planDocument, planYaml } from "../../tools/plan/document";
import { configOf } from "../../config/stack-config";
import { evaluate, type Evaluation } from "../../tools/plan/evaluate";
import { flowPicture } from "../../tools/plan/pictures/flow-picture";
import { graphPicture } from "../../tools/plan/pictures/graph-picture";
import { type KafkaKind, plantedStack, STACK } from "./fixture";
import { ALL_MARKERS, markerFor, SECRET_CONFIG } from "./inputs";
import { type Artifact, leaksOf } from "./scanner";
import { SPOKEN } from "./spoken";

// Whole programs run here; none of these tests is about time.
jest.setTimeout(300_000);

const leaks = (...artifacts: Artifact[]): string[] => leaksOf(artifacts, ALL_MARKERS);
const KINDS: KafkaKind[] = ["external", "strimzi"];
const COMMIT = "1".repeat(40);
const AT = "2026-01-02T03:04:05.000Z";

describe.each(KINDS)("a stack with every secret, Kafka: %s", (kind) => {
  let evaluation: Evaluation;
  beforeAll(async () => (evaluation = await evaluate(plantedStack(kind))));

  test("npm run plan: YAML, JSON, both pictures", () => {
    const text = planYaml(evaluation);
    expect(text.match(/\[secret\]/g)!.length).toBeGreaterThan(5);
    expect(
      leaks(
        { name: "plan", text },
        { name: "plan --json", text: JSON.stringify(planDocument(evaluation)) },
        { name: "plan --graph", text: graphPicture(evaluation) },
        { name: "plan --flows", text: flowPicture(STACK, configOf(plantedStack(kind))) },
        { name: "an object that a debugger or a log prints", text: inspect(evaluation, { depth: 12 }) },
      ),
    ).toEqual([]);
  });

  test("delivery plan: the comment about changed secrets", async () => {
    const other = await evaluate(
      plantedStack(kind, { kafkaPassword: "another one", calicoPullSecret: '{"auths":{}}' }),
    );
    const plans = [other, evaluation].map((each) => readPlan(planYaml(each), STACK));
    const text = planComment({
      summaries: [summaryOf(plans[0]!, plans[1]!)],
      base: "base",
      head: "head",
      program: "0",
    });
    expect(text).toContain(STACK);
    expect(leaks({ name: "plan comment", text })).toEqual([]);
  });

  /** What the engine would write if it masked nothing: the worst that delivery can be given. */
  const unmaskedPreview = (messages: readonly string[]): string =>
    JSON.stringify({
      steps: evaluation.resources.slice(1).map(({ urn, inputs }, index) => ({
        op: index % 2 === 0 ? "create" : "update",
        urn,
        oldState: { inputs: revealSecrets(inputs) },
        newState: { inputs: revealSecrets(inputs), outputs: revealSecrets(inputs) },
        detailedDiff: { "stringData.password": { kind: "update" } },
      })),
      diagnostics: messages.map((message) => ({ severity: "error", message })),
    });

  test("delivery preview: comment, record and gate", () => {
    const json = unmaskedPreview([]);
    expect(leaks({ name: "the input itself", text: json }).length).toBeGreaterThan(3);
    const preview = readPreview(json, STACK);
    const record = recordOf(preview.summary, { commit: COMMIT, configDigest: "c".repeat(64), at: AT, program: "0" });
    const reasons = refusals({
      record: readRecord(JSON.stringify(record), "record.json"),
      stack: STACK,
      commit: "2".repeat(40),
      configDigest: "d".repeat(64),
      changesDigest: changesDigest([]),
      now: new Date("2026-02-02T03:04:05Z"),
      maxAgeHours: 1,
    });
    expect(reasons.length).toBeGreaterThan(2);
    expect(
      leaks(
        { name: "preview comment", text: previewComment(preview, { record }) },
        { name: "record", text: JSON.stringify(record) },
        { name: "gate", text: JSON.stringify(reasons) },
      ),
    ).toEqual([]);
  });

  test("guardrails, on what violates them all", () => {
    const token = markerFor("cluster: environment of a container").value;
    const pod = {
      hostNetwork: true,
      hostPID: true,
      imagePullSecrets: [{ name: "registry" }],
      volumes: [{ name: "host", hostPath: { path: "/" } }],
      containers: [
        {
          name: "main",
          image: "docker.io/library/busybox:latest",
          args: [`--token=${token}`],
          command: ["sh", "-c", `curl -u x:${token} https://example.com`],
          env: [
            { name: "PASSWORD", value: token },
            { name: "SELDON_SERVER_HOST", value: token },
          ],
          securityContext: { privileged: true },
        },
      ],
    };
    const labels = { "kubernetes.io/metadata.name": "financial-ml" };
    const metadata = { name: "dangerous", namespace: "financial-ml", labels };
    const declared: readonly (readonly [string, Record<string, unknown>])[] = [
      ["kubernetes:apps/v1:Deployment", { metadata, spec: { template: { metadata, spec: pod } } }],
      ["kubernetes:mlops.seldon.io/v1alpha1:Server", { metadata, spec: { podSpec: pod } }],
      ["kubernetes:core/v1:Service", { metadata, spec: { type: "LoadBalancer", loadBalancerIP: token } }],
      ["kubernetes:networking.k8s.io/v1:NetworkPolicy", { metadata, spec: { ingress: [{}], egress: [{}] } }],
      ["kubernetes:core/v1:Secret", { metadata, stringData: { token } }],
      ["kubernetes:helm.sh/v3:Release", { chart: "http://x/chart", namespace: "financial-ml", values: { token } }],
    ];
    const dangerous = declared.map(([type, inputs], index) => ({
      urn: `urn:pulumi:${STACK}::seldon-k3s::${type}::dangerous-${index}`,
      type,
      name: `dangerous-${index}`,
      inputs,
      protect: false,
      retainOnDelete: false,
    }));
    const resources = [...fromPlan(evaluation.resources), ...dangerous];
    const findings = [
      ...judge({ resources }),
      ...judge({ resources, before: fromPlan(evaluation.resources).map((one) => ({ ...one, protect: true })) }),
    ];
    // Otherwise nothing was said that could have quoted a value.
    expect(new Set(findings.map(({ rule }) => rule)).size).toBeGreaterThan(GUARDRAILS.length / 3);
    expect(
      leaks(
        { name: "guardrails", text: findings.map(findingText).join("\n") },
        { name: "guardrails --json", text: JSON.stringify(findings) },
      ),
    ).toEqual([]);
  });
});

describe.each(SPOKEN.map((speak) => [speak("SECRET"), speak] as const))("a message such as %j", (_, speak) => {
  const message = speak(SECRET_CONFIG.k3sToken.value);

  test("is not quoted with its secret in a preview's comment or a drift issue", () => {
    const preview = readPreview(JSON.stringify({ steps: [], diagnostics: [{ severity: "error", message }] }), STACK);
    const record = recordOf(preview.summary, { commit: COMMIT, configDigest: "c".repeat(64), at: AT, program: "0" });
    const finding = (verdict: string) => ({ verdict, target: `t ${message}`, actual: message, fix: message });
    const report = readDriftReport(
      JSON.stringify({
        kind: "seldon-k3s.report",
        command: "drift",
        stack: STACK,
        exitCode: 7,
        checks: [{ id: "declared-objects", findings: [finding("DRIFT"), finding("ERROR")] }],
      }),
      STACK,
    );
    const input = { stack: STACK, refresh: "drift", report, program: "0" } as const;
    expect(
      leaks(
        { name: "preview comment", text: previewComment(preview, { record }) },
        { name: "drift issue", text: driftBody(input) },
        {
          name: "drift update",
          text: JSON.stringify(issueAction(input, { number: 1, body: `${driftMarker(STACK)}\nold` })),
        },
      ),
    ).toEqual([]);
  });
});
