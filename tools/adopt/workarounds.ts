/** The workarounds that clusters with "connection refused" collect, and what takes each away. Pure. */
import { item, member, nameOf } from "../../checks/drift/objects/field-path";
import { isTree, type Tree } from "../../config/tree";

export type WorkaroundKind = "hostNetwork" | "SELDON_SERVER_HOST" | "allow-all";

/** One step of a JSON patch (RFC 6902). A `test` makes the whole patch fail where the object is not as it was seen. */
export interface PatchStep {
  readonly op: "test" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** One workaround inside one object. */
export interface Workaround {
  readonly kind: WorkaroundKind;
  /** Where it stands, as reports write fields; empty where the whole object is the workaround. */
  readonly field: string;
  /** What takes it out of the object; none where the object itself goes. */
  readonly patch: readonly PatchStep[];
}

/** Why each is no cure, for the report. */
export const WORKAROUND_REASONS: Readonly<Record<WorkaroundKind, string>> = {
  hostNetwork:
    "the containers of a pod share one loopback with and without it; with it no NetworkPolicy guards the pod, and its ports are the node's",
  SELDON_SERVER_HOST: "no version of Seldon Core v2 reads it",
  "allow-all": "it opens ports without authentication to everybody, and no policy touches loopback",
};

const UNREAD = "SELDON_SERVER_HOST";
/** Goes with hostNetwork, and means nothing without it. */
const HOST_DNS = "ClusterFirstWithHostNet";

/**
 * hostNetwork and the environment variable, wherever they stand in an object's spec. Later entries of a list come first, so
 * that one patch can take several away.
 */
export const workaroundsIn = (object: Tree): Workaround[] => look(object["spec"], "spec", "/spec");

function look(value: unknown, field: string, pointer: string): Workaround[] {
  if (Array.isArray(value)) {
    const entries = value.map((one: unknown, index) => {
      const at = item(field, nameOf(one) ?? index);
      return isUnread(one) ? [unread(at, `${pointer}/${index}`)] : look(one, at, `${pointer}/${index}`);
    });
    return entries.reverse().flat();
  }
  if (!isTree(value)) return [];
  const own = value["hostNetwork"] === true ? [hostNetwork(value, field, pointer)] : [];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    look(one, member(field, key), `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
  return [...inner, ...own];
}

const isUnread = (value: unknown): boolean => isTree(value) && value["name"] === UNREAD && !("image" in value);

const unread = (field: string, path: string): Workaround => ({
  kind: UNREAD,
  field,
  patch: [
    { op: "test", path: `${path}/name`, value: UNREAD },
    { op: "remove", path },
  ],
});

function hostNetwork(pod: Tree, field: string, pointer: string): Workaround {
  const one = (key: string, value: unknown): PatchStep[] => [
    { op: "test", path: `${pointer}/${key}`, value },
    { op: "remove", path: `${pointer}/${key}` },
  ];
  return {
    kind: "hostNetwork",
    field: member(field, "hostNetwork"),
    patch: [...one("hostNetwork", true), ...(pod["dnsPolicy"] === HOST_DNS ? one("dnsPolicy", HOST_DNS) : [])],
  };
}

/** A NetworkPolicy with a rule that admits everybody to everything, or that lets everything out. */
export function opensEverything(policy: Tree): boolean {
  const spec: Tree = isTree(policy["spec"]) ? policy["spec"] : {};
  return ["ingress", "egress"].some((direction) => {
    const rules = spec[direction];
    return Array.isArray(rules) && rules.some(opensAll);
  });
}

const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);

const opensAll = (rule: unknown): boolean =>
  isTree(rule) && isEmpty(rule["from"]) && isEmpty(rule["to"]) && isEmpty(rule["ports"]);

/** The whole object is the workaround. */
export const ALLOW_ALL: Workaround = { kind: "allow-all", field: "", patch: [] };
