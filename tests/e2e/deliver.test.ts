/**
 * The workflows with the real Pulumi engine, from clean clones, against a throw-away control plane: a first deployment, a
 * pull request, its merge, what the gate refuses, drift. Skipped where the CLI and its plugins are not on PATH.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingPrograms } from "../../sandbox/engine/choose";
import { Sender } from "../../checks/cluster/sender";
import { ClusterApi } from "../../checks/cluster/api";
import { RUN_ID } from "../support/workflows/github-server";
import { hasGit } from "../support/workflows/origin";
import { expectPosted } from "../support/workflows/posted";
import type { JobRun } from "../support/workflows/runner";
import { type Delivery, type JobOptions, PLANTED, startDelivery } from "./support/delivery";

jest.setTimeout(1_200_000);

const missing = [
  ...missingPrograms(process.env),
  ...(hasGit() ? [] : ["git"]),
  ...missingPrograms(process.env, ["ssh-agent"]),
];
const withCli = missing.length === 0 ? describe : describe.skip;

const MODELS = "/apis/mlops.seldon.io/v1alpha1/namespaces/financial-ml";
const POLICIES = "/apis/networking.k8s.io/v1/namespaces/financial-ml/networkpolicies";
const BRANCH = "more-servers";
const SERVERS = (replicas: number): string =>
  ["  seldon-k3s:seldon:", "    servers:", "      - name: mlserver", `        replicas: ${replicas}`].join("\n");
const CALICO = "  seldon-k3s:calico:\n    resources:\n      node: { cpu: 300m }";

/** What a run may leave in delivery-out; everything else would hold values of the state. */
const REPORTS = /^(record\.json|preview\.md|validation\.(md|html|xml)|drift\.(json|md)|refresh\.log)$/;

