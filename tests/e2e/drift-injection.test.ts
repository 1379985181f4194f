/**
 * `npm run drift` as people run it, against a sandbox: nothing found where nobody did anything, ten times; then one thing of
 * each class of drift is done after the other, is found, named and classified, and the mend that the report names leads back.
 * `LAB_WRITE=1` writes the cluster's part of docs/benchmarks/drift.md.
 */
import { declaredStack } from "../../checks/cli/declared-source";
import type { Declared } from "../../checks/drift/objects/declared";
import { LookError } from "../../checks/verdict";
import { missingPrograms } from "../../sandbox/engine/choose";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { type DriftRow, writePart } from "../support/drift-page";
import { CLEAN, drift, type DriftFinding } from "./support/drift-run";
import { INJECTIONS, type Mend } from "./support/drift-injections";
import { KeptSandbox, STACK } from "./support/kept-sandbox";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(900_000);

/** With the reports' own commands among the mends. */
const missing = missingPrograms(process.env, ["kubectl"]);
const RUNS = 10;

describe(`a sandbox of the engine in process${missing.length === 0 ? "" : " (mends by command are skipped: no kubectl)"}`, () => {
  let sandbox: KeptSandbox;
  let declared: Declared;
  const rows: DriftRow[] = [];
  const clean: number[] = [];

  beforeAll(async () => {
    sandbox = await KeptSandbox.start("in-process");
    const stack = await declaredStack(PROJECT, STACK, sandbox.configFile);
    if (stack.declared instanceof LookError) throw stack.declared;
    declared = stack.declared;
  });

  afterAll(async () => {
    await sandbox?.stop();
    if (process.env["LAB_WRITE"] === "1" && clean.length === RUNS && rows.length === INJECTIONS.length)
      writePart("cluster", { clean, rows });
  });

  test(`nothing is found in ${RUNS} runs, one after the other`, async () => {
    for (let run = 0; run < RUNS; run += 1) {
      const { seconds, passed, ...rest } = await drift(sandbox);
      expect(rest).toEqual(CLEAN);
      // Every declared object, every release twice, and what may stand beside them.
      expect(passed).toBeGreaterThan(declared.objects.length + 2 * declared.releases.length);
      clean.push(seconds);
    }
  });

  /** Does what the report names. The stack's next run is, without an engine that updates, its declaration applied again. */
  async function mendBy(mend: Mend, { target, fix = "" }: DriftFinding): Promise<string> {
    if (mend === "command") {
      const command = fix.split(", or ").at(-1) ?? "";
      await sandbox.shell(command);
      return "the command of the report";
    }
    if (mend === "stack") {
      expect(fix).toBe(`pulumi up --refresh -s ${STACK}`);
      const object = declared.objects.find(
        ({ kind, namespace, name }) => target === [kind, [namespace, name].filter(Boolean).join("/")].join(" "),
      );
      await sandbox.client.apply(object?.body as KubernetesObject, { fieldManager: "seldon-k3s-sandbox" });
      return "the declaration applied again";
    }
    await mend.run(sandbox);
    return mend.said;
  }

  const runnable = INJECTIONS.filter(({ mend }) => mend !== "command" || missing.length === 0);

  test.each(runnable)("$kind: $injected", async (injection) => {
    const { kind, injected, check, target, found, inject, mend } = injection;
    await inject(sandbox);
    const { code, seconds, classes, bad } = await drift(sandbox);
    expect(bad).toEqual([expect.objectContaining({ verdict: "DRIFT", check, target })]);
    const [finding] = bad;
    if (found !== "") expect(finding!.actual).toBe(found);
    expect(Object.keys(classes)).toEqual([injection.class]);
    expect(code).toBe(7);
    const mended = await mendBy(mend, finding!);
    const { code: after, classes: left, bad: still } = await drift(sandbox);
    expect({ code: after, classes: left, bad: still }).toEqual(CLEAN);
    rows.push({ kind, injected, check, found: finding!.actual, class: injection.class, seconds, mended });
  });
});
