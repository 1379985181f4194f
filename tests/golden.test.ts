import { compareGolden, goldenStacks, orphans } from "../tools/plan/golden";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

test("the stacks of every environment and the fixtures have a golden plan", () => {
  const stacks = goldenStacks().map(({ stack }) => stack);
  expect(stacks).toEqual(expect.arrayContaining(["dev", "prod", "sandbox", "staging"]));
  expect(stacks.length).toBeGreaterThan(4);
});

test.each(goldenStacks())("the plan of $stack is the committed one", async (golden) => {
  const { difference, goldenFile } = await compareGolden(golden);
  if (difference !== "") {
    throw new Error(`${goldenFile} differs (- committed, + now). Read it, then accept: npm run golden\n${difference}`);
  }
});

test("no golden plan without a stack", () => {
  expect(orphans()).toEqual([]);
});
