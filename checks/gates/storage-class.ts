/** The cluster has one default StorageClass, and it is the one that the stack file names. */
import type { Check } from "../check";
import type { KubeObject } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { fail, type Outcome, pass } from "../verdict";

/** Annotation of the class that claims without a class get. */
const DEFAULT = "storageclass.kubernetes.io/is-default-class";

/** Seldon's charts name no class, so that their claims stay Pending for ever where the cluster has no default. */
export function storageClass(context: CheckContext): Check[] {
  const wanted = context.subject.storageClass;
  if (wanted === undefined) return [];
  return [
    {
      id: "storage-class",
      title: "The volumes can be made",
      proves: "the claims of scheduler and servers, which name no StorageClass, get the one that the stack file names",
      expectations: () => [
        {
          target: "default StorageClass",
          expected: wanted,
          repeat: context.kubectl("get storageclass"),
          probe: (signal) => look(wanted, context, signal),
        },
      ],
    },
  ];
}

async function look(wanted: string, context: CheckContext, signal: AbortSignal): Promise<Outcome> {
  const all = await context.api.list<KubeObject>(PATHS.storageClasses, signal);
  const defaults = all
    .filter(({ metadata }) => metadata.annotations?.[DEFAULT] === "true")
    .map(({ metadata }) => metadata.name);
  if (defaults.length === 1 && defaults[0] === wanted) return pass(wanted);
  const there = all.map(({ metadata }) => metadata.name).join(", ") || "none";
  return fail(defaults.length === 0 ? "none is the default" : `default: ${defaults.join(", ")}`, {
    evidence: [`StorageClasses: ${there}`],
    fix: `make one the only default by the annotation ${DEFAULT}, or name the default in seldon.storageClass`,
  });
}
