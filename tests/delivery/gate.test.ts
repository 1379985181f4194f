import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { configDigest } from "../../delivery/gate/digest";
import { type GateInput, refusals } from "../../delivery/gate/gate";
import { readWindow } from "../../delivery/gate/window";
import type { PreviewRecord } from "../../delivery/preview/record";

const record: PreviewRecord = {
  version: 1,
  kind: "seldon-k3s.preview",
  stack: "prod",
  commit: "a".repeat(40),
  configDigest: "b".repeat(64),
  changesDigest: "c".repeat(64),
  at: "2026-01-02T00:00:00.000Z",
};
const go: GateInput = {
  record,
  stack: "prod",
  commit: record.commit,
  configDigest: record.configDigest,
  changesDigest: record.changesDigest,
  now: new Date("2026-01-02T10:00:00Z"),
  maxAgeHours: 72,
};
const withCni = { ...record, cni: "switch: none → vxlan" };
const window = readWindow("2026-01-02T09:00Z/2026-01-02T11:00Z");

test("what was previewed goes", () => {
  expect(refusals(go)).toEqual([]);
  expect(refusals({ ...go, record: withCni, window })).toEqual([]);
  expect(refusals({ ...go, approval: { environment: "approve-prod", by: ["octocat"] } })).toEqual([]);
});

test.each<[string, Partial<GateInput>]>([
  ["stack", { stack: "staging" }],
  ["commit", { commit: "f".repeat(40) }],
  ["configuration", { configDigest: "f".repeat(64) }],
  ["changes", { changesDigest: "f".repeat(64) }],
  ["age", { now: new Date("2026-01-05T00:00:01Z") }],
  ["age", { now: new Date("2026-01-01T00:00:00Z") }],
  ["age", { record: { ...record, at: "yesterday" } }],
  ["cni-window", { record: withCni }],
  // What a preview of this moment says counts, whatever a record leaves out.
  ["cni-window", { cni: "switch: none → vxlan" }],
  ["cni-window", { record: withCni, window, now: new Date("2026-01-02T11:00:00Z") }],
  ["cni-window", { record: withCni, window, now: new Date("2026-01-02T08:59:59Z") }],
  ["approval", { approval: { environment: "approve-prod", by: [] } }],
])("refused: %s (%#)", (rule, change) => {
  const found = refusals({ ...go, ...change });
  expect(found.map((one) => one.rule)).toEqual([rule]);
  expect(found[0]?.text).toMatch(/; /);
});

test("all reasons are told at once", () => {
  expect(refusals({ ...go, commit: "f", configDigest: "f", record: withCni }).map(({ rule }) => rule)).toEqual([
    "commit",
    "configuration",
    "cni-window",
  ]);
});

test.each([
  ["2026-01-02T09:00/2026-01-02T11:00Z", "cannot be read"],
  ["tonight", "cannot be read"],
  ["2026-01-02T09:00Z/2026-01-02T11:00Z/x", "cannot be read"],
  ["2026-13-02T09:00Z/2026-13-02T11:00Z", "cannot be read"],
  ["2026-01-02T11:00Z/2026-01-02T09:00Z", "ends before it begins"],
  ["2026-01-02T09:00Z/2026-02-02T09:00Z", "744 hours long, allowed are 24"],
])("the window %s is refused", (text, message) => {
  expect(() => readWindow(text)).toThrow(message);
});

test("the digest is of both files, and of where one ends", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "digest-"));
  try {
    const digest = (project: string, stack: string) => {
      writeFileSync(path.join(folder, "Pulumi.yaml"), project);
      writeFileSync(path.join(folder, "Pulumi.prod.yaml"), stack);
      return configDigest(folder, "prod");
    };
    const all = [digest("a", "b"), digest("a", "c"), digest("ab", ""), digest("", "ab")];
    expect(new Set(all).size).toBe(4);
    expect(digest("a", "b")).toBe(all[0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
