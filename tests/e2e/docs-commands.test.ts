/**
 * The commands of the documentation, typed in a copy of this tree against a sandbox that is kept; the training as it is
 * written. What is not typed stands, with its reason, in tests/docs/shown-commands.ts.
 */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pages, readPage } from "../docs/pages";
import { blocksOf, shellCommandsOf } from "../docs/shell";
import { inSandbox, NOT_RUN, OUTPUTS, type Row, rowOf, RUN } from "../docs/shown-commands";
import { commandsBelow, exercises } from "../docs/training";
import { ReadersClone, type Typed } from "./support/readers-clone";

jest.setTimeout(900_000);

const STACK_FILE = "training.yaml";

const clone = new ReadersClone();

interface Shown {
  readonly typed: string;
  readonly row: Row;
  /** The command as pages show it. */
  readonly shown: string;
}

const everything = pages.flatMap((page) =>
  shellCommandsOf(readPage(page)).flatMap((shown): Shown[] => {
    const row = rowOf(page, shown);
    return row === undefined ? [] : [{ typed: inSandbox(shown, STACK_FILE), row, shown }];
  }),
);
const runnable = new Map(
  everything
    .filter(({ row }) => row.where === "alone" || row.where === "sandbox")
    .map((command) => [command.typed, command]),
);

/** @throws Error with what the command said when it ends with another code than it should. */
async function typed(command: string, exit = 0): Promise<Typed> {
  const said = await clone.type(command);
  if (said.code === exit) return said;
  throw new Error(`${command}\nended with ${said.code}, not with ${exit}:\n${said.stdout}\n${said.stderr}`);
}

beforeAll(async () => {
  await clone.prepare();
  // A newer version of the same stack file, and what a workflow of GitHub gives.
  copyFileSync(join(clone.folder, "Pulumi.prod.yaml"), join(clone.folder, "prod-before.yaml"));
  clone.variables["GITHUB_STEP_SUMMARY"] = join(clone.folder, "summary.md");
});

afterAll(async () => {
  await clone.type("node tools/run.mjs sandbox --stop");
  clone.remove();
});

describe("the training begins", () => {
  const [start = "", variable = "", refused = "", stackFile = "", ...looks] = commandsBelow("Begin");

  it(start, async () => {
    const { stderr } = await typed(start);
    const kubeconfig = /^ *export KUBECONFIG=(\S+)/m.exec(stderr)?.[1];
    expect(variable).toBe("export KUBECONFIG=...");
    expect(kubeconfig).toMatch(/kubeconfig$/);
    clone.variables["KUBECONFIG"] = kubeconfig ?? "";
    copyFileSync(kubeconfig ?? "", join(clone.folder, "kubeconfig-prod.yaml"));
  });

  it("with a refusal, since this is another cluster", async () => {
    const { stderr } = await typed(refused, 2);
    expect(stderr).toContain("this is another cluster");
  });

  it("with a stack file for this cluster, in which nothing is wrong but for Helm's releases", async () => {
    await typed(stackFile);
    expect(readFileSync(join(clone.folder, STACK_FILE), "utf8")).toContain(clone.variables["KUBECONFIG"]);
    expect(looks.map((look) => look.split(" ")[2])).toEqual(["diagnose", "diagnose", "drift", "policies"]);
    for (const look of looks) await typed(look, look.startsWith("npm run drift") ? 7 : 0);
  });
});

