/** How many configuration mistakes are stopped before anything is evaluated or contacted: all of them. */
import { changed } from "./cases/case";
import { VALUE_CASES } from "./cases/values";
import { mistakes, refusalOf } from "./mistakes";

const ALL = mistakes();

test("there are a hundred at least, no two the same", () => {
  const distinct = new Set(ALL.map(({ set, secrets }) => JSON.stringify([changed(set), secrets])));
  expect(distinct.size).toBeGreaterThanOrEqual(100);
});

test("each is stopped by the schema or by a rule", () => {
  expect(ALL.map(refusalOf).filter(({ by }) => by === undefined)).toEqual([]);
});

test.each(VALUE_CASES)("$when ($rule)", (mistake) => {
  const { by, message } = refusalOf(mistake);
  expect(by).toBe("schema");
  expect(message.startsWith(mistake.at)).toBe(true);
  expect(message).toContain(`[${mistake.rule}]`);
  for (const fragment of mistake.says) expect(message).toContain(fragment);
});