withCli(`with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  let delivery: Delivery;
  let sender: Sender;
  /** Everything that was logged, posted, summed up and kept as an artifact. */
  const said: string[] = [];

  beforeAll(async () => {
    delivery = await startDelivery("prod");
    approve();
    sender = new Sender(ClusterApi.open(delivery.cluster.kubeconfig));
  });
  afterAll(() => delivery?.stop());

  /** Runs a job in a clean clone, and looks at what it leaves there. */
  async function job(file: string, name: string, options: JobOptions = {}): Promise<JobRun & { clone: string }> {
    const clone = options.clone ?? delivery.origin.clone(options.commit);
    const run = await delivery.job(file, name, { ...options, clone });
    said.push(run.log, run.summary);
    const folder = join(clone, "delivery-out");
    const left = existsSync(folder) ? readdirSync(folder) : [];
    expect(left.filter((one) => !REPORTS.test(one))).toEqual([]);
    for (const one of left) said.push(readFileSync(join(folder, one), "utf8"));
    expect(readdirSync(clone)).not.toContain("kubeconfig-prod.yaml");
    return { ...run, clone };
  }

  const preview = (options?: JobOptions) => job("deploy.yml", "preview-prod", options);
  const deploy = (options?: JobOptions) => job("deploy.yml", "prod", options);
  const drift = (options?: JobOptions) => job("drift.yml", "drift", options);
  /** It ends well; otherwise the end of what it said is the message. */
  const goes = async (running: Promise<JobRun>): Promise<void> => {
    const { code, log, summary } = await running;
    if (code !== 0) throw new Error(`ended with ${code}:\n${log.slice(-4000)}\n${summary.slice(0, 4000)}`);
  };
  const record = () => join(delivery.runner.artifacts, "record-prod", "record.json");
  /** A reviewer approves, or nobody does. */
  const approve = (by: readonly string[] = ["octocat"]): void => {
    const reviews = by.map((login) => ({
      ...{ state: "approved", user: { login }, environments: [{ name: "approve-prod" }] },
    }));
    delivery.github.approvals.set(RUN_ID, reviews);
  };

  /** Commits a change of the stack file to a branch. */
  const commit = (branch: string, message: string, change: (text: string) => string): string =>
    delivery.origin.commit(branch, message, (work) => {
      const file = join(work, "Pulumi.prod.yaml");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, change(text));
      if (change(text) === text) throw new Error(`the change "${message}" changes nothing`);
    });
  const withKeys = (keys: string) => (text: string) => text.replace(/^(encryptionsalt:.*)$/m, `${keys}\n$1`);

  const patch = (path: string, body: object): Promise<unknown> =>
    sender.send(
      { method: "PATCH", path: `${path}?fieldManager=kubectl-edit`, body, type: "application/merge-patch+json" },
      new AbortController().signal,
    );
  const scale = (replicas: number): Promise<unknown> => patch(`${MODELS}/servers/mlserver`, { spec: { replicas } });

  test("without a record nothing is deployed", async () => {
    const folder = join(delivery.runner.artifacts, "record-prod");
    mkdirSync(folder, { recursive: true });
    const run = await deploy();
    expect([run.code, run.log]).toEqual([2, expect.stringContaining("cannot read delivery-out/record.json")]);
  });

  test("a merge: preview, approval, gate, deployment, and the report of the validation as an artifact", async () => {
    const previewed = await preview();
    expect([previewed.code, previewed.log]).toEqual([0, ""]);
    expectPosted("deploy-preview.md", previewed.summary);
    approve([]);
    const alone = await deploy();
    expect([alone.code, alone.log]).toEqual([1, expect.stringMatching(/^refused \(approval\): [^\n]*\n$/m)]);
    approve();
    const deployed = await deploy();
    expect(deployed.log).toMatch(/^go: prod at [0-9a-f]{40}, previewed .*, approved by octocat$/m);
    expect(deployed.code).toBe(0);
    expect(deployed.summary).toContain("### validate prod: clean");
    expect(readdirSync(join(delivery.runner.artifacts, "validation-prod")).sort()).toEqual([
      "validation.html",
      "validation.md",
      "validation.xml",
    ]);
    // The same record again: what it was about is done.
    const again = await deploy();
    expect([again.code, again.log]).toEqual([1, expect.stringMatching(/^refused \(changes\): /m)]);
  });

  test("a pull request: one comment, made by the role that may only read, and written over by the next push", async () => {
    const event = (number: number) => ({ event: { pull_request: { number } } });
    const secrets = { KUBECONFIG_PREVIEW: await delivery.previewRole() };
    const first = commit(BRANCH, "A second server", withKeys(SERVERS(2)));
    const previewed = await job("preview.yml", "preview", { commit: first, github: event(7), secrets });
    expect([previewed.code, previewed.log]).toEqual([0, "pull request 7: comment created\n"]);
    expectPosted("preview-comment.md", delivery.github.commentsOf(7).join("\n=====\n"));

    const second = commit(BRANCH, "A third server", (text) => text.replace("replicas: 2", "replicas: 3"));
    const updated = await job("preview.yml", "preview", { commit: second, github: event(7), secrets });
    expect(updated.log).toBe("pull request 7: comment updated\n");
    expect(delivery.github.commentsOf(7)).toHaveLength(1);
    expect(delivery.github.commentsOf(7)[0]).toContain(second.slice(0, 12));
  });

  test("a guardrail stops the preview, the comment says which, and there is nothing to deploy", async () => {
    const careless = commit("careless", "Protect nothing", withKeys("  seldon-k3s:protect: false"));
    const github = { event: { pull_request: { number: 8 } } };
    const run = await job("preview.yml", "preview", { commit: careless, github });
    expect(run.code).toBe(1);
    expect(existsSync(join(run.clone, "delivery-out/record.json"))).toBe(false);
    expectPosted("preview-stopped.md", delivery.github.commentsOf(8).join("\n=====\n"));
    const forced = await deploy({ commit: careless });
    expect([forced.code, forced.summary]).toEqual([1, expect.stringContaining("stopped by guardrails")]);
  });

  test("the gate refuses another commit, configuration and time at once, and a record that was changed", async () => {
    const merged = delivery.origin.merge(BRANCH);
    const old = JSON.parse(readFileSync(record(), "utf8")) as Record<string, string>;
    writeFileSync(record(), JSON.stringify({ ...old, at: "2026-01-02T03:04:05.000Z" }));
    const stale = await deploy({ commit: merged });
    expect(stale.code).toBe(1);
    for (const rule of ["commit", "configuration", "changes", "age"]) expect(stale.log).toContain(`refused (${rule})`);
    expectPosted("deploy-refused.txt", stale.log.replace(/\d+ hours old/, "(many) hours old"));
  });

  test("what changes between preview and deployment is refused, and goes after another preview", async () => {
    await goes(preview());
    // Another value of what is changed anyway is no news: the commit says what comes of it. This is another object.
    await patch(`${POLICIES}/allow-server`, { spec: { ingress: [{}] } });
    const stale = await deploy();
    expect([stale.code, stale.log]).toEqual([1, expect.stringMatching(/^refused \(changes\): /m)]);
    await goes(preview());
    await goes(deploy());
  });

  test("a change of the CNI waits for its window, whatever the record says", async () => {
    commit("main", "Room for calico-node", withKeys(CALICO));
    const previewed = await preview();
    expect(previewed.summary).toContain("**settings**");
    const refused = await deploy();
    expect([refused.code, refused.log]).toEqual([1, expect.stringMatching(/^refused \(cni-window\): /m)]);
    const { cni, ...changed } = JSON.parse(readFileSync(record(), "utf8")) as Record<string, string>;
    expect(cni).toMatch(/^settings: /);
    writeFileSync(record(), JSON.stringify(changed));
    expect((await deploy()).log).toMatch(/^refused \(cni-window\): /m);
    const hour = (offset: number) => `${new Date(Date.now() + offset * 3_600_000).toISOString().slice(0, 16)}Z`;
    const late = await deploy({ vars: { CNI_WINDOW: `${hour(-3)}/${hour(-1)}` } });
    expect(late.log).toMatch(/^refused \(cni-window\): .* the acknowledged window is /m);
    await goes(deploy({ vars: { CNI_WINDOW: `${hour(-1)}/${hour(1)}` } }));
  });

  test("a cancelled deployment ends Pulumi by itself, holds no lock, and the next one takes it up", async () => {
    commit("main", "Let Prometheus in", withKeys("  seldon-k3s:policies:\n    monitoringNamespace: monitoring"));
    await goes(preview());
    const cancelled = await deploy({
      onStart: (signal, output) => {
        const timer = setInterval(() => {
          // Pulumi listens by now: before its first step a signal ends it at once, and its lock stays.
          if (!/^Updating \(prod\)[^]* refreshing/m.test(output())) return;
          clearInterval(timer);
          signal("SIGINT");
        }, 20);
      },
    });
    expect(cancelled.code).toBe(130);
    expect(cancelled.log).not.toContain("### validate");
    await goes(preview());
    await goes(deploy());
  });

  test("drift: one issue, opened, kept, rewritten, left alone by a look that failed, and closed", async () => {
    const { issues, writes } = delivery.github;
    const clean = await drift();
    expect([clean.code, issues]).toEqual([0, []]);

    await scale(4);
    const opened = await drift();
    expect(opened.code).toBe(7);
    expect(issues).toMatchObject([{ title: "Drift in prod", state: "open", labels: [{ name: "drift" }] }]);
    expectPosted("drift-issue.md", issues[0]!.body);
    const before = writes.length;
    expect((await drift()).log).toContain("the same drift as issue");
    expect(writes).toHaveLength(before);

    await patch(`${MODELS}/models/test-model-simple`, { spec: { dedicated: true } });
    expect((await drift()).code).toBe(7);
    expect(issues).toHaveLength(1);
    expectPosted("drift-issue-changed.md", issues[0]!.body);
    expect(delivery.github.commentsOf(issues[0]!.number)).toHaveLength(1);

    // Nobody listens there: neither look can say that all is well.
    const nowhere = readFileSync(delivery.cluster.kubeconfig, "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9");
    const blind = await drift({ secrets: { KUBECONFIG: nowhere } });
    expect([blind.code, issues[0]!.state]).toEqual([2, "open"]);

    // What the issue says: the deployment mends what is declared, the added field is taken back by hand.
    await patch(`${MODELS}/models/test-model-simple`, { spec: { dedicated: null } });
    await goes(preview());
    await goes(deploy());
    const mended = await drift();
    expect([mended.code, issues[0]!.state]).toEqual([0, "closed"]);
    expectPosted("drift-comments.md", delivery.github.commentsOf(issues[0]!.number).join("\n=====\n"));
  });

  test("no secret came out anywhere", () => {
    const text = [
      ...said,
      ...[...delivery.github.comments.keys()].flatMap((n) => delivery.github.commentsOf(n)),
    ].join();
    const config = readFileSync(delivery.cluster.kubeconfig, "utf8");
    const [, data = ""] = /"token": "([^"]+)"/.exec(config) ?? [];
    expect(data).not.toBe("");
    for (const secret of [...Object.values(PLANTED), data, "PRIVATE KEY"]) expect(text).not.toContain(secret);
  });
});

withCli(`staging, with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  test("a merge previews and deploys in one job, without a reviewer", async () => {
    const delivery = await startDelivery("staging");
    try {
      const { code, log, summary } = await delivery.job("deploy.yml", "staging");
      expect([code, log]).toEqual([0, expect.stringMatching(/^go: staging at [0-9a-f]{40}, previewed \S+$/m)]);
      expect(summary).toMatch(/preview[^]*### validate staging: clean/i);
    } finally {
      await delivery.stop();
    }
  });
});
