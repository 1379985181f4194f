/**
 * The workflows that need no engine, run from a clean clone as GitHub's runner runs them: their own steps, their own
 * permissions, a stand-in for GitHub's API. tests/e2e/deliver.test.ts runs the others.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configDigest } from "../../delivery/gate/digest";
import { execute } from "../../sandbox/engine/command";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import type { Context } from "../support/workflows/expressions";
import { BOT, GitHubServer, RUN_ID } from "../support/workflows/github-server";
import { hasGit, Origin } from "../support/workflows/origin";
import { expectPosted } from "../support/workflows/posted";
import { pathOf, Runner } from "../support/workflows/runner";
import { jobOf } from "../support/workflows/workflow";

jest.setTimeout(300_000);

const TOKEN = "planted-github-token-0123456789abcdef";
const BRANCH = "newer-k3s";
/** Nine lines that stand for a thousand million items. */
const bomb = [
  "stack: staging",
  "resources: []",
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`),
].join("\n");
const withGit = hasGit() ? describe : describe.skip;

withGit(`workflows without an engine${hasGit() ? "" : " (skipped: there is no git on PATH)"}`, () => {
  let folder: string;
  let origin: Origin;
  let github: GitHubServer;
  let runner: Runner;
  let head: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "workflows-"));
    origin = new Origin(PROJECT_DIR, folder);
    github = await GitHubServer.start(TOKEN);
    runner = new Runner({
      folder,
      env: { PATH: pathOf(), ...github.env },
      replaced: { "npm ci": origin.linkPackages, "npm run --silent charts -- --all": () => undefined },
    });
    const author = origin.clone();
    origin.linkPackages(author);
    await edit(author);
    head = origin.commit(BRANCH, "Take a newer K3s", (work) => {
      for (const file of ["Pulumi.staging.yaml", "tests/golden/staging.yaml"]) {
        writeFileSync(join(work, file), readFileSync(join(author, file)));
      }
    });
    github.openPull(5, `fork:${BRANCH}`, head);
  });

  afterAll(async () => {
    await github?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What somebody does before a pull request: the change, and its plan. */
  async function edit(clone: string): Promise<void> {
    const file = join(clone, "Pulumi.staging.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("datastore: sqlite", "datastore: sqlite\n    version: v1.33.9+k3s1"));
    const { code, stderr } = await execute({
      program: process.execPath,
      args: ["tools/run.mjs", "golden"],
      cwd: clone,
      signal: new AbortController().signal,
      onLine: () => undefined,
    });
    if (code !== 0) throw new Error(stderr);
  }

  const pullRequest = (): Context => ({
    github: { event: { pull_request: { number: 5, base: { sha: origin.head() } } } },
    secrets: {},
  });

  const afterPlan = (sha = head): Context => ({
    github: {
      token: TOKEN,
      event: {
        workflow_run: {
          id: 1,
          event: "pull_request",
          conclusion: "success",
          head_branch: BRANCH,
          head_sha: sha,
          head_repository: { full_name: "fork/seldon-k3s", owner: { login: "fork" } },
        },
      },
    },
  });

  const plan = () => runner.run(jobOf(PROJECT_DIR, "plan.yml", "plan"), origin.clone(head), pullRequest());
  const comment = (event = afterPlan()) =>
    runner.run(jobOf(PROJECT_DIR, "plan-comment.yml", "comment"), origin.clone(), event);

  test("plan compares with the target branch and hands the plans on; the comment is made once, then left alone", async () => {
    const planned = await plan();
    expect(planned.log).toContain("the golden plans are up to date");
    expect(planned.code).toBe(0);
    expectPosted("plan-summary.md", planned.summary);
    expect(readdirSync(join(runner.artifacts, "plans"))).toContain("staging.yaml");
    expect(github.writes).toEqual([]);

    const posted = await comment();
    expect([posted.code, posted.log]).toEqual([0, "pull request 5: comment created\n"]);
    expect(posted.log).not.toContain(TOKEN);
    expectPosted("plan-comment.md", github.commentsOf(5).join("\n=====\n"));
    expect((await comment()).log).toBe("pull request 5: comment unchanged\n");

    // The artifact says nothing about where it goes: that comes from the event.
    expect((await comment(afterPlan("f".repeat(40)))).log).toContain("nothing is posted");
    expect(github.writes).toEqual(["POST /issues/5/comments"]);
  });

  test.each<[string, (file: string) => void, string]>([
    ["a link", (file) => symlinkSync("/proc/self/environ", file), "no regular file"],
    ["a file that is too long", (file) => truncateSync(file, 2 ** 24 + 1), "is longer than"],
    ["aliases that fill any memory", (file) => writeFileSync(file, bomb), "no YAML without aliases"],
  ])("an artifact with %s is refused, and nothing is posted", async (_, change, message) => {
    const plans = join(runner.artifacts, "plans");
    rmSync(plans, { recursive: true, force: true });
    mkdirSync(plans, { recursive: true });
    const file = join(plans, "staging.yaml");
    if (message !== "no regular file") writeFileSync(file, "");
    change(file);
    const before = github.writes.length;
    const { code, log } = await comment();
    expect([code, log]).toEqual([2, expect.stringContaining(message)]);
    expect(log).not.toContain(TOKEN);
    expect(github.writes).toHaveLength(before);
  });

  test("names of a pull request neither format the comment, nor link, nor call anybody", async () => {
    const plans = join(runner.artifacts, "plans");
    rmSync(plans, { recursive: true, force: true });
    mkdirSync(plans, { recursive: true });
    const name = "x | **bold** <img src=//evil.example> [here](https://evil.example) @team #1 <!-- -->";
    const resources = [{ type: "kubernetes:core/v1:Namespace", name, inputs: {} }];
    writeFileSync(join(plans, "staging.yaml"), JSON.stringify({ stack: "staging", resources }));
    expect((await comment()).log).toBe("pull request 5: comment updated\n");
    const line = github
      .commentsOf(5)[0]
      ?.split("\n")
      .find((line) => line.includes("bold"));
    expect(line).not.toMatch(/[|*<>[\]@]|#(?!\d+;)|https:\/\//);
  });

  test("the gate of prod asks whether a reviewer of this run's environment approved", async () => {
    const clone = origin.clone();
    origin.linkPackages(clone);
    const record = join(folder, "record.json");
    const content = {
      ...{ version: 1, kind: "seldon-k3s.preview", stack: "prod", commit: origin.head() },
      ...{ configDigest: configDigest(clone, "prod"), changesDigest: "c".repeat(64), at: new Date().toISOString() },
    };
    writeFileSync(record, JSON.stringify(content));
    const gate = async (env: Readonly<Record<string, string>> = {}) => {
      const { code, stdout, stderr } = await execute({
        program: process.execPath,
        args: ["tools/run.mjs", "delivery:gate", "prod", "--record", record, "--approval", "approve-prod"],
        cwd: clone,
        env: { PATH: pathOf(), ...github.env, GITHUB_TOKEN: TOKEN, ...env },
        signal: new AbortController().signal,
        onLine: () => undefined,
      });
      return [code, stdout + stderr] as const;
    };
    const review = (state: string, environment: string, login: string) => ({
      ...{ state, comment: "", user: { login } },
      environments: [{ id: 1, name: environment }],
    });
    // An environment that nobody set up lets everybody through.
    expect(await gate()).toEqual([
      1,
      expect.stringMatching(/^refused \(approval\): nobody approved .* approve-prod; /),
    ]);
    github.approvals.set("8", [review("approved", "approve-prod", "of-another-run")]);
    github.approvals.set(RUN_ID, [review("approved", "preview-prod", "a"), review("rejected", "approve-prod", "b")]);
    expect((await gate())[0]).toBe(1);
    github.approvals.set(RUN_ID, [
      review("rejected", "approve-prod", "b"),
      review("approved", "approve-prod", "octocat"),
    ]);
    expect(await gate()).toEqual([0, expect.stringMatching(/^go: prod at .*, approved by octocat$/m)]);
    // Who cannot be asked has not approved.
    expect(await gate({ GITHUB_TOKEN: "another" })).toEqual([2, expect.stringContaining("GitHub answered 401")]);
    expect(await gate({ GITHUB_TOKEN: "" })).toEqual([2, expect.stringContaining("GITHUB_TOKEN")]);
    expect(await gate({ GITHUB_RUN_ID: "../../issues" })).toEqual([2, expect.stringContaining("GITHUB_RUN_ID")]);
  });

  test("drift of a machine that nobody can reach neither opens nor closes an issue", async () => {
    const body = "<!-- seldon-k3s:drift:staging -->\n\nold";
    github.issues.push({
      ...{ id: 9, number: 9, title: "Drift in staging", state: "open", body },
      ...{ user: { login: BOT }, labels: [{ name: "drift" }] },
    });
    const before = github.writes.length;
    const event = { github: { token: TOKEN }, vars: {}, secrets: { KUBECONFIG: "planted-kubeconfig" } };
    const clone = origin.clone();
    const run = await runner.run(jobOf(PROJECT_DIR, "drift.yml", "drift"), clone, event, { stack: "staging" });
    expect(run.code).toBe(2);
    expect(run.log).toContain("could not look: an issue stays as it is");
    expect(run.log + run.summary).not.toContain("planted");
    expect(readdirSync(clone)).not.toContain("kubeconfig-staging.yaml");
    expect(github.writes).toHaveLength(before);
    expectPosted("drift-could-not-look.md", run.summary);
  });
});
