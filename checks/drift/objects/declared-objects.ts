/** Every object that the program declares is as declared: compared by a dry run of server-side apply. */
import type { Check, Expectation } from "../../check";
import { CLUSTER_IDENTITY } from "../../criteria/cluster-identity";
import { compare } from "./compare";
import type { DeclaredObject } from "./declared";
import type { ObjectDrift } from "./objects";

/** A GET, and an apply with its webhooks, twice. */
export const COMPARE_MS = 45_000;

/** `NetworkPolicy financial-ml/default-deny`. */
export const showObject = ({ kind, namespace, name }: Pick<DeclaredObject, "kind" | "namespace" | "name">): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

export function declaredObjects(run: ObjectDrift): Check {
  return {
    id: "declared-objects",
    title: "Declared objects are as declared",
    proves: "what the program declares is in the cluster with the declared fields, and nobody added others",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: COMPARE_MS,
    expectations: () => run.declared.objects.map((object) => expectation(object, run)),
  };
}

function expectation(object: DeclaredObject, run: ObjectDrift): Expectation {
  const { context, ledger } = run;
  return {
    target: showObject(object),
    expected: "the declared fields, and none that others brought",
    repeat: context.kubectl(...getWords(object), "-o yaml --show-managed-fields"),
    probe: async (signal) => {
      const { differences, objection } = await compare(object, run.comparing(signal));
      const more = [
        ...(objection === undefined ? [] : [`the API server refuses the declaration: ${objection}`]),
        ...(object.withheld.length === 0
          ? []
          : [`not compared, because secret or left to others: ${object.withheld.join(", ")}`]),
      ];
      const mends = {
        changed: ledger.refresh,
        missing: ledger.refresh,
        added: `take it back (${context.kubectl(...editWords(object))}), declare it, or name it under drift.allow with its reason`,
      };
      return ledger.judge(differences, { clean: "as declared", mends, more });
    },
  };
}

/** Words of a kubectl about the object; the group keeps kinds of one name apart. */
const words = (verb: string, { apiVersion, kind, name, namespace }: DeclaredObject): string[] => {
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
  return [...(namespace === undefined ? [] : ["-n", namespace]), verb, `${kind.toLowerCase()}${group}`, name];
};

export const getWords = (object: DeclaredObject): string[] => words("get", object);
export const editWords = (object: DeclaredObject): string[] => words("edit", object);
