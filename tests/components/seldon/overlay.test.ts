import { overlay } from "../../../components/seldon/overlay";

test.each([
  ["mappings go together", { a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
  ["a list is replaced as a whole", { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ["a mapping replaces a value", { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
  ["a value replaces a mapping", { a: { b: 2 } }, { a: null }, { a: null }],
  ["nothing over something", { a: { b: 1 } }, {}, { a: { b: 1 } }],
])("%s", (_, base, over, expected) => {
  expect(overlay<object>(base, over)).toEqual(expected);
});
