/** Helm releases: Helm's record against the declaration, and every object of the record's manifest against the live one. */
import { setMaxListeners } from "node:events";
import type { Check, Expectation } from "../../check";
import { createLimit } from "../../engine/limit";
import { CLUSTER_IDENTITY } from "../../criteria/cluster-identity";
import { LookError, type Outcome, outcomeOfError, skipped } from "../../verdict";
import { compare } from "./compare";
import { type ObjectDifference, whole } from "./findings";
import { showObject } from "./declared-objects";
import type { DeclaredObject, DeclaredRelease } from "./declared";
import { classOf } from "./classes";
import { differences } from "./difference";
import { member } from "./field-path";
import type { ObjectDrift } from "./objects";
import { manifestObject } from "./manifest-object";
import { diffOf, reapply } from "./reapply";
import type { ReleaseRecord } from "./release-record";
import { show } from "./show";

/** Objects of one release that are compared at the same time. */
const AT_ONCE = 8;
const LOOK_MS = 30_000;
/** Calico's and Seldon's CRDs are some forty large objects a release. */
const MANIFEST_MS = 120_000;

export const showRelease = ({ namespace, name }: DeclaredRelease): string => `release ${namespace}/${name}`;

export function helmReleases(run: ObjectDrift): Check {
  return {
    id: "helm-releases",
    title: "Helm releases are as declared",
    proves: "Helm's newest record of every release is deployed, of the declared chart and with the declared values",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: LOOK_MS,
    expectations: () => run.declared.releases.map((release) => releaseExpectation(release, run)),
  };
}

function releaseExpectation(release: DeclaredRelease, run: ObjectDrift): Expectation {
  const { name, namespace, chart } = release;
  return {
    target: showRelease(release),
    expected: `deployed, ${chart}, the declared values`,
    repeat: run.context.kubectl("-n", namespace, `get secret -l owner=helm,name=${name}`),
    probe: async (signal) => {
      const record = await run.record(release, signal);
      const found = record === undefined ? [whole(named(release), "missing")] : releaseDifferences(release, record);
      const shown = record === undefined ? chart : `${chart}, revision ${record.revision}`;
      const mends = {
        missing: run.ledger.refresh,
        changed: `${run.ledger.refresh}; who did it: ${run.context.helm(namespace)} history ${name}`,
      };
      return run.ledger.judge(found, { clean: shown, mends });
    },
  };
}

const named = ({ name, namespace }: DeclaredRelease) => ({ kind: "Release", name, namespace });

/** Pure. A release that waits or failed is half-installed, whatever its values are. */
export function releaseDifferences(release: DeclaredRelease, record: ReleaseRecord): ObjectDifference[] {
  const facts = [
    { field: "status", live: record.status, declared: "deployed" },
    { field: "chart.version", live: record.chart, declared: release.chart },
  ].filter(({ live, declared }) => live !== declared);
  const values = differences(record.values, release.values).map((one) => ({
    ...one,
    field: member("values", one.field),
  }));
  return [...facts, ...values].map(({ field, live, declared }) => ({
    ...named(release),
    field: field.replace(/^values\[(.*)\]$/, "values.$1"),
    class: classOf({ kind: "Release", origin: "changed", field }).class,
    origin: "changed" as const,
    live: show(live, field, "Release"),
    declared: show(declared, field, "Release"),
  }));
}

export function helmObjects(run: ObjectDrift): Check {
  return {
    id: "helm-objects",
    title: "Objects of Helm releases are as Helm made them",
    proves:
      "nobody changed or deleted an object that a release's manifest holds, which neither Helm nor Pulumi looks at",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: MANIFEST_MS,
    expectations: () => run.declared.releases.map((release) => objectsExpectation(release, run)),
  };
}

function objectsExpectation(release: DeclaredRelease, run: ObjectDrift): Expectation {
  return {
    target: showRelease(release),
    expected: "every object of the manifest, unchanged",
    repeat: diffOf(run.context, release),
    timeoutMs: MANIFEST_MS,
    probe: async (signal) => {
      const record = await run.record(release, signal).catch((error: unknown) => {
        if (error instanceof LookError) return error;
        throw error;
      });
      if (record instanceof LookError) return skipped(`its manifest could not be read (see helm-releases)`);
      if (record === undefined) return skipped("there is no record of it (see helm-releases)");
      return judgeManifest(release, record, run, signal);
    },
  };
}

async function judgeManifest(
  release: DeclaredRelease,
  record: ReleaseRecord,
  run: ObjectDrift,
  signal: AbortSignal,
): Promise<Outcome> {
  const limit = createLimit(AT_ONCE);
  // Every request listens to it, and node warns from the eleventh on.
  setMaxListeners(0, signal);
  const looks = await Promise.all(
    record.objects.map((body) => limit(() => lookAt(manifestObject(body, release), run, signal))),
  );
  const found = looks.flatMap(({ differences: these }) => these);
  const gaps = looks.flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
  const again = reapply(run.context, release, record);
  const outcome = run.ledger.judge(found, {
    clean: `${plural(record.objects.length)} as in the manifest`,
    mends: { changed: again, missing: again, added: "take it back, or name it under drift.allow with its reason" },
    more: gaps.map(({ line }) => line),
    several: true,
  });
  const [first] = gaps;
  if (first === undefined || outcome.verdict === "DRIFT") return outcome;
  return {
    ...first.outcome,
    actual: `${gaps.length} of ${plural(record.objects.length)}: ${first.outcome.actual}`,
    evidence: outcome.evidence ?? [],
  };
}

const plural = (count: number): string => (count === 1 ? "1 object" : `${count} objects`);

interface Look {
  readonly differences: readonly ObjectDifference[];
  readonly gap?: { readonly outcome: Outcome; readonly line: string };
}

/** One object that cannot be looked at must not hide what the others say. */
async function lookAt(object: DeclaredObject, run: ObjectDrift, signal: AbortSignal): Promise<Look> {
  try {
    return await compare(object, run.comparing(signal));
  } catch (error) {
    if (!(error instanceof LookError)) throw error;
    const outcome = outcomeOfError(error);
    return { differences: [], gap: { outcome, line: `could not look at ${showObject(object)}: ${outcome.actual}` } };
  }
}
