/** Factor of each suffix of a Kubernetes quantity. */
const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
  T: 1e12,
  Ti: 2 ** 40,
};

/**
 * Value of a Kubernetes quantity: bytes for memory, cores for CPU.
 * @throws Error when the text is no quantity (the schema refuses such text first).
 */
export function quantityValue(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  const factor = match ? FACTORS[match[2] ?? ""] : undefined;
  if (match === null || factor === undefined) throw new Error(`${JSON.stringify(text)} is no Kubernetes quantity`);
  return Number(match[1]) * factor;
}
