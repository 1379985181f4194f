/** What must stand before a workaround goes: the thing that it stood in for. */
import { gateChecks } from "../../checks/gates/gates";
import { compare } from "../../checks/drift/objects/compare";
import { showObject } from "../../checks/drift/objects/declared-objects";
import { settle } from "../../checks/engine/settle";
import { EXIT } from "../../checks/exit-codes";
import { LookError } from "../../checks/verdict";
import type { RemovalStep } from "./removal";
import type { AdoptRun } from "./run";

/** Answers of one run, so that the network is asked once and not once a Server. */
export class Guards {
  private readonly known = new Map<string, Promise<string | undefined>>();

  constructor(private readonly run: AdoptRun) {}

  /** Why a step must not be taken yet; undefined where it may. @throws LookError where nobody can tell. */
  async against({ object: { kind, namespace } }: RemovalStep): Promise<string | undefined> {
    return kind === "NetworkPolicy"
      ? this.once(`policies ${namespace}`, () => this.policiesMissing(namespace))
      : this.once("network", () => this.networkMissing());
  }

  private once(key: string, look: () => Promise<string | undefined>): Promise<string | undefined> {
    const known = this.known.get(key) ?? look();
    this.known.set(key, known);
    return known;
  }

  /** Pods that leave the host's network need one of their own. */
  private async networkMissing(): Promise<string | undefined> {
    const { context, io } = this.run;
    if (context.subject.calico === undefined) return undefined;
    const { results, exitCode } = await settle(gateChecks("calico-ready", context), { waitMs: 0, signal: io.signal });
    if (exitCode === EXIT.clean) return undefined;
    io.signal.throwIfAborted();
    const bad = results.flatMap(({ findings }) => findings).find(({ verdict }) => verdict !== "PASS");
    return `the pod network is not complete: ${bad?.target ?? "Calico"}: ${bad?.actual ?? "unknown"}. Fix: pulumi up, then npm run preflight -- ${context.subject.stack}`;
  }

  /** What an allow-all policy let through, the flow table's rows must let through now. */
  private async policiesMissing(namespace: string): Promise<string | undefined> {
    const { drift, io, context } = this.run;
    const declared = drift.declared.objects.filter(
      (one) => one.kind === "NetworkPolicy" && one.apiVersion === "networking.k8s.io/v1" && one.namespace === namespace,
    );
    if (declared.length === 0) {
      return `the stack declares no policy in namespace ${namespace}, so nothing would take its place. Fix: policies.enabled and policies.enforce`;
    }
    const looks = await Promise.all(
      declared.map(async (object) => {
        const { differences, objection } = await compare(object, drift.comparing(io.signal));
        const stands =
          objection === undefined && !differences.some(({ origin }) => origin === "missing" || origin === "changed");
        return stands ? [] : [showObject(object)];
      }),
    );
    const missing = looks.flat();
    return missing.length === 0
      ? undefined
      : `${missing.join(", ")} ${missing.length === 1 ? "does" : "do"} not stand as declared. Fix: pulumi up -s ${context.subject.stack}`;
  }

  /** Waits until every declared Server is ready again. @throws LookError when the time is over. */
  async ready(): Promise<void> {
    const { context, io } = this.run;
    const { results, exitCode } = await settle(gateChecks("servers-ready", context), {
      waitMs: context.subject.timeoutSeconds * 1000,
      signal: io.signal,
    });
    if (exitCode === EXIT.clean) return;
    io.signal.throwIfAborted();
    const bad = results.flatMap(({ findings }) => findings).find(({ verdict }) => verdict !== "PASS");
    throw new LookError(`${bad?.target ?? "the Servers"}: ${bad?.actual ?? "not ready"}; nothing more was changed`, {
      fix: `npm run diagnose -- ${context.subject.stack}, then this command again`,
    });
  }
}
