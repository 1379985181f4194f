import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { backupName, newestBackup, readBackup, timeOfBackup, writeBackup } from "../../../delivery/state/backup-file";
import { difference, readState } from "../../../delivery/state/document";
import { ageOf, holderOf, readLocks, readProcesses, stepsAtWork } from "../../../delivery/state/locks";
import { kubernetesId, refreshTargets, resolutionOf, takenUp } from "../../../delivery/state/pending";
import { isKeyOf, providerOf, readStackKey } from "../../../delivery/state/stack-key";
import { FREE, locked } from "./support/stand-in-pulumi";
import { command, configMap, ROOT, SECRET, stateText, urn } from "./support/states";

const read = (text: string) => readState(text, "x.json");

describe("a state", () => {
  it("names its stack, its project and what encrypts it", () => {
    expect(read(stateText([ROOT]))).toMatchObject({ stack: "dev", project: "p", secrets: { type: "passphrase" } });
    expect(read(stateText([]))).not.toHaveProperty("stack");
  });

  test.each([
    ["", /no JSON/],
    [stateText([ROOT]).slice(0, -9), /no JSON: it is cut off/],
    ["[]", /no `deployment`/],
    ['{"version":3}', /no `deployment`/],
    [stateText([{ type: "x" }]), /without urn and type/],
    [stateText([ROOT, { urn: urn("a", "t", "prod"), type: "t" }]), /mixes resources of several stacks/],
    [stateText([ROOT], [{ resource: ROOT }]), /pending operation without type/],
  ])("%s is refused", (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });

  test.each([
    ["in an input", [command("a", { token: { ...SECRET, ciphertext: undefined, plaintext: '"planted"' } })], []],
    ["in a list", [command("a", { list: [{ deep: { ...SECRET, ciphertext: undefined, plaintext: "x" } }] })], []],
    ["in a pending operation", [], [{ type: "creating", resource: command("a", { t: { ...SECRET, ciphertext: 1 } }) }]],
  ])("with a secret in clear %s is refused, and not shown", (_, resources, pending) => {
    expect(() => read(stateText([ROOT, ...resources], pending))).toThrow(/holds secrets in clear.*--show-secrets/);
    expect(() => read(stateText([ROOT, ...resources], pending))).not.toThrow(/planted/);
  });

  it("is compared by urn, id and values, not by how a secret was encrypted", () => {
    const before = read(stateText([ROOT, command("a"), command("b", { v: 1 }), command("c", { t: SECRET })]));
    const after = read(
      stateText([
        ROOT,
        command("b", { v: 2 }),
        command("c", { t: { ...SECRET, ciphertext: "v1:other" } }),
        command("d"),
      ]),
    );
    expect(difference(before, after)).toEqual({ back: [urn("d")], forgotten: [urn("a")], changed: [urn("b")] });
    expect(difference(before, before)).toEqual({ back: [], forgotten: [], changed: [] });
  });
});

