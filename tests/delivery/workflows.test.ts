import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { listStacks } from "../../config/stack-file";
import { toolCache } from "../../sandbox/build-tools";
import { findGo } from "../../sandbox/build/go";
import { provideTools } from "../../sandbox/build/tool-cache";
import type { Tool } from "../../sandbox/build/tool-table";
import { Progress } from "../../sandbox/progress";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { fill } from "../support/workflows/expressions";
import { instancesOf, readWorkflow, workflowFiles, workflowText } from "../support/workflows/workflow";

const files = workflowFiles(PROJECT_DIR);
const textOf = (file: string) => workflowText(PROJECT_DIR, file);
const workflowOf = (file: string) => readWorkflow(PROJECT_DIR, file);
const jobs = files.flatMap((file) =>
  Object.entries(workflowOf(file).jobs).map(([name, job]) => ({ file, name, job, text: JSON.stringify(job) })),
);

test("the workflows are these", () => {
  expect(files).toEqual(["ci.yml", "deploy.yml", "drift.yml", "plan-comment.yml", "plan.yml", "preview.yml"]);
});

test.each(files)("%s: every action is pinned by a commit, with its version", (file) => {
  const uses = textOf(file)
    .split("\n")
    .filter((line) => /\buses:/.test(line));
  expect(uses.length).toBeGreaterThan(0);
  for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("one action has one version", () => {
  const pins = files.flatMap((file) =>
    [...textOf(file).matchAll(/uses: (\S+)@(\S+)/g)].map(([, name, pin]) => [name, pin]),
  );
  const versions = new Map<string, Set<string>>();
  for (const [name = "", pin = ""] of pins) versions.set(name, (versions.get(name) ?? new Set()).add(pin));
  expect([...versions].filter(([, all]) => all.size > 1)).toEqual([]);
});

test.each(jobs)("$file, $name: least permissions, a bound, no credentials left in the clone", ({ job }) => {
  expect(job["timeout-minutes"]).toBeGreaterThan(0);
  const write = Object.entries(job.permissions ?? {}).filter(([, level]) => level === "write");
  expect(write.map(([name]) => name).filter((name) => !["pull-requests", "issues"].includes(name))).toEqual([]);
  for (const step of job.steps) {
    if (step.uses?.startsWith("actions/checkout@")) expect(step.with?.["persist-credentials"]).toBe(false);
    // What comes from a pull request reaches a shell as a variable, never as a part of the script.
    expect(step.run ?? "").not.toMatch(/\$\{\{/);
  }
});

test.each(files)("%s: nothing is permitted by default", (file) => {
  expect(workflowOf(file).permissions).toEqual({});
  expect(workflowOf(file).on).not.toHaveProperty("pull_request_target");
});

test.each(jobs.filter(({ text }) => text.includes("secrets.")))(
  "$file, $name: secrets come with an environment, and nobody is thrown out of a queue",
  ({ file, job }) => {
    expect(job.environment).toMatch(/./);
    // Who waits must not be thrown out by who comes later.
    expect(job.concurrency).toMatchObject({ "cancel-in-progress": false, queue: "max" });
    if (Object.hasOwn(workflowOf(file).on, "pull_request"))
      expect(job.if).toBe("github.event.pull_request.head.repo.full_name == github.repository");
  },
);

/** What a team is told to set up: the environments, and those with required reviewers. */
const setUp = readFileSync(path.join(PROJECT_DIR, "docs/delivery.md"), "utf8");
const [, all = "", reviewed = ""] = /^2\. Environments (.*)\. Required reviewers on\s+(.*);/m.exec(setUp) ?? [];
const quoted = (text: string) => [...text.matchAll(/`(.+?)`/g)].map(([, name]) => name);
const reviewedOnes = quoted(reviewed);
const inEnvironments = jobs
  .filter(({ job }) => job.environment !== undefined)
  .flatMap(({ file, name, job }) =>
    instancesOf(job).map((matrix) => {
      const context = { matrix, github: { event: { pull_request: { number: 5 } } } };
      // Twice: a row of a matrix may hold an expression itself.
      const filled = (text = "") => fill(fill(text, context), context);
      return { file, name, environment: filled(job.environment), group: filled(job.concurrency?.group) };
    }),
  );

test.each(inEnvironments)(
  "$file, $name in $environment: one run per stack, and who waits for a reviewer holds no stack's group",
  ({ environment, group }) => {
    if (reviewedOnes.includes(environment)) expect(group).not.toMatch(/^stack-/);
    else expect(group).toBe(`stack-${environment.replace(/^(drift|preview)-/, "")}`);
  },
);

test("the environments are those that the docs have set up", () => {
  expect([...new Set(inEnvironments.map(({ environment }) => environment))].sort()).toEqual(quoted(all).sort());
});

test("staging is previewed and deployed by one job, so that no other preview has its turn between", () => {
  const { steps } = workflowOf("deploy.yml").jobs["staging"]!;
  const delivered = steps.flatMap(({ run = "" }) => /\.ci\/deliver (.*)/.exec(run)?.[1] ?? []);
  expect(delivered).toEqual(["preview staging", "deploy staging"]);
});

test("prod is deployed by one job, behind the reviewers whom its gate asks for", () => {
  const deploying = jobs.filter(({ text }) => /deliver deploy (?!staging)/.test(text));
  expect(deploying.map(({ file, name }) => `${file} ${name}`)).toEqual(["deploy.yml prod"]);
  const { needs = [], steps, permissions } = deploying[0]!.job;
  const [approval = ""] = needs;
  const { environment, concurrency } = workflowOf("deploy.yml").jobs[approval]!;
  expect([environment, concurrency]).toEqual(["approve-prod", undefined]);
  expect(steps.find(({ name }) => name === "deploy")?.env).toMatchObject({ APPROVAL: environment });
  expect(permissions).toMatchObject({ actions: "read" });
});

/** Every command line of the workflows and of the GitLab example. */
const gitlab = load(readFileSync(path.join(PROJECT_DIR, "docs/examples/gitlab-ci.yml"), "utf8")) as Readonly<
  Record<string, { readonly script?: readonly string[]; readonly before_script?: readonly string[] }>
>;
const lines = [
  ...jobs.flatMap(({ file, job }) => job.steps.flatMap(({ run }) => (run === undefined ? [] : [[file, run] as const]))),
  ...Object.values(gitlab).flatMap((job) =>
    [...(job.before_script ?? []), ...(job.script ?? [])].map((line) => ["gitlab-ci.yml", line] as const),
  ),
];

/** Each once for GitHub and once for the example. */
const commands = new Map(lines.map(([file, text]) => [`${file === "gitlab-ci.yml"}${text}`, [file, text] as const]));

test.each([...commands.values()])("%s: `%s` is a command that exists, with flags that it knows", (file, text) => {
  const line = text.replace(/\\\n\s*/g, " ").trim();
  const deliver = /^(exec )?\.ci\/deliver (\S+) (\S+)$/.exec(line);
  if (deliver) {
    expect(["preview", "deploy", "drift"]).toContain(deliver[2]);
    const stack = deliver[3] ?? "";
    if (stack !== '"$STACK"') expect(listStacks(PROJECT_DIR)).toContain(stack);
    // A cancelled job signals its shell alone.
    expect(deliver[1] ?? "").toBe(file === "gitlab-ci.yml" ? "" : "exec ");
    return;
  }
  if (line === "npm ci" || /^echo "[^"$`]*"$/.test(line)) return;
  const [, name = "", rest = ""] = /^npm (?:run (?:--silent )?)?(\S+)(?: -- (.*))?$/.exec(line) ?? [];
  const { stdout, status } = spawnSync(process.execPath, ["tools/run.mjs", name, "--help"], {
    cwd: PROJECT_DIR,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  for (const [flag] of rest.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(`  ${flag}`);
});

test("forks meet no secret, and only deploy and drift have an SSH key", () => {
  for (const file of ["ci.yml", "plan.yml", "plan-comment.yml"]) expect(textOf(file)).not.toContain("secrets.");
  expect(files.filter((file) => textOf(file).includes("SSH_PRIVATE_KEY"))).toEqual(["deploy.yml", "drift.yml"]);
  expect(jobs.filter(({ text }) => text.includes("SSH_PRIVATE_KEY")).map(({ name }) => name)).toEqual([
    "staging",
    "prod",
    "drift",
  ]);
});

test("what comments for a fork checks out nothing of it", () => {
  const { steps } = workflowOf("plan-comment.yml").jobs["comment"]!;
  const [checkout] = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
  expect(Object.keys(checkout?.with ?? {})).toEqual(["persist-credentials"]);
});

test("the sandbox's matrix is that of the Node versions that are supported", () => {
  const text = textOf("ci.yml");
  expect(text).toContain('node: ["20.19", "22", "24"]');
});

type Linter = "actionlint";
const TOOLS: readonly Tool<Linter>[] = [
  { name: "actionlint", version: "v1.7.12", binaries: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" } },
];
const go = findGo(process.env);

(go ? test : test.skip)(
  `actionlint finds nothing${go ? "" : " (skipped: there is no Go on PATH)"}`,
  async () => {
    const { actionlint } = await provideTools({
      tools: TOOLS,
      wanted: ["actionlint"],
      sources: path.join(__dirname, "tools"),
      cache: toolCache(),
      progress: new Progress(() => undefined),
      env: process.env,
    });
    const lint = (text: string, name: readonly string[] = []) =>
      spawnSync(
        actionlint!.path,
        ["-config-file", ".github/actionlint.yaml", "-shellcheck=", "-pyflakes=", ...name, "-"],
        {
          input: text,
          cwd: PROJECT_DIR,
          encoding: "utf8",
        },
      );
    // It looks at all: a workflow with a fault is refused.
    expect(lint("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: x, nonsense: y}]}}").status).toBe(1);
    for (const file of files) {
      const { status, stdout } = lint(textOf(file), ["-stdin-filename", `.github/workflows/${file}`]);
      expect([file, status, stdout]).toEqual([file, 0, ""]);
    }
  },
  10 * 60_000,
);
