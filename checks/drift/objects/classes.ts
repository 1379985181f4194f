/** What kind of difference one is. The table decides, its first row that fits; data, with the reason of every row. */
import { controllerReason } from "./managers";

/**
 * version: another version runs than is declared. policy: somebody may do, or reach, what was not declared.
 * configuration: anything else that decides how things run. noise: decides nothing.
 */
export const CLASSES = ["policy", "version", "configuration", "noise"] as const;
export type DriftClass = (typeof CLASSES)[number];

/** How the difference came about. */
export type Origin =
  /** A declared field, or one that the stack once wrote, has another value. */
  | "changed"
  /** Somebody else added a field that nobody declared. */
  | "added"
  /** A declared field has the declared value, but belongs to others alone. */
  | "held"
  /** The declared object is not there. */
  | "missing"
  /** An object that nobody declared. */
  | "undeclared";

/** What the table looks at. */
export interface Subject {
  readonly kind: string;
  readonly origin: Origin;
  /** As `field-path.ts` writes it; empty for a whole object. */
  readonly field: string;
  /** Who wrote the field last, where that is known. */
  readonly manager?: string | undefined;
}

interface ClassRow {
  readonly class: DriftClass;
  readonly kinds?: ReadonlySet<string>;
  readonly origins?: ReadonlySet<Origin>;
  readonly field?: RegExp;
  /** Any further condition. */
  readonly when?: (subject: Subject) => boolean;
  readonly why: string;
}

const WHOLE: ReadonlySet<Origin> = new Set(["missing", "undeclared"]);
const POLICY_KINDS = new Set([
  "NetworkPolicy",
  "GlobalNetworkPolicy",
  "StagedNetworkPolicy",
  "StagedGlobalNetworkPolicy",
  "StagedKubernetesNetworkPolicy",
  "GlobalNetworkSet",
  "NetworkSet",
  "Tier",
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
]);
const VERSION_LABEL = /^metadata\.labels\[(helm\.sh\/chart|app\.kubernetes\.io\/version)\]$/;

export const CLASS_TABLE: readonly ClassRow[] = [
  {
    class: "noise",
    field: /^metadata\.(finalizers|ownerReferences)\b/,
    why: "controllers keep their own bookkeeping there; it decides when an object goes, not what it does",
  },
  {
    class: "noise",
    field:
      /^metadata\.annotations\[(kubectl\.kubernetes\.io\/last-applied-configuration|deployment\.kubernetes\.io\/revision|meta\.helm\.sh\/.*)\]$/,
    why: "bookkeeping of kubectl, of the Deployment controller and of Helm",
  },
  {
    class: "noise",
    kinds: new Set(["Namespace"]),
    field: /^(metadata\.labels\[kubernetes\.io\/metadata\.name\]|spec\.finalizers)/,
    why: "the API server puts them on every namespace",
  },
  {
    class: "noise",
    field: /(^|\.)caBundle$/,
    why: "controllers put their own authority there and renew it",
  },
  {
    class: "noise",
    origins: new Set(["added"]),
    when: ({ manager, kind }) => manager !== undefined && controllerReason(manager, kind) !== undefined,
    why: "a known controller fills in what is left to it (managers.ts)",
  },
  {
    class: "noise",
    origins: new Set(["held"]),
    why: "the value is right; the next change of it by the stack would be refused as a conflict",
  },
  {
    class: "policy",
    field: /^metadata\.labels\[pod-security\.kubernetes\.io\//,
    why: "the Pod Security level of a namespace decides which pods it admits",
  },
  {
    class: "noise",
    origins: new Set(["added"]),
    field: /^metadata\.annotations\b/,
    why: "an annotation that nobody declared: tools leave notes there, and nothing of this stack reads them",
  },
  { class: "version", field: VERSION_LABEL, why: "charts write their version into these labels" },
  { class: "policy", kinds: POLICY_KINDS, why: "it says who may reach whom, or do what" },
  { class: "version", field: /(^|\.)(image|version)$/, why: "an image or a version that is named outright" },
  {
    class: "version",
    kinds: new Set(["CustomResourceDefinition"]),
    why: "a CRD's content is that of the release which brought it",
  },
  { class: "configuration", origins: WHOLE, why: "an object more or less decides what runs" },
  { class: "configuration", why: "every other field" },
];

/** @returns The class, with the reason of the row that decided. */
export function classOf(subject: Subject): { readonly class: DriftClass; readonly why: string } {
  const row = CLASS_TABLE.find(
    ({ kinds, origins, field, when }) =>
      (kinds?.has(subject.kind) ?? true) &&
      (origins?.has(subject.origin) ?? true) &&
      (field?.test(subject.field) ?? true) &&
      (when?.(subject) ?? true),
  );
  // The last row has no condition.
  return row!;
}
