/** What stands in the way of taking a cluster over, with what to do about each. Pure. */
import { type CheckContext, quote } from "../../checks/context";
import { showObject } from "../../checks/drift/objects/declared-objects";
import type { FoundObject, FoundRelease, Inventory } from "./inventory";
import { replaces } from "./replacement";

export interface Obstacle {
  /** What it is about: `Secret financial-ml/seldon-kafka-sasl`. */
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

export interface ObstacleOptions {
  readonly context: CheckContext;
  /** `cluster.takeOver`. */
  readonly takeOver: boolean;
}

/** What must be out of the way before the first `up`, else it fails, replaces or deletes. */
export const obstaclesOf = ({ objects, releases }: Inventory, options: ObstacleOptions): Obstacle[] => [
  ...objects.flatMap((one) => objectObstacles(one, options)),
  ...releases.flatMap((one) => releaseObstacles(one, options)),
];

function objectObstacles(found: FoundObject, { context, takeOver }: ObstacleOptions): Obstacle[] {
  const { object, standing, objection, changes } = found;
  const what = showObject(object);
  const about = (why: string, fix: string): Obstacle[] => [{ what, why, fix }];
  if (standing === "leaving") {
    return about(
      "it is being deleted, and what is taken over now is gone at the first up",
      `wait until it is gone: ${get(found, context)}`,
    );
  }
  if (standing !== "adopt") return [];
  const renewed = changes.filter(
    ({ field, declared }) => declared !== "dropped" && replaces(object.apiVersion, object.kind, field),
  );
  const held = changes.filter(({ by, declared }) => by !== undefined && declared !== "dropped");
  return [
    ...(objection === undefined
      ? []
      : about(
          `the API server refuses the declaration: ${objection}`,
          "change the stack file to what is there, or delete the object and let the stack make it",
        )),
    ...(renewed.length === 0
      ? []
      : about(
          `Pulumi would delete it and make it anew, because of ${renewed.map(({ field }) => field).join(", ")}`,
          "give the stack the value that is there, or delete the object in a window of your own and let the stack make it",
        )),
    ...(held.length === 0 || takeOver
      ? []
      : about(
          `held by ${managers(held)}, and changed by the first up: ${listed(held.map(({ field }) => field))}`,
          `pulumi config set --path cluster.takeOver true -s ${quote(context.subject.stack)}`,
        )),
  ];
}

const listed = (fields: readonly string[]): string =>
  fields.slice(0, 3).join(", ") + (fields.length > 3 ? ` and ${fields.length - 3} more` : "");

const managers = (changes: readonly { readonly by?: string | undefined }[]): string =>
  [...new Set(changes.map(({ by }) => by))].join(" and ");

function get({ object }: FoundObject, context: CheckContext): string {
  const { namespace, kind, name } = object;
  return context.kubectl(...(namespace === undefined ? [] : ["-n", namespace]), "get", kind.toLowerCase(), name);
}

/** Helm refuses to upgrade a release in these states (pkg/action/upgrade.go); a failed one it upgrades. */
const STUCK = /^(pending|uninstall)/;

function releaseObstacles({ release, record, id }: FoundRelease, { context }: ObstacleOptions): Obstacle[] {
  if (record === undefined || !STUCK.test(record.status)) return [];
  const { name, namespace } = release;
  const helm = `helm --kubeconfig ${quote(context.kubeconfigPath)} -n ${namespace}`;
  return [
    {
      what: `release ${id}`,
      why: `its revision ${record.revision} is ${record.status}, and Helm refuses to upgrade it`,
      fix: `${helm} history ${name}, then ${helm} rollback ${name}; without a deployed revision delete its records and install it again`,
    },
  ];
}
