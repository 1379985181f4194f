/** IPv4 arithmetic on CIDR notation. Addresses are numbers from 0 to 2^32-1; every function expects valid input. */

/** An IPv4 range by its first and last address, both included. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** The number behind a dotted-decimal address. */
export function addressOf(text: string): number {
  return text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** Dotted-decimal form of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** First and last address of a range in CIDR notation; host bits in the text are dropped. */
export function rangeOf(cidr: string): AddressRange {
  const [address = "", prefixText = "32"] = cidr.split("/");
  const prefix = Number(prefixText);
  const size = 2 ** (32 - prefix);
  const first = Math.floor(addressOf(address) / size) * size;
  return { first, last: first + size - 1, prefix };
}

/** Number of addresses in a range. */
export function sizeOf(cidr: string): number {
  return 2 ** (32 - rangeOf(cidr).prefix);
}

/** Whether two ranges share an address. CIDR ranges that do are nested. */
export function overlaps(a: string, b: string): boolean {
  const x = rangeOf(a);
  const y = rangeOf(b);
  return x.first <= y.last && y.first <= x.last;
}

/** Whether `inner` (a range or one address) lies wholly in `outer`. */
export function contains(outer: string, inner: string): boolean {
  const x = rangeOf(outer);
  const y = rangeOf(inner);
  return x.first <= y.first && y.last <= x.last;
}

/** Lower and upper half of a range; a single address has none and is returned for both. */
export function halvesOf(cidr: string): { readonly lower: string; readonly upper: string } {
  const { first, prefix } = rangeOf(cidr);
  if (prefix === 32) return { lower: cidr, upper: cidr };
  return {
    lower: `${formatAddress(first)}/${prefix + 1}`,
    upper: `${formatAddress(first + 2 ** (31 - prefix))}/${prefix + 1}`,
  };
}

/** How many sub-ranges of prefix length `prefix` fit into a range; 0 when one is larger than the range. */
export function subnetCount(cidr: string, prefix: number): number {
  return Math.floor(2 ** (prefix - rangeOf(cidr).prefix));
}
