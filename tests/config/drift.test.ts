/** What a stack file may say about differences that it accepts. */
import { formatFault } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import { changed } from "./cases/case";

const said = (entry: object): string[] =>
  parseConfig(changed({ "drift.allow": [entry] }), new Set()).faults.map(formatFault);
const SOUND = { kind: "Model", name: "*", reason: "teams deploy their own models here" };

describe("drift.allow", () => {
  it.each<[string, object]>([
    ["a whole object", SOUND],
    ["one field in one namespace", { ...SOUND, namespace: "financial-ml", field: "spec.replicas" }],
  ])("accepts %s", (_, entry) => expect(said(entry)).toEqual([]));

  it("is empty unless a stack says something", () => {
    expect(parseConfig(changed({}), new Set()).config?.drift).toEqual({ allow: [] });
  });

  it.each<[string, object, RegExp]>([
    ["no reason", { kind: "Model", name: "a" }, /^drift\.allow\[0\]\.reason: .*missing/],
    ["a reason that says nothing", { ...SOUND, reason: "ok" }, /^drift\.allow\[0\]\.reason: .*at least 10 characters/],
    ["no name", { kind: "Model", reason: SOUND.reason }, /^drift\.allow\[0\]\.name: .*missing/],
    [
      "a resource instead of a kind",
      { ...SOUND, kind: "models" },
      /^drift\.allow\[0\]\.kind: .*allowed: a kind such as NetworkPolicy/,
    ],
    [
      "a namespace that none can have",
      { ...SOUND, namespace: "A_b" },
      /^drift\.allow\[0\]\.namespace: .*RFC 1123 label/,
    ],
    ["a key that means nothing", { ...SOUND, fields: "spec" }, /^drift\.allow\[0\]\.fields: .*Did you mean "field"\?/],
  ])("refuses %s", (_, entry, message) => expect(said(entry)).toEqual([expect.stringMatching(message)]));
});
