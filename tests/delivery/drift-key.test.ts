import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SshTarget } from "../../config/derive";
import { keyLines, keyLinesText, publicKeyOf } from "../../delivery/drift/key-lines";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE3xzdC2mmK/bkMov3ajgyP1XzfI8y2rSt87DvClJYnr";
const bastion = { address: "bastion.example.com", port: 22, user: "jump", hostKey: KEY };
const target = (name: string, more: Partial<SshTarget> = {}): SshTarget => ({
  name,
  address: `192.0.2.${name.length}`,
  port: 22,
  user: "root",
  hostKey: KEY,
  ...more,
});
const FORCED = 'command="/usr/local/lib/seldon-k3s/inspect-only"';

test("machines with the same login share a line; a bastion opens connections to them alone", () => {
  const targets = [target("a", { bastion }), target("bb", { bastion, port: 2222 }), target("ccc", { user: "ops" })];
  const lines = keyLines({ stack: "prod", targets, key: KEY, from: ["203.0.113.0/24", "2001:db8::1"] });
  const from = 'from="203.0.113.0/24,2001:db8::1"';
  expect(lines).toEqual([
    { role: "machine", where: ["a", "bb"], user: "root", line: `restrict,${from},${FORCED} ${KEY} drift of prod` },
    { role: "machine", where: ["ccc"], user: "ops", line: `restrict,${from},${FORCED} ${KEY} drift of prod` },
    {
      role: "bastion",
      where: ["bastion.example.com"],
      user: "jump",
      line: `restrict,${from},port-forwarding,permitopen="192.0.2.1:22",permitopen="192.0.2.2:2222",permitlisten="127.0.0.1:1",command="/bin/false" ${KEY} drift of prod`,
    },
  ]);
});

test("the text is lines of authorized_keys and comments, nothing else", () => {
  const lines = keyLines({ stack: "prod", targets: [target("a", { bastion }), target("bb", { bastion })], key: KEY });
  const rows = keyLinesText(lines).split("\n");
  expect(rows.filter((row) => row !== "" && !row.startsWith("#"))).toEqual(lines.map(({ line }) => line));
  expect(rows).toContain("# 2 machines a, bb:");
  expect(rows).toContain("# the bastion bastion.example.com:");
});

test.each([
  ["with a comment", `${KEY} me@laptop\n`],
  ["without one", KEY],
])("a public key %s is read", (_, text) => expect(publicKeyOf(text)).toBe(KEY));

test.each([
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nMARK\n-----END OPENSSH PRIVATE KEY-----\n", "a private key"],
  ["a line with options of its own", `command="MARK" ${KEY}\n`, "something else"],
  ["two keys", `${KEY} MARK\n${KEY}\n`, "something else"],
  ["a key that was cut", "ssh-ed25519 MARK\n", "something else"],
  ["nothing", "\n", "something else"],
])("%s is refused without being quoted", (_, text, got) => {
  expect(() => publicKeyOf(text)).toThrow(`the key is no public key: got ${got}; allowed:`);
  expect(() => publicKeyOf(text)).not.toThrow(/MARK/);
});

describe("the command", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "drift-key-"));
  const file = path.join(folder, "drift.pub");
  writeFileSync(file, `${KEY} drift\n`);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) => {
    const root = path.join(__dirname, "../..");
    const loader = ["--require", path.join(root, "tools/typescript.cjs")];
    return spawnSync(process.execPath, [...loader, "delivery/cli/drift-key.ts", ...args], {
      cwd: root,
      encoding: "utf8",
    });
  };

  test("writes the lines of a stack, as text and as JSON", () => {
    const line = `restrict,${FORCED} ${KEY} drift of prod`;
    expect(run("prod", "--key", file).stdout.split("\n")).toContain(line);
    const out = path.join(folder, "lines.json");
    expect(run("prod", "--key", file, "--json", "--out", out).status).toBe(0);
    const written = JSON.parse(readFileSync(out, "utf8")) as { lines: { line: string; where: string[] }[] };
    expect(written.lines).toEqual([
      expect.objectContaining({
        line,
        where: ["prod-server-1", "prod-server-2", "prod-server-3", "prod-agent-1", "prod-agent-2"],
      }),
    ]);
  }, 120_000);

  test.each([
    ["an origin that is none", ["prod", "--key", file, "--from", "home"], '--from is "home"; allowed is'],
    ["a stack without machines", ["dev", "--key", file], "stack dev declares no machines"],
    ["no key", ["prod"], "missing --key"],
  ])(
    "refuses %s",
    (_, args, said) => {
      const { status, stdout, stderr } = run(...args);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(said);
    },
    120_000,
  );
});
