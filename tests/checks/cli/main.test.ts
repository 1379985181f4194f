/** The commands, each against a fake API server; one is started as the process that it is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { COMMAND_NAMES, runCommand } from "../../../checks/cli/commands";
import type { Subject } from "../../../checks/subject";
import { condition, SeldonCluster } from "../support/seldon-cluster";
import { readXml } from "../support/strict-xml";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param onStderr Told all that was written so far; may change the cluster or interrupt. */
async function start(
  args: readonly string[],
  stdin: string,
  onStderr: (text: string, interrupt: () => void) => void = () => undefined,
): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const controller = new AbortController();
  const code = await runCommand(args, {
    stdin: Readable.from([stdin]),
    stdout: { write: (text) => (stdout += text) },
    stderr: {
      write: (text) => {
        stderr += text;
        onStderr(stderr, () => controller.abort(new Error("interrupted by SIGINT")));
      },
    },
    env: {},
    signal: controller.signal,
  });
  return { code, stdout, stderr };
}

describe("usage", () => {
  it.each<[string[], number, RegExp]>([
    [["--help"], 0, /^Usage: npm run validate/],
    [["--version"], 0, /^seldon-k3s \d+\.\d+\.\d+\S*\n$/],
    ...COMMAND_NAMES.map((name): [string[], number, RegExp] => [
      [name, "--version"],
      0,
      /^seldon-k3s \d+\.\d+\.\d+\S*\n$/,
    ]),
    [["validate", "--help"], 0, /--since MOMENT/],
    [
      ["gate", "--help"],
      0,
      /Gates: hosts, cluster-identity, calico-upgrade, calico-ready, preflight, objects-ready, seldon-runtime-ready, servers-ready/,
    ],
    [["preflight", "--help"], 0, /Exit codes: 0 go, 1 no-go, 2 could not look/],
    [["drift", "--help"], 0, /Exit codes: 0 clean, 2 could not look, 7 drift/],
    [["preflight", "staging", "--only", "kernle"], 2, /there is no check "kernle"\. Did you mean "kernel"\?/],
    [["drift"], 2, /missing <stack>/],
    [["diagnose", "--help"], 0, /Exit codes: 0 nothing wrong, 1 a cause or an unexplained symptom, 2 could not look/],
    [
      ["diagnose", "--rules"],
      0,
      /oom-killed\n {4}a container was killed for want of memory\n {4}not when: exit code 137/,
    ],
    [["diagnose"], 2, /missing <stack>/],
    [["diagnose", "staging", "--pods", "0"], 2, /--pods: got "0"; allowed: a number from 1/],
    [["vaildate"], 2, /unknown command "vaildate"\. Did you mean "validate"\?/],
    [["validate"], 2, /name either a <stack> or a --subject/],
    [["validate", "stagign"], 2, /"stagign".*[Dd]id you mean "staging"\?/],
    [["validate", "staging", "--only", "inferense"], 2, /there is no check "inferense"\. Did you mean "inference"\?/],
    [["validate", "staging", "--report", "pdf=x"], 2, /there is no format "pdf".*text, json, junit, markdown, html/],
    [["preflight", "staging", "--report", "html=/no/such/x"], 2, /there is no folder \/no\/such; fix: make it first/],
    [["validate", "staging", "--timeout", "soon"], 2, /--timeout: got "soon"; allowed: seconds/],
    [["validate", "staging", "--since", "yesterday"], 2, /--since: got "yesterday"; allowed: a moment/],
    [["gate", "caliko-ready"], 2, /there is no gate "caliko-ready"\. Did you mean "calico-ready"\?/],
    [["gate", "calico-ready"], 2, /the subject is not JSON; got nothing/],
  ])("%j", async (args, code, text) => {
    const ended = await start(args, "");
    expect(ended.stdout + ended.stderr).toMatch(text);
    expect(ended.code).toBe(code);
  });

  it("names every wrong field of a subject", async () => {
    const { code, stderr } = await start(["gate", "calico-ready"], JSON.stringify({ stack: 1, extra: true }));
    expect(stderr).toMatch(/- stack: [^]*- kubeconfig: [^]*"extra"/);
    expect(code).toBe(2);
  });
});

