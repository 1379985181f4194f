/** Kubernetes quantities of bytes. Pure. */

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The bytes of `1Gi`, `500M`, `1e3`; undefined for anything else. */
export function bytesOf(quantity: string | number | undefined): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?(?:[eE]\d+)?)([kMGT]i?|Ki)?$/.exec(String(quantity ?? "")) ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

/** Bytes for people: `1.1 GiB`, `100 KiB`. */
export function showBytes(bytes: number): string {
  for (const [unit, size] of [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}`;
  }
  return `${bytes} B`;
}