describe("what pages show", () => {
  const outputs = new Map<string, Typed>();

  it.each([...runnable])("%s", async (command, { row, shown }) => {
    const said = await typed(command, row.exit);
    outputs.set(shown, said);
    for (const pattern of row.says ?? []) expect(said.stdout + said.stderr).toMatch(pattern);
    if (row.never !== undefined) {
      expect(said.stdout.split("\n").filter((line) => row.never?.test(line))).toEqual([]);
    }
  });

  /** Figures of one run, and what is left out, may be anything. */
  const stable = (line: string): RegExp => {
    const literal = line
      .trim()
      .replace(/^\[ *[\d.]+s\] +/, "")
      .replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(
      literal
        .replace(/\\\.\\\.\\\./g, ".*")
        .replace(/(127\\\.0\\\.0\\\.1:)\d{5}/, "$1\\d+")
        .replace(/\d+(\\\.\d+)?( +m?s\b)/g, "[\\d.]+$2")
        .replace(/ +/g, " +"),
    );
  };

  it.each(OUTPUTS.flatMap(({ page, begins, of }) => (of === undefined ? [] : [{ page, begins, of }])))(
    "$page: what stands below `$of` is its output",
    ({ page, begins, of }) => {
      const block = blocksOf(readPage(page)).find(({ text }) => text.startsWith(begins))?.text ?? "";
      const { stdout = "", stderr = "" } = outputs.get(of) ?? {};
      const lines = block.split("\n").filter((line) => line.trim() !== "");
      expect(lines.filter((line) => !stable(line).test(`${stdout}\n${stderr}`))).toEqual([]);
      expect(lines.length).toBeGreaterThan(0);
    },
  );

  it("a step summary is appended to", () => {
    expect(readFileSync(join(clone.folder, "summary.md"), "utf8")).toMatch(/^### validate sandbox: clean$/m);
  });
});

describe("the training's answers", () => {
  /** Whom else an answer names, with what it says; the diagnosis exits with 1 where the answer names a verdict. */
  const OTHERS: Readonly<Record<string, Readonly<Record<"policies" | "drift", readonly [number, RegExp]>>>> = {
    "1. A friend wanted to help": {
      policies: [1, /^FAIL +existing-policies +NetworkPolicy financial-ml\/debug-open/m],
      drift: [7, /^DRIFT +undeclared-objects +NetworkPolicies in financial-ml +1 policy/m],
    },
    "6. What preview does not see": {
      policies: [1, /^FAIL +enforcement-cuts/m],
      drift: [7, /^DRIFT +declared-objects +NetworkPolicy financial-ml\/default-deny +1 policy: it is not there/m],
    },
  };
  const look = (command: string) => clone.type(`npm run ${command} -- sandbox --config-file ${STACK_FILE}`);

  interface Diagnosis {
    readonly exitCode: number;
    readonly causes: readonly { readonly rule: string; readonly word: string }[];
  }

  async function diagnose(): Promise<Diagnosis> {
    const { stdout } = await clone.type(`npm run --silent diagnose -- sandbox --config-file ${STACK_FILE} --json`);
    return JSON.parse(stdout) as Diagnosis;
  }

  /** Controllers need a moment for what follows from a command. */
  async function until(wanted: (diagnosis: Diagnosis) => boolean): Promise<Diagnosis> {
    for (let attempt = 1; ; attempt += 1) {
      const diagnosis = await diagnose();
      if (wanted(diagnosis) || attempt === 20) return diagnosis;
    }
  }

  it.each(exercises())("$title", async ({ title, breaks, answer, mends, verdict }) => {
    for (const command of breaks) await typed(command);
    const found = await until(({ causes }) => causes[0]?.rule === verdict);
    expect(found.causes[0]?.rule).toBe(verdict);
    expect(found.exitCode).toBe(verdict === undefined ? 0 : 1);
    if (answer.includes("certain")) expect(found.causes[0]?.word).toBe("certain");
    for (const [command, [code, says]] of Object.entries(OTHERS[title] ?? {})) {
      const said = await look(command);
      expect(said.stdout).toMatch(says);
      expect(said.code).toBe(code);
    }
    for (const command of mends) await typed(command);
    if (mends.length > 0) expect((await until(({ exitCode }) => exitCode === 0)).exitCode).toBe(0);
  });

  it("end with nothing left", async () => {
    const [stop = "", remove = ""] = commandsBelow("End");
    expect((await typed(stop)).stderr).toContain("stopped 1");
    await typed(remove);
    expect(remove).toContain(STACK_FILE);
  });
});

it("says how many commands are run, and why others are not", () => {
  const commands = new Map(everything.map((one) => [one.shown, one.row.where]));
  const lines = Object.entries({ ...RUN, ...NOT_RUN }).map(([where, words]) => {
    const count = [...commands.values()].filter((one) => one === where).length;
    return `${String(count).padStart(4)}  ${where}: ${words}`;
  });
  process.stderr.write(`${commands.size} commands in the documentation:\n${lines.join("\n")}\n`);
  expect(runnable.size).toBeGreaterThan(30);
});
