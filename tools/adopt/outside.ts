/** What is in the stack's namespaces and in nobody's declaration, and the workarounds among everything that is there. */
import { groupPath } from "../../checks/cluster/paths";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import { namespacesOf } from "../../checks/subject";
import { ALLOW_ALL, opensEverything, type Workaround, workaroundsIn } from "./workarounds";
import { isTree, type Tree } from "../../config/tree";

/** An object by its names, as reports and requests need it. */
export interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

export interface LiveObject extends Named {
  readonly declared: boolean;
  readonly body: Tree;
}

export interface FoundWorkaround {
  readonly object: Named;
  /** Whether the stack declares the object, so that it becomes a resource of it. */
  readonly declared: boolean;
  readonly workaround: Workaround;
}

interface KindRow {
  readonly apiVersion: string;
  readonly kind: string;
  /** Whether undeclared ones count as standing outside the stack; charts bring the others. */
  readonly outside: boolean;
}

const SELDON = "mlops.seldon.io/v1alpha1";

/** Kinds in which a workaround can stand, and those that decide about the stack's pods and models. */
const KINDS: readonly KindRow[] = [
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", outside: true },
  { apiVersion: SELDON, kind: "Server", outside: true },
  { apiVersion: SELDON, kind: "Model", outside: true },
  { apiVersion: SELDON, kind: "SeldonRuntime", outside: false },
  { apiVersion: SELDON, kind: "SeldonConfig", outside: false },
  { apiVersion: SELDON, kind: "ServerConfig", outside: false },
];

/** All objects of these kinds in the stack's namespaces. @throws LookError */
export async function liveObjects(run: ObjectDrift, signal: AbortSignal): Promise<LiveObject[]> {
  const { context, kinds, declared } = run;
  const lists = await Promise.all(
    KINDS.flatMap(({ apiVersion, kind }) =>
      namespacesOf(context.subject).map(async (namespace): Promise<LiveObject[]> => {
        const served = await kinds.find(apiVersion, kind, signal);
        if (served === undefined) return [];
        const path = `${groupPath(apiVersion)}/namespaces/${encodeURIComponent(namespace)}/${served.plural}`;
        const found = await context.api.list<Tree>(path, signal);
        return found.map((body) => {
          const name = isTree(body["metadata"]) ? String(body["metadata"]["name"]) : "";
          const isDeclared = declared.objects.some(
            (one) =>
              one.kind === kind && one.apiVersion === apiVersion && one.name === name && one.namespace === namespace,
          );
          return { apiVersion, kind, name, namespace, declared: isDeclared, body };
        });
      }),
    ),
  );
  return lists.flat();
}

const nameOnly = ({ apiVersion, kind, name, namespace }: Named): Named => ({ apiVersion, kind, name, namespace });

export const outsideOf = (live: readonly LiveObject[]): Named[] =>
  live.filter((one) => !one.declared && KINDS.some(({ kind, outside }) => outside && kind === one.kind)).map(nameOnly);

/** Workarounds, those inside of objects first: a policy that opens everything goes last. */
export const workaroundsOf = (live: readonly LiveObject[]): FoundWorkaround[] => [
  ...live.flatMap((one) =>
    one.kind === "NetworkPolicy"
      ? []
      : workaroundsIn(one.body).map((workaround) => ({ object: nameOnly(one), declared: one.declared, workaround })),
  ),
  ...live
    .filter((one) => one.kind === "NetworkPolicy" && !one.declared && opensEverything(one.body))
    .map((one) => ({ object: nameOnly(one), declared: false, workaround: ALLOW_ALL })),
];
