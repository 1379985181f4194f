import fc from "fast-check";
import { canonicalJson, digest } from "../../components/canonical";

/** The same value with the keys of every object in reverse order. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
};

describe("canonicalJson", () => {
  it("sorts keys at every depth, keeps the order of lists, leaves absent values out", () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined, a: null }, 2], a: "x" })).toBe(
      '{"a":"x","b":[{"a":null,"d":1},2]}',
    );
  });

  it("does not depend on the order of keys, and loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("digest", () => {
  it("is the SHA-256 of the text", () => {
    // printf '{}' | sha256sum
    expect(digest({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  it("differs where a value differs", () => {
    expect(digest({ a: 1 })).not.toBe(digest({ a: 2 }));
    expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1 }));
  });
});
