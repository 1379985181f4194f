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

/** Value of a Kubernetes quantity: bytes for memory, cores for CPU; undefined for anything else. */
function valueOf(text: string): number | undefined {
  const [, number, suffix = ""] = /^(\d+(?:\.\d+)?(?:[eE]\d+)?)(m|k|Ki|[MGT]i?)?$/.exec(text) ?? [];
  const factor = FACTORS[suffix];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

/**
 * Value of a Kubernetes quantity: bytes for memory, cores for CPU.
 * @throws Error when the text is no quantity (the schema refuses such text first).
 */
export function quantityValue(text: string): number {
  const value = valueOf(text);
  if (value === undefined) throw new Error(`${JSON.stringify(text)} is no Kubernetes quantity`);
  return value;
}

/** The bytes of `1Gi`, `500M`, `1e3`; undefined for anything else, thousandths of a byte among it. */
export function bytesOf(quantity: string | number | undefined): number | undefined {
  const text = String(quantity ?? "");
  return text.endsWith("m") ? undefined : valueOf(text);
}
