import { missingChange } from "../../../tools/changelog/needed";

const changed = (...lines: string[]) => lines.map((line) => ({ status: line[0] ?? "", path: line.slice(2) }));

test.each([
  [
    "components without a change",
    ["M components/k3s/k3s.ts"],
    ["Do it"],
    /^components\/k3s\/k3s\.ts changed, and no file/,
  ],
  ["a program of machines", ["M hosts/k3s"], ["Do it"], /hosts\/k3s changed/],
  ["many files", ["M config/a.ts", "M config/b.ts", "A config/c.ts", "D index.ts"], ["x"], /c\.ts and 1 more changed/],
  ["a change that is only removed", ["M index.ts", "D changes/a.md"], ["x"], /index\.ts changed/],
  ["a marker inside a sentence", ["M index.ts"], ["The line Changelog: none is not here"], /index\.ts changed/],
])("%s: one is missing", (_, lines, messages, message) => {
  expect(missingChange({ changed: changed(...lines), messages })).toMatch(message);
});

test.each([
  ["documentation and tests", ["M docs/faq.md", "A tests/a.test.ts", "M .github/workflows/ci.yml"], ["x"]],
  ["a change that is new", ["M index.ts", "A changes/a.md"], ["x"]],
  ["a change that is written anew", ["M index.ts", "M changes/a.md"], ["x"]],
  ["a release", ["M package.json", "M CHANGELOG.md", "D changes/a.md"], ["x"]],
  ["the marker in one commit", ["M index.ts"], ["One", "Two\n\nWhy.\n\nChangelog: none\n"]],
])("%s: nothing is missing", (_, lines, messages) => {
  expect(missingChange({ changed: changed(...lines), messages })).toBeUndefined();
});
