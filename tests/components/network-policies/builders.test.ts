import fc from "fast-check";
import { formatAddress, overlaps, rangeOf } from "../../../config/cidr";
import { allow, podsHere, podsIn, ports, range, rangesWithout } from "../../../components/network-policies/builders";
import type { Rule } from "../../../components/network-policies/builders";

const RESERVED = ["10.42.0.0/16", "10.43.0.0/16", "192.0.2.0/24"];

describe("address ranges without the reserved ones", () => {
  test.each([
    ["cuts what lies inside", ["0.0.0.0/0"], RESERVED, [{ cidr: "0.0.0.0/0", except: RESERVED }]],
    [
      "names each cut once and drops inner ones",
      ["10.0.0.0/8"],
      ["10.42.0.0/16", "10.42.7.0/24", "10.42.0.0/16"],
      [{ cidr: "10.0.0.0/8", except: ["10.42.0.0/16"] }],
    ],
    [
      "leaves out a range that is wholly cut",
      ["10.42.5.0/24", "203.0.113.0/24"],
      RESERVED,
      [{ cidr: "203.0.113.0/24" }],
    ],
    ["leaves out a range equal to a cut", ["192.0.2.0/24"], RESERVED, []],
    [
      "writes a range once that another one holds",
      ["203.0.113.0/24", "203.0.0.0/16"],
      RESERVED,
      [{ cidr: "203.0.0.0/16" }],
    ],
    [
      "sorts by address, not by text",
      ["203.0.113.0/24", "9.0.0.0/8"],
      [],
      [{ cidr: "9.0.0.0/8" }, { cidr: "203.0.113.0/24" }],
    ],
  ])("%s", (_, cidrs, cut, expected) => {
    expect(rangesWithout(cidrs, cut)).toEqual(expected.map((ipBlock) => ({ ipBlock })));
  });

  const cidr = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 32 }))
    .map(([address, prefix]) => `${formatAddress(rangeOf(`${formatAddress(address)}/${prefix}`).first)}/${prefix}`);

  test("always gives strict parts as exceptions and never lets a cut address through", () => {
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 5 }), fc.array(cidr, { maxLength: 5 }), (wanted, cut) => {
        const blocks = rangesWithout(wanted, cut).flatMap((peer) => (peer.ipBlock ? [peer.ipBlock] : []));
        const open = (address: string) =>
          blocks.some(
            (block) =>
              overlaps(block.cidr, address) && !(block.except ?? []).some((except) => overlaps(except, address)),
          );
        for (const block of blocks) {
          for (const except of block.except ?? []) {
            expect(rangeOf(except).prefix).toBeGreaterThan(rangeOf(block.cidr).prefix);
            expect(overlaps(block.cidr, except)).toBe(true);
          }
        }
        for (const item of [...wanted, ...cut]) {
          for (const address of [rangeOf(item).first, rangeOf(item).last].map(
            (number) => `${formatAddress(number)}/32`,
          )) {
            const isWanted = wanted.some((outer) => overlaps(outer, address));
            const isCut = cut.some((outer) => overlaps(outer, address));
            expect(open(address)).toBe(isWanted && !isCut);
          }
        }
      }),
    );
  });
});

describe("peers", () => {
  test("select one namespace by its name label, several by a set", () => {
    expect(podsIn(["a"])).toEqual({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "a" } } });
    expect(podsIn(["a", "b"], { app: "x" })).toEqual({
      namespaceSelector: {
        matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["a", "b"] }],
      },
      podSelector: { matchLabels: { app: "x" } },
    });
    expect(podsHere({ app: "x" })).toEqual({ podSelector: { matchLabels: { app: "x" } } });
  });

  test("cannot be pods of no namespace", () => {
    expect(() => podsIn([])).toThrow("got no namespace");
  });
});

describe("an allow policy", () => {
  const policy = (ingress: readonly Rule[], egress: readonly Rule[] = []) =>
    allow({ namespace: "a", name: "p", podLabels: {}, ingress, egress, reasons: [] });
  const anyone = [range("198.51.100.0/24")];

  test("lists UDP and TCP of every port", () => {
    expect(ports([53, 54], ["UDP", "TCP"])).toEqual([
      { port: 53, protocol: "UDP" },
      { port: 54, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
      { port: 54, protocol: "TCP" },
    ]);
  });

  test("names only the directions that it has rules for", () => {
    const rule = { peers: anyone, ports: ports([1], ["TCP"]) };
    expect(policy([rule]).spec.policyTypes).toEqual(["Ingress"]);
    expect(policy([], [rule]).spec.policyTypes).toEqual(["Egress"]);
    expect(policy([rule], [rule]).spec.policyTypes).toEqual(["Ingress", "Egress"]);
  });

  test.each([
    ["without rules", () => policy([]), "NetworkPolicy a/p: got no rules"],
    [
      "with a rule for nobody",
      () => policy([{ peers: [], ports: ports([1], ["TCP"]) }]),
      "without peers, which would admit everybody",
    ],
    [
      "with a rule for no port",
      () => policy([], [{ peers: anyone, ports: [] }]),
      "without ports, which would open every port",
    ],
  ])("is refused %s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
