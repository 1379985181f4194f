/**
 * The life of a cluster that the stack owns from its first day: installed on empty machines, upgraded, grown, shrunk, a
 * machine replaced. K3s is a stand-in (tests/lab/tools/host/k3s); etcd and its members, kubelets, containerd and SSH are
 * real. Part of the full run (`npm run test:lab -- --full`).
 */
import { randomBytes } from "node:crypto";
import { Lab } from "./lab";
import { DEFAULT_VERSION } from "./host-files";
import type { Flow } from "./flow/flow";
import { etcdMembers, hostPicture, mainProcess, nodesOf } from "./flow/machines";
import { labReport } from "./flow/report";
import { CommandLines, filesWith, hostFilesWith } from "./flow/secrecy";
import { explained, restarts, unwrapped } from "./flow/told";
import { machineOf, pinned, tokenFlow } from "./flow/token-flow";
import { waitFor } from "./processes";
import { whyNoLab } from "./tools";

const why = whyNoLab() ?? (process.env["LAB_FULL"] === "1" ? undefined : "only in the full run");
const suite = why === undefined ? describe : describe.skip;
const note = why === undefined ? "" : ` (skipped: ${why})`;
const MINUTES = 60_000;

const OLDER = "v1.32.5+k3s1";
const NEWER = "v1.33.8+k3s1";
const FOLDERS: Readonly<Record<string, string>> = { [OLDER]: "/opt/k3s-older", [NEWER]: "/opt/k3s-newer" };

