/** A whole run of the policy checks, as the command does it, on a fake cluster for each test. */
import type { CheckContext } from "../../../checks/context";
import { clusterIdentity } from "../../../checks/criteria/cluster-identity";
import { runChecks, type RunResult } from "../../../checks/engine";
import { policyChecks } from "../../../checks/policy/checks";
import { ProbeSession } from "../../../checks/policy/session";
import type { Subject } from "../../../checks/subject";
import type { Finding } from "../../../checks/verdict";
import { seldonStack } from "../../support/seldon-stack";
import { ProbeCluster } from "./probe-cluster";

export const checksOf = (context: CheckContext) => {
  const session = new ProbeSession(context, 1);
  context.defer((say) => session.close(say));
  return [clusterIdentity(context), ...policyChecks(context, session)];
};

/** A cluster for one test, and what its run told at the end. */
export class ProbedStack {
  /** What was told when the run was over. */
  readonly told: string[] = [];

  private constructor(readonly cluster: ProbeCluster) {}

  static async start(): Promise<ProbedStack> {
    return new ProbedStack(await ProbeCluster.start(seldonStack()));
  }

  /** A whole run, as the command does it. */
  async probe(subject: Partial<Subject> = {}, signal?: AbortSignal): Promise<RunResult> {
    const context = this.cluster.context(subject);
    return runChecks(checksOf(context), signal === undefined ? {} : { signal }).finally(() =>
      context.finish((line) => void this.told.push(line)),
    );
  }
}

export const findingsOf = (run: RunResult, id: string): readonly Finding[] =>
  run.results.find(({ check }) => check.id === id)!.findings;
export const table = (run: RunResult) => findingsOf(run, "policy-table");
export const line = (run: RunResult, target: string): Finding => {
  const found = table(run).find((finding) => finding.target === target);
  if (found === undefined)
    throw new Error(
      `no line ${target} among:\n${table(run)
        .map((one) => one.target)
        .join("\n")}`,
    );
  return found;
};
export const failed = (run: RunResult): string[] =>
  table(run)
    .filter(({ verdict }) => verdict === "FAIL")
    .map(({ target }) => target);
