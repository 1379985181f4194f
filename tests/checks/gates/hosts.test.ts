import { CheckContext } from "../../../checks/context";
import { runChecks } from "../../../checks/engine";
import { gateChecks } from "../../../checks/gates/gates";
import { gateSubject, gateSubjectSchema, type Subject, subjectOf, validationSubject } from "../../../checks/subject";
import { runCommand } from "../../../checks/cli/commands";
import { Readable } from "node:stream";
import { stackSchema } from "../../../config/schema";
import { describeWithSshd } from "../../ssh/support/sshd";
import { AGENT_LINES, emptyLines, factsText, SERVER_LINES, stackSections } from "../support/machines";
import { SshMachines } from "../support/ssh-machines";

const K3S = {
  version: "v1.33.1+k3s1",
  datastore: "sqlite",
  secretsEncryption: false,
  install: {
    installer: { url: "https://example.com/install.sh", sha256: "a".repeat(64) },
    binary: { amd64: { url: "https://example.com/k3s", sha256: "b".repeat(64) } },
    registries: "mirrors: {}",
  },
};

describe("subject of the machines", () => {
  const sections = stackSections({ k3s: K3S });
  const subject = subjectOf("test", stackSchema.parse(sections));

  it("goes through standard input unchanged, without what only the installation needs", () => {
    const part = JSON.parse(JSON.stringify(gateSubject("hosts", subject))) as unknown;
    const read = gateSubjectSchema("hosts").parse(part);
    expect(read.machines).toEqual(subject.machines);
    expect(JSON.stringify(read)).not.toContain("mirrors");
    expect(Object.keys(part as object).sort()).toEqual(["kubeconfig", "machines", "stack", "timeoutSeconds", "uid"]);
  });

  it("is absent without machines, and no part of what the validation proves", () => {
    const { hosts: _, ...rest } = sections;
    const without = { ...rest, cni: { provider: "flannel" } };
    expect(subjectOf("test", stackSchema.parse(without))).not.toHaveProperty("machines");
    expect(validationSubject(subject)).not.toHaveProperty("machines");
    expect(validationSubject(subject)).toMatchObject({ stack: "test", servers: subject.servers });
  });
});

// Logins are slow on a machine that is busy with other things; none of these tests is about time.
jest.setTimeout(60_000);

describeWithSshd("gate hosts", () => {
  let machines: SshMachines;
  const contexts: CheckContext[] = [];
  beforeAll(async () => (machines = await SshMachines.start("s1", "a1")));
  beforeEach(() => {
    machines.answer("s1", factsText(SERVER_LINES));
    machines.answer("a1", factsText(AGENT_LINES));
  });
  afterEach(() => contexts.splice(0).forEach((context) => context.close()));
  afterAll(() => machines.stop());

  function subject(hosts: object = {}, more: Record<string, object> = {}): Subject {
    const declared = {
      servers: [machines.host("s1", "192.0.2.11")],
      agents: [machines.host("a1", "192.0.2.21")],
      backup: { to: "a1" },
      ...hosts,
    };
    return subjectOf("test", stackSchema.parse(stackSections({ hosts: declared, k3s: K3S, ...more })));
  }

  const look = (given: Subject) => {
    const context = new CheckContext(given);
    contexts.push(context);
    return runChecks(gateChecks("hosts", context));
  };

  it("passes a cluster that is as declared, and machines that are empty", async () => {
    expect((await look(subject())).totals).toMatchObject({ PASS: 7, FAIL: 0, ERROR: 0, SKIPPED: 0 });
    machines.answer("s1", factsText(emptyLines(SERVER_LINES)));
    machines.answer("a1", factsText(emptyLines(AGENT_LINES)));
    const run = await look(subject());
    expect(run.exitCode).toBe(0);
    expect(run.results[0]?.findings[0]?.actual).toBe("no K3s, kernel 6.1.0-31-amd64, Debian GNU/Linux 12 (bookworm)");
  });

  it("lists everything that contradicts, for good", async () => {
    const flags = ["/usr/local/bin/k3s", "server", "--flannel-backend=vxlan", "--cluster-cidr=10.52.0.0/16"];
    machines.answer("s1", factsText({ ...SERVER_LINES, "exec-start": flags }));
    const run = await look(subject());
    const found = run.results.at(-1)!.findings.filter(({ verdict }) => verdict === "FAIL");
    expect(found.map(({ target, final }) => [target, final])).toEqual([
      ["s1", true],
      ["s1", true],
    ]);
    expect(run.exitCode).toBe(1);
  });

  it("asks the machine's own K3s about a setting that nobody knows", async () => {
    machines.answer("s1", factsText(SERVER_LINES, { "/etc/rancher/k3s/config.yaml": "bogus: 1\n" }));
    const run = await look(subject());
    // This machine has no k3s to ask, so the table decides.
    expect(run.results.at(-1)!.findings.find(({ target }) => target === "s1")?.actual).toMatch(
      /^unknown setting bogus/,
    );
  });

  it("names a machine that cannot be read, with the fix, and judges none", async () => {
    const wrongKey = machines.host("a1", "192.0.2.21") as { hostKey: string };
    wrongKey.hostKey = (machines.host("s1", "192.0.2.11") as { hostKey: string }).hostKey;
    const run = await look(subject({ agents: [wrongKey] }));
    const [, agent] = run.results[0]!.findings;
    expect(agent).toMatchObject({ verdict: "ERROR", target: "a1", final: true });
    expect(agent?.actual).toMatch(/^a1: .*wrong host key/);
    expect(run.results[1]).toMatchObject({ verdict: "SKIPPED" });
    expect(run.exitCode).toBe(2);
  });

  it("tells half an answer from facts", async () => {
    machines.answer("s1", "protocol 1\nhostname s1\n");
    const [finding] = (await look(subject())).results[0]!.findings;
    expect(finding?.actual).toBe('s1: hosts/inspect printed something else than facts: the fact "firewall" is missing');
  });

  it("runs as a command, prints what stays as it is, and ends with its verdict", async () => {
    let stdout = "";
    let stderr = "";
    const io = {
      stdin: Readable.from([JSON.stringify(gateSubject("hosts", subject()))]),
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      env: {},
      signal: new AbortController().signal,
    };
    expect(await runCommand(["gate", "hosts"], io)).toBe(0);
    expect(stdout).toBe("gate hosts: go\n");
    expect(stderr).toMatch(/note: s1: declared and not in force; raise hosts\.converge to apply it: node-ip/);
  });
});
