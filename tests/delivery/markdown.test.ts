import { plain } from "../../delivery/markdown";

test.each([
  ["@team/all", "&#64;&#8203;team/all"],
  ["fixes #12", "fixes &#35;&#8203;12"],
  ["see https://evil.example/x", "see https&#58;//evil.example/x"],
  ["see www.evil.example", "see www&#46;evil.example"],
  ["$x$ and `y`", "&#36;x&#36; and &#96;y&#96;"],
  ["<img src=x>\n# big\n| a |", "&#60;img src=x&#62; &#35;&#8203; big &#124; a &#124;"],
  ["[here](javascript:1)", "&#91;here&#93;(javascript:1)"],
])("%s is a text like any other", (text, expected) => {
  expect(plain(text)).toBe(expected);
});

test("property paths and names stay readable in the source", () => {
  expect(plain("command:local:Command k3s-hosts: triggers")).toBe("command:local:Command k3s-hosts: triggers");
});
