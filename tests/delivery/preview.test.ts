import { previewComment } from "../../delivery/preview/comment";
import { readPreview } from "../../delivery/preview/preview";
import { changesDigest, readRecord, recordOf } from "../../delivery/preview/record";

const urn = (type: string, name: string) => `urn:pulumi:prod::seldon-k3s::seldon-k3s:index:K3sCluster$${type}::${name}`;

interface Step {
  readonly op: string;
  readonly type?: string;
  readonly name?: string;
  readonly old?: object;
  readonly now?: object;
  readonly diff?: object;
}

/** As Pulumi 3.259 wrote it; the shape was read off a preview of its own engine. */
const preview = (steps: readonly Step[], diagnostics: object[] = []) =>
  JSON.stringify({
    steps: steps.map(({ op, type = "command:remote:Command", name = "x", old, now, diff = null }) => ({
      op,
      urn: urn(type, name),
      ...(old === undefined ? {} : { oldState: { inputs: old } }),
      ...(now === undefined ? {} : { newState: { inputs: now } }),
      detailedDiff: diff,
    })),
    diagnostics,
  });

const request = (version: string) => ({
  create: "/usr/local/lib/seldon-k3s/run k3s",
  stdin: `host node-1\nrole server\nversion ${version}\nend\n`,
});

test("a refresh is no change; what follows it is", () => {
  const { summary } = readPreview(
    preview([
      { op: "refresh", old: request("1"), now: request("1") },
      { op: "update", old: request("1"), now: request("2"), diff: { stdin: { kind: "update" } } },
      { op: "same", name: "y", old: {}, now: {} },
    ]),
    "prod",
  );
  expect(summary.counts).toEqual({ create: 0, update: 1, replace: 0, delete: 0 });
  expect(summary.changes[0]?.paths).toEqual(["stdin"]);
  expect(summary.machines.restarted.map(({ name }) => name)).toEqual(["node-1"]);
});

test("a replacement counts once, a component not at all", () => {
  const { summary } = readPreview(
    preview([
      { op: "create-replacement", old: {}, now: {} },
      { op: "replace", old: {}, now: {} },
      { op: "delete-replaced", old: {} },
      { op: "create", type: "seldon-k3s:index:Calico", name: "calico", now: {} },
      { op: "delete", name: "gone", old: request("1") },
    ]),
    "prod",
  );
  expect(summary.counts).toEqual({ create: 0, update: 0, replace: 1, delete: 1 });
  expect(summary.machines.removed).toEqual(["node-1"]);
});

test.each([
  ["no JSON", "", "no JSON"],
  ["another document", "[]", "no list of steps"],
  ["an unknown step", preview([{ op: "teleport" }]), '"teleport", which is not known'],
])("%s is refused", (_, text, message) => {
  expect(() => readPreview(text, "prod")).toThrow(message);
});

test("a preview of another stack is refused", () => {
  expect(() => readPreview(preview([{ op: "create", now: {} }]), "staging")).toThrow('of stack "prod", not "staging"');
});

const COMMON = {
  commit: "c".repeat(40),
  configDigest: "d".repeat(64),
  program: "1.2.3+0123456789ab",
  at: "2026-01-02T03:04:05.000Z",
};

test("neither comment nor record holds a value", () => {
  const secret = "planted-secret-value";
  const diagnostics = [{ severity: "error", message: `password=${secret} was refused` }];
  const text = preview(
    [{ op: "update", old: { data: secret }, now: { data: `${secret}-2` }, diff: { data: { kind: "update" } } }],
    diagnostics,
  );
  const read = readPreview(text, "prod");
  const record = recordOf(read.summary, COMMON);
  const comment = previewComment(read, record);
  expect(comment + JSON.stringify(record)).not.toContain(secret);
  expect(comment).toContain("failed");
  expect(comment).toContain("was refused");
});

test("the digest of changes does not depend on their order, and sees another one", () => {
  const changes = (steps: readonly Step[]) => readPreview(preview(steps), "prod").summary.changes;
  const [a, b] = [
    { op: "create", name: "a", now: {} },
    { op: "delete", name: "b", old: {} },
  ] as const;
  expect(changesDigest(changes([a, b]))).toBe(changesDigest(changes([b, a])));
  expect(changesDigest(changes([a]))).not.toBe(changesDigest(changes([a, b])));
});

test("a record is read back, and refused when it is another thing", () => {
  const { summary } = readPreview(preview([]), "prod");
  const record = recordOf(summary, COMMON);
  expect(readRecord(JSON.stringify(record), "f")).toEqual(record);
  expect(() => readRecord("{}", "f")).toThrow("f is no record of a preview");
  expect(() => readRecord(JSON.stringify({ ...record, version: 2 }), "f")).toThrow("allowed is 1");
  expect(() => readRecord(JSON.stringify({ ...record, commit: "" }), "f")).toThrow("lacks commit");
});