describe("a lock", () => {
  const NOW = new Date("2026-11-23T10:00:00Z");

  it("is read from what Pulumi says when it cannot take it", () => {
    const { stderr = "" } = locked("root@vm (pid 42) at 2026-11-23T08:00:00Z");
    expect(readLocks(stderr, "dev")).toEqual([{ user: "root", host: "vm", pid: 42, since: "2026-11-23T08:00:00Z" }]);
    expect(readLocks(FREE.stderr ?? "", "dev")).toEqual([]);
    expect(readLocks("error: no credentials", "dev")).toBeUndefined();
    expect(readLocks(FREE.stderr ?? "", "prod")).toBeUndefined();
  });

  it("is held by a process only where that one lives here since before it", () => {
    const lock = { user: "root", host: "vm", pid: 42, since: "2026-11-23T08:00:00Z" };
    const at = (time: string) => [{ pid: 42, started: Date.parse(time), args: "pulumi up" }];
    expect(holderOf(lock, "vm", at("2026-11-23T07:59:00Z")).life).toBe("alive");
    expect(holderOf(lock, "vm", at("2026-11-23T08:00:01Z")).life).toBe("alive");
    // The number was given to another process since.
    expect(holderOf(lock, "vm", at("2026-11-23T08:05:00Z")).life).toBe("gone");
    expect(holderOf(lock, "vm", []).life).toBe("gone");
    expect(holderOf(lock, "laptop", at("2026-11-23T07:59:00Z")).life).toBe("elsewhere");
  });

  it("is looked up among processes as ps lists them", () => {
    const list =
      "    1 Sun Nov 22 16:10:52 2026 /sbin/init\n" +
      " 4711 Mon Nov  2 08:46:27 2026 node --require /w/p/tools/typescript.cjs /w/p/rollout/main.ts node-step\n" +
      " 4712 Mon Nov  2 08:46:28 2026 grep /w/p/rollout/main.tsx\n";
    const processes = readProcesses(list);
    expect(processes.map(({ pid }) => pid)).toEqual([1, 4711, 4712]);
    expect(processes[1]?.started).toBe(new Date(2026, 10, 2, 8, 46, 27).getTime());
    expect(stepsAtWork(processes, "/w/p")).toEqual([4711]);
    expect(stepsAtWork(processes, "/w/other")).toEqual([]);
  });

  test.each([
    ["2026-11-23T09:59:30Z", "1 minute"],
    ["2026-11-23T08:30:00Z", "90 minutes"],
    ["2026-11-23T07:00:00Z", "3 hours"],
    ["2026-11-20T10:00:00Z", "3 days"],
    ["2026-11-23T10:05:00Z", "0 minutes"],
  ])("of %s is %s old", (since, age) => {
    expect(ageOf(since, NOW)).toBe(age);
  });
});

describe("a pending operation", () => {
  const creating = (resource: object) => ({ type: "creating", resource });
  const stateOf = (resources: readonly object[], pending: readonly object[]) =>
    read(stateText([ROOT, ...resources] as never, pending as never));
  const resolve = (resources: readonly object[], pending: readonly object[]) => {
    const state = stateOf(resources, pending);
    const found = state.pending.map((operation) => resolutionOf(operation, state));
    return { state, found, edited: takenUp(state, found), targets: refreshTargets(state, found) };
  };

  it("of an update or a delete is left to the refresh of that resource", () => {
    const { found, edited, targets } = resolve([command("a")], [{ type: "updating", resource: command("a") }]);
    expect(found[0]).toMatchObject({ operation: "updating", name: "a" });
    expect(edited).toBeUndefined();
    expect(targets).toEqual([urn("a")]);
  });

  it("of a command's create is dropped: it can be run again", () => {
    const { id: _, ...made } = command("a");
    const { found, edited, targets } = resolve([], [creating(made)]);
    expect(found[0]).not.toHaveProperty("takeUp");
    expect(found[0]?.text).toContain("runs it again");
    expect(edited).toBeUndefined();
    expect(targets).toEqual([ROOT.urn]);
  });

  it("of an object's create is put into the state under its id, with its inputs, and refreshed", () => {
    const { found, edited, targets } = resolve([command("a")], [creating(configMap("cm"))]);
    expect(found[0]?.takeUp).toBe("seldon/cm");
    const after = read(JSON.stringify(edited));
    expect(after.pending).toEqual([]);
    expect(after.resources.map(({ urn: name, id }) => [name, id])).toEqual([
      [ROOT.urn, undefined],
      [urn("a"), "a1"],
      [configMap("cm").urn, "seldon/cm"],
    ]);
    expect(after.resources[2]?.["inputs"]).toEqual(configMap("cm").inputs);
    expect(after).toMatchObject({ secrets: { type: "passphrase" }, time: "2026-11-23T08:00:00Z" });
    expect(targets).toEqual([configMap("cm").urn]);
  });

  it("that stayed after the resource was made is dropped", () => {
    const { found, edited } = resolve([configMap("cm", { id: "seldon/cm" })], [creating(configMap("cm"))]);
    expect(found[0]?.text).toContain("in the state already");
    expect(edited).toBeUndefined();
  });

  it("of a replacement does not stand beside what it was to replace", () => {
    const { found, edited } = resolve([configMap("cm", { id: "seldon/old" })], [creating(configMap("cm"))]);
    expect(found[0]?.text).toContain("was to replace seldon/old under the id seldon/cm");
    expect(edited).toBeUndefined();
  });

  test.each([
    [{ type: "kubernetes:core/v1:Namespace", inputs: { metadata: { name: "n" } } }, "n"],
    [{ type: "kubernetes:core/v1:Secret", inputs: { metadata: { name: "s", namespace: "n" } } }, "n/s"],
    [{ type: "kubernetes:helm.sh/v3:Release", inputs: { name: "r", namespace: "n" } }, "n/r"],
    [{ type: "kubernetes:core/v1:Secret", inputs: { metadata: { generateName: "s" } } }, undefined],
    [{ type: "command:remote:Command", inputs: { metadata: { name: "s" } } }, undefined],
  ])("%j has the id %s", (resource, id) => {
    expect(kubernetesId({ urn: "u", ...resource })).toBe(id);
  });
});