describe("against a cluster", () => {
  let cluster: SeldonCluster;
  beforeEach(async () => (cluster = await SeldonCluster.start()));
  afterEach(() => cluster.api.close());
  const subject = (more: Partial<Subject> = {}) => JSON.stringify({ ...cluster.subject, ...more });

  it("a gate waits, tells each change once and says go; what it prints into the state never varies", async () => {
    cluster.workload(cluster.paths.mlserver, 0);
    const ended = await start(["gate", "servers-ready"], subject({ timeoutSeconds: 30 }), (stderr) => {
      if (stderr.includes("0 of 1 replicas ready")) cluster.workload(cluster.paths.mlserver, 1);
    });
    expect(ended).toMatchObject({ code: 0, stdout: "gate servers-ready: go\n" });
    expect(ended.stderr.match(/0 of 1 replicas ready/g)).toHaveLength(1);
    expect(ended.stderr).toMatch(/PASS {5}server-workloads {2}StatefulSet financial-ml\/mlserver: 1 ready/);
  });

  it("a gate whose time is over shows what is missing, with evidence and the command that mends it", async () => {
    cluster.workload(cluster.paths.mlserver, 0);
    const ended = await start(["gate", "servers-ready"], subject({ timeoutSeconds: 1 }));
    expect(ended).toMatchObject({ code: 1, stdout: "gate servers-ready: no-go\n" });
    expect(ended.stderr).toMatch(
      /FAIL server-workloads: StatefulSet financial-ml\/mlserver[^]*found {5}0 of 1[^]*mend {6}kubectl/,
    );
  });

  it("a gate that was skipped is not passed", async () => {
    const ended = await start(["gate", "calico-ready"], subject({ calico: undefined }));
    expect(ended).toMatchObject({ code: 2, stdout: "gate calico-ready: could not look\n" });
  });

  it.each([
    ["another cluster", { uid: "other" }, 1, /this is another cluster/],
    ["no kubeconfig", { kubeconfig: "/nowhere/k.yaml" }, 2, /kubeconfig \/nowhere\/k\.yaml: there is no such file/],
  ])("%s ends a gate at once", async (_, more, code, text) => {
    const ended = await start(["gate", "cluster-identity"], subject({ ...more, timeoutSeconds: 600 }));
    expect(ended.stderr).toMatch(text);
    expect(ended.code).toBe(code);
  });

  it("an interruption ends a gate that waits", async () => {
    cluster.workload(cluster.paths.mlserver, 0);
    const ended = await start(["gate", "servers-ready"], subject({ timeoutSeconds: 600 }), (stderr, interrupt) => {
      if (stderr.includes("0 of 1 replicas ready")) interrupt();
    });
    expect(ended).toMatchObject({ code: 1, stdout: "gate servers-ready: no-go\n" });
  });

  it("Ctrl-C ends the process of a gate that waits, with exit code 1", async () => {
    cluster.workload(cluster.paths.mlserver, 0);
    const options = {
      cwd: join(__dirname, "../../.."),
      env: { ...process.env, KUBECONFIG: "/nowhere", HOME: "/nowhere" },
    };
    const child = spawn(
      process.execPath,
      ["--require", "./tools/typescript.cjs", "checks/main.ts", "gate", "servers-ready"],
      options,
    );
    child.stdin.end(subject({ timeoutSeconds: 600 }));
    child.stderr.once("data", () => child.kill("SIGINT"));
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(1);
  }, 60_000);

  it("validate reports as JSON, and skips what is simulated", async () => {
    cluster.simulate();
    const ended = await start(["validate", "--subject", "-", "--json"], subject());
    const report = JSON.parse(ended.stdout) as { version: number; totals: object; exitCode: number; stack: string };
    expect(report).toMatchObject({ version: 1, stack: "test", exitCode: 0, totals: { PASS: 3, FAIL: 0, SKIPPED: 9 } });
    expect(ended.code).toBe(0);
  });

  it("validate after a deployment waits for the Model", async () => {
    cluster.simulate();
    const model = (status: string) => ({
      metadata: { name: "m" },
      status: { conditions: [condition("Ready", status)] },
    });
    cluster.api.object(cluster.paths.model, model("False"));
    const ended = await start(["validate", "--subject", "-"], subject({ timeoutSeconds: 30 }), (stderr) => {
      if (stderr.includes("Ready=False")) cluster.api.object(cluster.paths.model, model("True"));
    });
    expect(ended.stdout).toMatch(/PASS {5}model-ready[^]*3 passed, 0 failed, 0 could not be looked at, 9 skipped/);
    expect(ended.code).toBe(0);
  });

  it("validate ends in time when the API server stalls", async () => {
    cluster.api.replies.set(cluster.paths.system, "stall");
    const ended = await start(["validate", "--subject", "-", "--timeout", "1", "--wait", "0"], subject());
    expect(ended.stdout).toMatch(/not executed: the run's time of 1 s was over/);
    expect(ended.code).toBe(1);
  });

  it("--only runs one check and what it needs", async () => {
    const ended = await start(["validate", "--subject", "-", "--only", "model-ready"], subject());
    expect(ended.stdout).toMatch(/3 passed, 0 failed, 0 could not be looked at, 0 skipped/);
  });

  describe("with reports into files", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "reports-"))));
    afterEach(() => rmSync(folder, { recursive: true }));
    const file = (name: string): string => join(folder, name);
    const only = ["validate", "--subject", "-", "--wait", "0", "--only", "model-ready"];

    it("validate writes each, and the text to standard output as ever", async () => {
      const reports = ["junit=r.xml", "markdown=r.md", "html=r.html", "json=r.json"].map((one) => {
        const [format, name] = one.split("=") as [string, string];
        return `${format}=${file(name)}`;
      });
      const ended = await start([...only, ...reports.flatMap((one) => ["--report", one])], subject());
      expect(ended.code).toBe(0);
      expect(ended.stdout).toMatch(/^seldon-k3s validate: stack test\n[^]*3 passed, 0 failed/);
      expect(readdirSync(folder).sort()).toEqual(["r.html", "r.json", "r.md", "r.xml"]);
      expect(readXml(readFileSync(file("r.xml"), "utf8")).children).toHaveLength(3);
      expect(readXml(readFileSync(file("r.html"), "utf8")).name).toBe("html");
      expect(readFileSync(file("r.md"), "utf8")).toMatch(/^### validate test: clean\n/);
      expect(JSON.parse(readFileSync(file("r.json"), "utf8"))).toMatchObject({ exitCode: 0, stack: "test" });
    });

    it("a failed criterion ends with 1 whatever is written, and one report takes the place of the text", async () => {
      cluster.api.replies.set(cluster.paths.model, "missing object");
      const ended = await start([...only, "--report", "junit=-", "--report", `html=${file("r.html")}`], subject());
      expect(ended.code).toBe(1);
      expect(readXml(ended.stdout).name).toBe("testsuites");
      expect(readFileSync(file("r.html"), "utf8")).toContain("there is no such Model");
    });

    it("a report that cannot be written any more is told, and is no clean end", async () => {
      const running = start([...only, "--report", `html=${file("sub")}/r.html`], subject());
      expect(await running).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringContaining("make it first") as string,
      });
      const args = [...only, "--report", `html=${file("r.html")}`];
      const ended = await start(args, subject(), () => rmSync(folder, { recursive: true, force: true }));
      expect(ended.stderr).toContain(`error: the html report could not be written to ${file("r.html")}: ENOENT`);
      expect(ended.code).toBe(2);
      folder = mkdtempSync(join(tmpdir(), "reports-"));
    });

    it("a gate keeps its line for the state, and writes what was asked for", async () => {
      const args = ["gate", "cluster-identity", "--report", `junit=${file("g.xml")}`];
      expect(await start(args, subject())).toMatchObject({ code: 0, stdout: "gate cluster-identity: go\n" });
      expect(readXml(readFileSync(file("g.xml"), "utf8")).children[0]!.attributes.name).toBe("cluster-identity");
      const json = await start(["gate", "cluster-identity", "--json"], subject());
      expect(JSON.parse(json.stdout)).toMatchObject({ command: "gate cluster-identity", exitCode: 0 });
    });
  });
});