suite(`a cluster that the stack installs${note}`, () => {
  let lab: Lab;
  let flow: Flow;
  const token = randomBytes(16).toString("hex");
  let commandLines: CommandLines;
  let told = "";

  /** `hosts.servers` and `hosts.agents`, and the rest of that section as it is. */
  const machines = (servers: readonly string[], agents: readonly string[]) => ({
    hosts: {
      servers: servers.map((name) => machineOf(lab.host(name))),
      agents: agents.map((name) => machineOf(lab.host(name))),
    },
  });
  const pictures = () => Promise.all(lab.hosts.map((host) => hostPicture(host)));
  const expectNoK3s = async (name: string): Promise<void> => {
    const left = await lab
      .host(name)
      .exec(
        "ls -d /usr/local/bin/k3s* /etc/rancher/k3s /var/lib/rancher/k3s /etc/systemd/system/k3s*; pgrep -x kubelet",
      );
    expect(left.stdout).toBe("");
  };
  const ready = (...names: string[]) =>
    waitFor(
      `readiness of ${names.join(", ")} and of nobody else`,
      120,
      async () => {
        const nodes = await nodesOf(lab);
        return nodes.join() === names.map((name) => `${name} True`).join() || undefined;
      },
      { explain: async () => (await nodesOf(lab)).join("; "), every: 500 },
    );

  beforeAll(async () => {
    lab = await Lab.start({ topology: { servers: 4, agents: 3 }, install: false, versions: FOLDERS });
    commandLines = new CommandLines(token);
    flow = tokenFlow(lab, token, { k3s: pinned(lab), ...machines(["s1", "s2", "s3"], ["a1", "a2"]) }, (line) => {
      told += `${line}\n`;
    });
  }, 10 * MINUTES);

  afterAll(async () => {
    commandLines?.stop();
    await lab?.stop();
  }, MINUTES);

  it(
    "is installed on empty machines: one etcd of three members, two agents; then there is nothing to do",
    async () => {
      const installed = await flow.up();
      expect(explained(installed)).toBe("");
      await lab.fetchKubeconfig();
      await ready("a1", "a2", "s1", "s2", "s3");
      expect(await etcdMembers(lab.host("s1"))).toEqual(["s1", "s2", "s3"]);
      const order = installed.log.match(/seldon-k3s: \w+: (installing|done: K3s)/g)?.slice(0, 6);
      // No server begins before the one before has ended.
      expect(order).toEqual(
        ["s1", "s2", "s3"].flatMap((name) => [`seldon-k3s: ${name}: installing`, `seldon-k3s: ${name}: done: K3s`]),
      );
      expect(await flow.left()).toBe("");
    },
    15 * MINUTES,
  );

  it.each([
    [OLDER, `which is newer than the declared ${OLDER}`, `set k3s.version to ${DEFAULT_VERSION}`],
    ["v1.35.1+k3s1", "that skips a minor version", "go up one minor version at a time"],
  ])(
    "refuses to go to %s, and touches nothing",
    async (version, what, fix) => {
      const before = await pictures();
      const refused = await flow.up({
        k3s: version === OLDER ? pinned(lab, version, FOLDERS[version]) : { version },
        seldon: { allowUntestedKubernetes: true },
      });
      expect(refused.code).toBe(1);
      const told = unwrapped(refused.log);
      expect(told).toContain(what);
      expect(told).toContain(fix);
      for (const name of ["s1", "s2", "s3", "a1", "a2"]) expect(told).toContain(`FAIL take-over: ${name}`);
      expect(await pictures()).toEqual(before);
      flow.change({ k3s: pinned(lab), seldon: undefined });
    },
    5 * MINUTES,
  );

  it(
    "goes to a newer version: servers first and one at a time, a snapshot before, containers run on",
    async () => {
      const containers = await lab.host("a1").must("k3s ctr -n k8s.io tasks list -q | sort");
      const upgraded = await flow.up({ k3s: pinned(lab, NEWER, FOLDERS[NEWER]), hosts: { batch: 1 } });
      expect(explained(upgraded)).toBe("");
      expect(restarts(upgraded)).toEqual(["s1", "s2", "s3", "a1", "a2"]);
      const steps = [...upgraded.log.matchAll(/seldon-k3s: (s\d): (copying the datastore|restarting|done: K3s)/g)];
      expect(steps.map(([, name, step]) => `${name} ${step}`)).toEqual(
        ["s1", "s2", "s3"].flatMap((name) => [
          `${name} copying the datastore`,
          `${name} restarting`,
          `${name} done: K3s`,
        ]),
      );
      for (const { name } of lab.servers.slice(0, 3)) {
        const folder = "/var/lib/seldon-k3s/backups";
        expect(await lab.host(name).must(`stat -c '%a %n' ${folder}/*.tar`)).toBe(
          `600 ${folder}/before-v1.33.8-k3s1.tar\n`,
        );
      }
      for (const name of ["s1", "s2", "s3", "a1", "a2"]) {
        expect(await lab.host(name).must("k3s --version")).toContain(NEWER);
      }
      expect(await lab.host("a1").must("k3s ctr -n k8s.io tasks list -q | sort")).toBe(containers);
      await ready("a1", "a2", "s1", "s2", "s3");
      expect(await flow.left()).toBe("");
    },
    10 * MINUTES,
  );

  it(
    "stops where servers disagree with each other, and names them",
    async () => {
      const s2 = lab.host("s2");
      await s2.must("printf 'disable-helm-controller: true\\n' >/etc/rancher/k3s/config.yaml.d/20-team.yaml");
      const before = await pictures();
      const refused = await flow.up({ hosts: { batch: 2 } });
      expect(await pictures()).toEqual(before);
      await s2.must("rm /etc/rancher/k3s/config.yaml.d/20-team.yaml");
      expect(refused.code).toBe(1);
      expect(unwrapped(refused.log)).toMatch(
        /servers disagree about disable-helm-controller: .*on s1, s3.* "true" on s2|servers disagree about disable-helm-controller: .*on s2.*on s1, s3/,
      );
      expect(unwrapped(refused.log)).toContain("give every server the same disable-helm-controller");
    },
    5 * MINUTES,
  );

  it(
    "takes an agent in and restarts nobody; leaves K3s on it when it goes from the stack",
    async () => {
      const others = ["s1", "s2", "s3", "a1", "a2"];
      const before = await Promise.all(others.map((name) => mainProcess(lab.host(name))));
      expect(explained(await flow.up(machines(["s1", "s2", "s3"], ["a1", "a2", "a3"])))).toBe("");
      await ready("a1", "a2", "a3", "s1", "s2", "s3");
      expect(await Promise.all(others.map((name) => mainProcess(lab.host(name))))).toEqual(before);

      const process = await mainProcess(lab.host("a3"));
      const picture = await hostPicture(lab.host("a3"));
      const shrunk = await flow.up(machines(["s1", "s2", "s3"], ["a1", "a2"]));
      expect(explained(shrunk)).toBe("");
      expect(shrunk.removed).toContain("k3s-a3");
      expect(await mainProcess(lab.host("a3"))).toBe(process);
      expect(await hostPicture(lab.host("a3"))).toEqual(picture);
      await ready("a1", "a2", "a3", "s1", "s2", "s3");
    },
    10 * MINUTES,
  );

  it(
    "replaces a server by another machine in one run, and takes an agent out: no node, no member, no K3s left",
    async () => {
      // Taken over as it is, and from now on it goes as a whole.
      expect(
        explained(
          await flow.up({
            hosts: { ...machines(["s1", "s2", "s3"], ["a1", "a2", "a3"]).hosts, uninstallOnDelete: true },
          }),
        ),
      ).toBe("");
      const replaced = await flow.up(machines(["s1", "s2", "s4"], ["a1", "a2"]));
      expect(explained(replaced)).toBe("");
      await ready("a1", "a2", "s1", "s2", "s4");
      expect(await etcdMembers(lab.host("s1"))).toEqual(["s1", "s2", "s4"]);
      // The new member was there before the old one went.
      expect(replaced.log.indexOf("s4: done: K3s")).toBeLessThan(replaced.log.indexOf("s3: node: deleting it"));
      for (const name of ["s3", "a3"]) await expectNoK3s(name);
      expect(await flow.left()).toBe("");
    },
    10 * MINUTES,
  );

  it(
    "shrinks to one server and grows to three again, on machines that were members before",
    async () => {
      expect(
        explained(await flow.up({ hosts: { ...machines(["s1"], ["a1", "a2"]).hosts, backup: { to: "a1" } } })),
      ).toBe("");
      await ready("a1", "a2", "s1");
      expect(await etcdMembers(lab.host("s1"))).toEqual(["s1"]);
      for (const name of ["s2", "s4"]) await expectNoK3s(name);

      expect(
        explained(await flow.up({ hosts: { ...machines(["s1", "s2", "s3"], ["a1", "a2"]).hosts, backup: undefined } })),
      ).toBe("");
      await ready("a1", "a2", "s1", "s2", "s3");
      expect(await etcdMembers(lab.host("s1"))).toEqual(["s1", "s2", "s3"]);
    },
    15 * MINUTES,
  );

  it(
    "has a machine that was wiped join again under its name, when asked to look again",
    async () => {
      const a2 = lab.host("a2");
      await a2.must("/usr/local/lib/seldon-k3s/run uninstall", { input: "role agent\nend\n" });
      await expectNoK3s("a2");
      // The engine knows of nothing that has changed.
      expect(await flow.left()).toBe("");
      const again = await flow.up({ hosts: { converge: 1 } });
      expect(explained(again)).toBe("");
      expect(restarts(again)).toEqual([]);
      await ready("a1", "a2", "s1", "s2", "s3");
      expect(await mainProcess(a2)).not.toBe("0");
      expect(await flow.left()).toBe("");
    },
    10 * MINUTES,
  );

  it(
    "has no drift in the end",
    async () => {
      const report = await labReport(lab, flow, "drift");
      expect(report.bad).toEqual([]);
      expect(report.code).toBe(0);
      expect(report.passed).toBeGreaterThan(40);
    },
    2 * MINUTES,
  );

  it(
    "has shown the token to nobody",
    async () => {
      const { looks, seen } = commandLines.stop();
      expect(looks).toBeGreaterThan(100);
      expect(seen).toEqual([]);
      // Whoever looks would have seen it.
      const trial = new CommandLines("a-word-of-the-trial");
      await lab.host("a1").must(["sh", "-c", "sleep 2", "a-word-of-the-trial"]);
      expect(trial.stop().seen.join()).toContain("sleep 2 [secret]");
      expect(told).not.toContain(token);
      // The lab's own stack file stands for Pulumi's, where it is encrypted; K3s keeps it where it is root's alone.
      expect(
        filesWith(token, lab.folder.path).filter(
          (path) => !/^(stack\.json|files\/|disks\/|rancher\/\w+\/k3s\/server\/)/.test(path),
        ),
      ).toEqual([]);
      for (const host of lab.hosts) {
        const allowed =
          /^\/etc\/rancher\/k3s\/token$|^\/var\/lib\/rancher\/k3s\/server\/|^\/var\/lib\/seldon-k3s\/backups\//;
        const found = await hostFilesWith(token, host);
        expect(found.filter((path) => !allowed.test(path))).toEqual([]);
        expect(found.includes("/etc/rancher/k3s/token")).toBe(host.name !== "s4" && host.name !== "a3");
      }
    },
    2 * MINUTES,
  );
});
