/** The positive control of this folder: a leak is found in every form, and what is no leak is not. */
import * as fc from "fast-check";
import { base64Cores, formsOf, markerOf } from "./marker";
import { leaksIn, leaksOf } from "./scanner";

const marker = markerOf("configuration: kafkaPassword");
const other = markerOf("configuration: k3sToken", { plain: true });
const FILLER = "resources:\n  - name: seldon-kafka\n    inputs: { stringData: { password: [secret] } }\n";

/** Independent ways to write a text, each by the tool that would write it. */
const WRITERS: readonly (readonly [string, (text: string) => string])[] = [
  ["as it is", (text) => text],
  ["in JSON", (text) => JSON.stringify({ password: text })],
  ["in JSON in JSON", (text) => JSON.stringify({ stdin: JSON.stringify({ password: text }) })],
  ["in JSON, indented", (text) => JSON.stringify({ a: { password: text } }, undefined, 2)],
  ["in a URL's path", (text) => `https://example.com/${encodeURIComponent(text)}/x`],
  ["in a form", (text) => new URLSearchParams({ password: text }).toString()],
  ["in a URL's user part", (text) => Object.assign(new URL("https://example.com"), { password: text }).href],
  ["quoted for a shell", (text) => `sh -c 'echo '\\''${text.replaceAll("'", "'\\''")}'\\'''`],
  ["in HTML", (text) => `<td>${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;")}</td>`],
  ["in base64", (text) => Buffer.from(text).toString("base64")],
  ["in base64 behind one byte", (text) => Buffer.from(`x${text}`).toString("base64")],
  ["in base64 behind two bytes", (text) => Buffer.from(`xy${text}`).toString("base64")],
  ["in base64 of JSON", (text) => Buffer.from(JSON.stringify({ auth: text })).toString("base64")],
  ["in base64 for URLs", (text) => Buffer.from(`??>${text}`).toString("base64url")],
  [
    "in base64, wrapped at 20",
    (text) =>
      (
        Buffer.from(text)
          .toString("base64")
          .match(/.{1,20}/g) ?? []
      ).join("\n    "),
  ],
  ["in base64 of base64", (text) => Buffer.from(Buffer.from(text).toString("base64")).toString("base64")],
  ["in hexadecimal", (text) => Buffer.from(text).toString("hex")],
  ["broken over lines", (text) => `${text.slice(0, 10)}\n      ${text.slice(10)}`],
];

test.each(WRITERS)("a secret %s is found, once, and the finding does not repeat it", (_, write) => {
  for (const planted of [marker, other]) {
    const text = `${FILLER}${write(planted.value)}${FILLER}`;
    const leaks = leaksIn({ name: "plan", text }, [marker, other]);
    expect(leaks.map(({ artifact, input }) => [artifact, input])).toEqual([["plan", planted.input]]);
    expect(leaksOf([{ name: "finding", text: leaks[0]!.form }], [marker, other])).toEqual([]);
  }
});

test("a secret is found wherever it stands, whatever stands around it", () => {
  const coding = fc.constantFrom<BufferEncoding>("utf8", "base64", "base64url", "hex");
  fc.assert(
    fc.property(fc.string(), fc.string(), coding, (before, behind, encoding) => {
      const text = Buffer.from(`${before}${marker.value}${behind}`).toString(encoding);
      expect(leaksIn({ name: "x", text }, [marker])).toHaveLength(1);
    }),
  );
});

test("what is clean is clean, and masked values are no leak", () => {
  expect(leaksOf([{ name: "plan", text: FILLER }], [marker, other])).toEqual([]);
  expect(leaksOf([{ name: "empty", text: "" }], [marker, other])).toEqual([]);
});

test("a leak is told with its place, its secret and its form", () => {
  const [line] = leaksOf([{ name: "plan", text: `password: ${other.value}\n` }], [marker, other]);
  expect(line).toBe("plan shows configuration: k3sToken (as it is): ...password: [secret]\\n...");
});

test("markers differ, in every form, and no form is too short to mean something", () => {
  const all = ["a", "b", "c"].map((input) => markerOf(input));
  const forms = all.flatMap((one) => [...new Set(formsOf(one).map(([, form]) => form))]);
  expect(new Set(forms).size).toBe(forms.length);
  for (const form of forms) expect(form.length).toBeGreaterThanOrEqual(20);
  expect(base64Cores("abcdef")).toHaveLength(3);
  expect(markerOf("a")).toEqual(all[0]);
});
