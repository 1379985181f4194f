/** A value as JSON or YAML knows it, of which only the keys are known. */
export type Tree = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping: no list, no null. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);
