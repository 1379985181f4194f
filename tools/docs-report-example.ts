/**
 * The report that the documentation shows: of stack staging, whose flow table it is; verdicts and times are made up,
 * and the pages say so. Every picture of it comes from here, so that each is of the same run.
 */
import type { CheckResult } from "../checks/engine";
import { htmlReport } from "../checks/report/html/report";
import { markdownReport } from "../checks/report/markdown";
import type { Report } from "../checks/report/report";
import { exitCodeOf, totalsOf } from "../checks/totals";
import { fail, type Finding, type Outcome, pass, type ProbedFlow, skipped, worst } from "../checks/verdict";
import { declaredFlows } from "../checks/policy/declared";
import { subjectOf } from "../checks/subject";
import type { StackConfig } from "../config/schema";

interface Example {
  readonly check: string;
  readonly proves: string;
  readonly findings: readonly (readonly [target: string, expected: string, outcome: Outcome, flow?: ProbedFlow])[];
}

/** The stack whose flow table the report shows. */
export const STACK = "staging";

const KUBECTL = "kubectl --kubeconfig kubeconfig-staging.yaml";

/** What must be looked at again, as each check would write it. */
const LOOK = `${KUBECTL} -n financial-ml get pods -o wide`;

const EXAMPLES: readonly Example[] = [
  {
    check: "cluster-identity",
    proves: "the kubeconfig leads to the cluster that the stack names",
    findings: [["namespace kube-system", "the UID of the stack file", pass("that UID, Kubernetes v1.33.8+k3s1")]],
  },
  {
    check: "server-http-ready",
    proves: "the inference server of each server pod answers on its loopback",
    findings: [
      ["financial-ml/mlserver-0:9000", "200 from /v2/health/ready", pass("200")],
      ["financial-ml/mlserver-1:9000", "200 from /v2/health/ready", pass("200")],
    ],
  },
  {
    check: "server-grpc-live",
    proves: "MLServer speaks gRPC where the agent expects it",
    findings: [
      [
        "financial-ml/mlserver-0:9500",
        "ServerLive: live = true",
        fail("connection refused: nothing listens on 127.0.0.1:9500 in this pod", {
          evidence: [
            "container mlserver: running since 4 s, 3 restarts, last end OOMKilled (exit code 137)",
            "container mlserver: memory limit 1Gi",
          ],
          fix: `${KUBECTL} -n financial-ml logs mlserver-0 -c mlserver --previous --tail 50`,
        }),
      ],
      ["financial-ml/mlserver-1:9500", "ServerLive: live = true", pass("ServerLive: live = true")],
    ],
  },
  {
    check: "model-ready",
    proves: "the smoke model is served",
    findings: [
      [
        "Model financial-ml/test-model-simple",
        "Ready=True",
        fail("Ready=False (ModelProgressing)", {
          fix: `${KUBECTL} -n financial-ml get model test-model-simple -o yaml`,
        }),
      ],
    ],
  },
  {
    check: "inference",
    proves: "a request through Envoy is answered by the smoke model",
    findings: [["(whole check)", "an answer", skipped("needs model-ready, which is FAIL")]],
  },
];

/** The one way that fails in the example. */
const isBlocked = ({ from, to, port }: ProbedFlow): boolean =>
  from.endpoint === "server" && to.endpoint === "scheduler" && port === 9005;

function flowOutcome(flow: ProbedFlow): Outcome {
  if (isBlocked(flow)) {
    return fail("same node: accepted; across nodes: no answer in 2 s", {
      evidence: ["needed: agents register their capacity and take load and unload orders (server-to-scheduler)"],
      fix: `${KUBECTL} -n financial-ml get networkpolicies -o yaml`,
    });
  }
  return pass(flow.allowed ? "accepted, with the caller's own address" : "no answer");
}

/** Every way between pods that the stack runs, open and shut. */
const policyTable = (config: StackConfig): Example => ({
  check: "policy-table",
  proves: "what the flow table opens is open, and all else is shut",
  findings: declaredFlows(subjectOf(STACK, config)).map((flow) => {
    const { from, to, port, allowed } = flow;
    const expected = allowed ? "accepted, with the caller's own address" : "no answer";
    return [`${from.endpoint} -> ${to.endpoint}:${port}`, expected, flowOutcome(flow), flow];
  }),
});

/** Milliseconds that look like measured ones; the same for every run. */
const made = (index: number): number => 18 + ((index * 37) % 61);

function resultOf({ check: id, proves, findings }: Example): CheckResult {
  const found = findings.map(([target, expected, outcome, flow], index): Finding => ({
    check: id,
    target,
    expected,
    repeat: LOOK,
    ...(flow === undefined ? {} : { flow }),
    ...outcome,
    evidence: outcome.evidence ?? [],
    milliseconds: outcome.verdict === "SKIPPED" ? 0 : made(index),
  }));
  const verdict = worst(found.map((one) => one.verdict));
  return { check: { id, title: id, proves, expectations: () => [] }, verdict, findings: found, milliseconds: 900 };
}

/** The example's checks by their ids. */
export const EXAMPLE_CHECKS: readonly string[] = [...EXAMPLES.map(({ check }) => check), "policy-table"];

/** @param config Of the stack whose flow table it is. */
export function exampleReport(config: StackConfig): Report {
  const results = [...EXAMPLES, policyTable(config)].map(resultOf);
  const totals = totalsOf(results.flatMap(({ findings }) => findings.map(({ verdict }) => verdict)));
  const { cluster } = config;
  return {
    head: {
      command: "validate",
      stack: STACK,
      uid: cluster.uid,
      kubeconfig: cluster.kubeconfigFile,
      // No version: the picture need not be taken again for every commit.
      program: "an example",
    },
    run: { results, totals, exitCode: exitCodeOf(totals), milliseconds: 4200 },
    at: new Date("2026-11-23T01:02:03Z"),
  };
}

export const exampleMarkdown = (config: StackConfig): string => markdownReport(exampleReport(config));
export const examplePage = (config: StackConfig): string => htmlReport(exampleReport(config));