describe("a backup", () => {
  const NAME = { project: "p", stack: "dev" };
  const NOW = new Date("2026-11-23T08:20:45.678Z");
  const folder = mkdtempSync(path.join(tmpdir(), "backup-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is a file for its owner alone, with stack, time and version in its name", () => {
    const text = stateText([ROOT]);
    const made = writeBackup(NAME, text, read(text), path.join(folder, "new"), NOW);
    expect(path.basename(made.file)).toBe("p-dev-20261123T082045Z-pulumi-3.259.0.json");
    expect([statSync(made.file).mode & 0o777, statSync(path.dirname(made.file)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readBackup(made.file).text).toBe(text);
    expect(readdirSync(path.join(folder, "new"))).toHaveLength(1);
    // The same second again replaces nothing and leaves nothing.
    expect(() => writeBackup(NAME, text, read(text), path.join(folder, "new"), NOW)).toThrow(
      /cannot write the backup.*EEXIST/,
    );
    expect(readdirSync(path.join(folder, "new"))).toHaveLength(1);
  });

  it("is found by its name, and that of another stack is not", () => {
    expect(timeOfBackup(NAME, backupName(NAME, NOW, "3.2.1"))).toEqual(new Date("2026-11-23T08:20:45Z"));
    expect(timeOfBackup(NAME, backupName({ ...NAME, stack: "dev-eu" }, NOW, "3.2.1"))).toBeUndefined();
    expect(timeOfBackup(NAME, "p-dev-latest.json")).toBeUndefined();
    for (const hour of [9, 7])
      writeFileSync(path.join(folder, backupName(NAME, new Date(Date.UTC(2026, 0, 1, hour)))), "");
    expect(newestBackup(NAME, folder)?.time).toEqual(new Date("2026-01-01T09:00:00Z"));
    expect(newestBackup(NAME, path.join(folder, "none"))).toBeUndefined();
  });
});

test("a stack file's key is the state's or is not", () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "key-")), "Pulumi.dev.yaml");
  writeFileSync(file, "encryptionsalt: v1:salt\nconfig: {p:a: b}\n");
  const key = readStackKey(file);
  rmSync(path.dirname(file), { recursive: true });
  expect([key, providerOf(key), providerOf({})]).toEqual([{ encryptionsalt: "v1:salt" }, "passphrase", undefined]);
  const state = read(stateText([ROOT]));
  expect([isKeyOf(key, state), isKeyOf({ encryptionsalt: "v1:other" }, state)]).toEqual([true, false]);
  const cloud = read(
    stateText([ROOT], [], {
      secrets_providers: { type: "cloud", state: { url: "awskms://alias/a", encryptedkey: "k" } },
    }),
  );
  expect(isKeyOf({ secretsprovider: "awskms://alias/a", encryptedkey: "k" }, cloud)).toBe(true);
  expect(isKeyOf({ secretsprovider: "awskms://alias/b", encryptedkey: "k" }, cloud)).toBe(false);
  expect(isKeyOf(key, read(stateText([ROOT], [], { secrets_providers: undefined })))).toBeUndefined();
});
