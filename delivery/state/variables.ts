/** Environment variables that a backend or a key needs: named in messages, their values never. Pure. */

export interface Need {
  /** What they are for. */
  readonly what: string;
  /** Alternatives; of one, every variable must be set. */
  readonly anyOf: readonly (readonly string[])[];
  /** What serves where none is set. Absent: one alternative is required. */
  readonly otherwise?: string;
}

/** A variable that is set to nothing is not set. */
const isSet = (env: NodeJS.ProcessEnv, name: string): boolean => (env[name] ?? "") !== "";

/** The alternative that is set, or undefined. */
export const setFor = ({ anyOf }: Need, env: NodeJS.ProcessEnv): readonly string[] | undefined =>
  anyOf.find((names) => names.every((name) => isSet(env, name)));

const alternatives = ({ anyOf }: Need): string => anyOf.map((names) => names.join(" with ")).join(", or ");

/** One line for a person: which variables serve, or what does in their place. */
export function needLine(need: Need, env: NodeJS.ProcessEnv): string {
  const names = setFor(need, env);
  if (names !== undefined) return `${need.what}: ${names.join(", ")} set`;
  return `${need.what}: ${alternatives(need)} not set${need.otherwise === undefined ? "" : `; used instead: ${need.otherwise}`}`;
}

/** What is required and not set: the variables' names. */
export const missing = (needs: readonly Need[], env: NodeJS.ProcessEnv): readonly { what: string; names: string }[] =>
  needs
    .filter((need) => need.otherwise === undefined && setFor(need, env) === undefined)
    .map((need) => ({ what: need.what, names: alternatives(need) }));
