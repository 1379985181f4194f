import fc from "fast-check";
import * as cidr from "../../config/cidr";

const range = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
  .map(([address, prefix]) => {
    const size = 2 ** (32 - prefix);
    return `${cidr.formatAddress(Math.floor(address / size) * size)}/${prefix}`;
  });

describe("addresses", () => {
  test.each([
    ["0.0.0.0", 0],
    ["10.42.0.1", 170524673],
    ["255.255.255.255", 4294967295],
  ])("%s is %d", (text, value) => {
    expect(cidr.addressOf(text)).toBe(value);
    expect(cidr.formatAddress(value)).toBe(text);
  });

  test("formatting and reading are inverse", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (address) => {
        expect(cidr.addressOf(cidr.formatAddress(address))).toBe(address);
      }),
    );
  });
});

describe("ranges", () => {
  test.each([
    ["10.42.0.0/16", "10.42.0.0", "10.42.255.255", 65536],
    ["10.42.128.0/17", "10.42.128.0", "10.42.255.255", 32768],
    ["192.0.2.7/24", "192.0.2.0", "192.0.2.255", 256],
    ["192.0.2.7", "192.0.2.7", "192.0.2.7", 1],
    ["0.0.0.0/0", "0.0.0.0", "255.255.255.255", 2 ** 32],
  ])("%s goes from %s to %s", (text, first, last, size) => {
    const bounds = cidr.rangeOf(text);
    expect(cidr.formatAddress(bounds.first)).toBe(first);
    expect(cidr.formatAddress(bounds.last)).toBe(last);
    expect(cidr.sizeOf(text)).toBe(size);
  });

  test.each([
    ["10.42.0.0/16", "10.42.128.0", "10.42.0.0/17", "10.42.128.0/17"],
    ["10.64.0.0/12", "10.72.0.0", "10.64.0.0/13", "10.72.0.0/13"],
  ])("the halves of %s meet at %s", (text, _, lower, upper) => {
    expect(cidr.halvesOf(text)).toEqual({ lower, upper });
  });

  test("a single address has no halves", () => {
    expect(cidr.halvesOf("192.0.2.1/32")).toEqual({ lower: "192.0.2.1/32", upper: "192.0.2.1/32" });
  });

  test("halves are disjoint, lie inside, and make up the whole", () => {
    fc.assert(
      fc.property(
        range.filter((each) => !each.endsWith("/32")),
        (whole) => {
          const { lower, upper } = cidr.halvesOf(whole);
          expect(cidr.overlaps(lower, upper)).toBe(false);
          expect(cidr.contains(whole, lower) && cidr.contains(whole, upper)).toBe(true);
          expect(cidr.sizeOf(lower) + cidr.sizeOf(upper)).toBe(cidr.sizeOf(whole));
          expect(cidr.rangeOf(lower).last + 1).toBe(cidr.rangeOf(upper).first);
        },
      ),
    );
  });

  test("two ranges overlap exactly when one contains the other", () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        expect(cidr.overlaps(a, b)).toBe(cidr.contains(a, b) || cidr.contains(b, a));
        expect(cidr.overlaps(a, b)).toBe(cidr.overlaps(b, a));
      }),
    );
  });

  test("as many sub-ranges fit as sizes say", () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: 32 }), (whole, prefix) => {
        const expected = Math.floor(cidr.sizeOf(whole) / 2 ** (32 - prefix));
        expect(cidr.subnetCount(whole, prefix)).toBe(expected);
      }),
    );
  });
});
