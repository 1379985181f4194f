/** The steps that take workarounds away: one an object, inside of objects first, policies last. Pure. */
import type { FoundWorkaround, Named } from "./outside";
import type { PatchStep, Workaround } from "./workarounds";

export interface RemovalStep {
  readonly object: Named;
  readonly declared: boolean;
  readonly workarounds: readonly Workaround[];
  /** A JSON patch; the object is deleted where there is none. */
  readonly patch: readonly PatchStep[];
  /** What the step does to what runs. */
  readonly effect: string;
}

const EFFECTS: Readonly<Record<string, string>> = {
  Server: "its pods are made anew one after the other, and the next step waits until every Server is ready",
  SeldonRuntime: "the operator makes the runtime's pods anew",
  SeldonConfig: "the operator makes the pods of every runtime with this configuration anew",
  ServerConfig: "the operator makes the pods of every Server with this configuration anew",
  NetworkPolicy: "what no other policy lets through is cut at once, also open connections on most data planes",
};

export function removalSteps(found: readonly FoundWorkaround[]): RemovalStep[] {
  const keyOf = ({ object: { kind, namespace, name } }: FoundWorkaround): string => `${kind} ${namespace}/${name}`;
  return [...new Set(found.map(keyOf))].map((key) => {
    const own = found.filter((one) => keyOf(one) === key);
    const { object, declared } = own[0]!;
    const workarounds = own.map(({ workaround }) => workaround);
    return {
      object,
      declared,
      workarounds,
      patch: workarounds.flatMap(({ patch }) => patch),
      effect: EFFECTS[object.kind] ?? "the object changes",
    };
  });
}
