/** One round of a proof with its report. */
import { EXIT } from "../../checks/exit-codes";
import type { RunResult } from "../../checks/engine";
import { headOf } from "../../checks/report/head";
import { progressLine, textOptions, textReport } from "../../checks/report/text";
import { ToolError } from "../../tools/cli";
import type { Run } from "../cli/run";
import type { BaseSubject } from "../cli/subject";
import { isReady, type Pod, showPod } from "../../checks/cluster/objects";
import { hostPortsOf, isProbe } from "../../checks/cluster/select";
import type { HostPortClaim } from "../proof/plan";
import type { Prover, RoundOptions } from "../proof/prover";

/** Host ports that Ready pods of a node claim. */
export const claimsOf = (pods: readonly Pod[]): HostPortClaim[] =>
  pods
    .filter((pod) => pod.spec?.hostNetwork !== true && isReady(pod) && !isProbe(pod))
    .flatMap((pod) => hostPortsOf(pod).map((port) => ({ pod: showPod(pod), port })));

/**
 * Proves once.
 * @param when What is said of this round: "before pods are recreated".
 * @returns The host ports that answered.
 * @throws ToolError with the whole report printed before, when anything failed.
 */
export async function proveOrThrow(
  run: Run<BaseSubject>,
  prover: Prover,
  when: string,
  options: Omit<RoundOptions, "onFinding">,
): Promise<ReadonlySet<number>> {
  const result = await run.part(proofPart(when), () => prove(run, prover, when, options));
  return answeredIn(result, options.claims);
}

/** The part of the step that proves. */
export const proofPart = (when: string): string => `proof ${when}`;

async function prove(
  run: Run<BaseSubject>,
  prover: Prover,
  when: string,
  options: Omit<RoundOptions, "onFinding">,
): Promise<RunResult> {
  const { io, place, say, context } = run;
  say("proof", `looking ${when}`);
  const format = textOptions(io.stderr, io.env);
  const result = await prover.prove({
    ...options,
    onFinding: (finding) => {
      // After an interruption the rest only says that it was not executed.
      if (finding.verdict !== "SKIPPED" && !run.signal.aborted)
        say("proof", progressLine(finding, { ...format, colour: false }));
    },
  });
  run.signal.throwIfAborted();
  if (result.exitCode !== EXIT.clean) {
    const head = headOf(`rollout proof of ${place}`, context);
    run.print(`\n${textReport(head, result, format)}\n`);
    throw new ToolError(`${place} is not proven ${when}; the report is above`, result.exitCode);
  }
  const { PASS, SKIPPED } = result.totals;
  say("proof", `${PASS} looks passed, ${SKIPPED} skipped${reasons(result)}`);
  return result;
}

/** What was not proven, by name. */
function reasons(result: RunResult): string {
  const skips = result.results.flatMap(({ check, findings }) =>
    findings.filter(({ verdict }) => verdict === "SKIPPED").map(({ actual }) => `${check.id}: ${actual}`),
  );
  return skips.length === 0 ? "" : ` (${[...new Set(skips)].join("; ")})`;
}

function answeredIn(result: RunResult, claims: readonly HostPortClaim[]): ReadonlySet<number> {
  const passed = result.results
    .filter(({ check }) => check.id === "claimed-host-ports")
    .flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === "PASS").map(({ target }) => target));
  return new Set(
    claims.filter(({ port }) => passed.some((target) => target.includes(`:${port} (`))).map(({ port }) => port),
  );
}
