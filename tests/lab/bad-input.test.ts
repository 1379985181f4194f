/**
 * What a run says to machines that are not as they should be: which machine, what was found, what mends it; and that it
 * leaves them as they were. A cluster that was made by hand (s1, a1), and an empty machine (a2) that is to join it. Two
 * faults in the short run, all of them in the full one (`npm run test:lab -- --full`).
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Flow } from "./flow/flow";
import { differences, type HostState } from "./flow/host-state";
import { hostPicture } from "./flow/machines";
import { podsEverywhere } from "./flow/pods-everywhere";
import { explained, unwrapped } from "./flow/told";
import { machineOf, pinned, tokenFlow } from "./flow/token-flow";
import type { LabHost } from "./host";
import { Lab } from "./lab";
import { whyNoLab } from "./tools";

const full = process.env["LAB_FULL"] === "1";
const why = whyNoLab();
const suite = why === undefined ? describe : describe.skip;
const fullOnly = full ? it : it.skip;
const MINUTES = 60_000;

/** A fault: how it comes about, what the run says, and how it goes. */
interface Fault {
  readonly name: string;
  /** Sections of the configuration on top of the right ones, or a change of a machine. */
  readonly values?: (lab: Lab) => Flow["values"];
  readonly prepare?: (lab: Lab) => Promise<unknown>;
  readonly mend?: (lab: Lab) => Promise<unknown>;
  /** Parts of what is said: machine, finding, fix. */
  readonly says: readonly (string | RegExp)[];
  /** What the run may have put on the machine before it could know: the token comes before K3s. @default nothing */
  readonly left?: readonly string[];
  /** Part of the short run; the others are part of the full one (`npm run test:lab -- --full`). @default false */
  readonly short?: boolean;
}

const TOKEN_FILES = ["/etc/rancher", "/etc/rancher/k3s", "/etc/rancher/k3s/token"];
const ZEROS = "0".repeat(64);
const CONFIG = "/etc/rancher/k3s/config.yaml";
const UNIT_DROP_IN = "/etc/systemd/system/k3s.service.d/10-lab.conf";
const TEMPLATE = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl";

const LATE = "/usr/local/bin/date";
const LATE_DATE = `#!/bin/sh
case $* in +%s.%N) exec /usr/bin/date -d "-1 hour" +%s.%N ;; esac
exec /usr/bin/date "$@"
`;

/** The section `hosts`, with keys of the empty machine and of the section changed. */
const hosts = (lab: Lab, a2: object = {}, more: object = {}) => ({
  hosts: {
    servers: [machineOf(lab.host("s1"))],
    agents: [machineOf(lab.host("a1")), { ...machineOf(lab.host("a2")), ...a2 }],
    ...more,
  },
});
const withInstall = (lab: Lab, change: object) => {
  const { version, install } = pinned(lab) as { version: string; install: object };
  return { k3s: { version, install: { ...install, ...change } } };
};
const onA2 = (line: string) => (lab: Lab) => lab.host("a2").must(line);
const onS1 = (line: string) => (lab: Lab) => lab.host("s1").must(line);
/** A login on a host that takes the lab's key, with or without sudo. */
const addUser = (name: string, sudoers: string): string => `
id ${name} >/dev/null 2>&1 || useradd --create-home --shell /bin/sh --password '*' ${name}
install -d -m 700 -o ${name} -g ${name} /home/${name}/.ssh
install -m 600 -o ${name} -g ${name} /root/.ssh/authorized_keys /home/${name}/.ssh/authorized_keys
rm -f /etc/sudoers.d/lab
if [ -n '${sudoers}' ]; then umask 227; printf '%s\\n' '${sudoers}' >/etc/sudoers.d/lab; fi`;
/** A small disk over a folder; its content stays. */
const smallDisk = (folder: string, options: string): string =>
  `mkdir -p ${folder} && rm -rf /tmp/keep && cp -a ${folder} /tmp/keep && mount -t tmpfs -o mode=755,${options} tmpfs ${folder} && cp -a /tmp/keep/. ${folder}/`;

const FAULTS: readonly Fault[] = [
  {
    name: "a machine that does not answer",
    prepare: (lab) => lab.host("a2").powerCut(),
    mend: (lab) => lab.host("a2").boot(),
    // It could be coming up: the gate gives it this long.
    values: () => ({ validation: { timeoutSeconds: 20 } }),
    says: ["a2", /no route to the host|no answer within|timed out/, "see that the machine is up"],
  },
  {
    name: "a machine with another host key",
    short: true,
    values: (lab) => hosts(lab, { hostKey: lab.host("a1").hostKey }),
    says: ["a2", "wrong host key", "nothing was sent", "find out why before you change anything", "its hostKey"],
  },
  {
    name: "a bastion with another host key",
    values: (lab) =>
      hosts(lab, {}, { ssh: { bastion: { address: lab.host("a1").address, hostKey: lab.host("s1").hostKey } } }),
    says: ["bastion", "wrong host key", "nothing was sent", "hosts.ssh.bastion.hostKey"],
  },
  {
    name: "a login that is refused",
    values: (lab) => hosts(lab, { user: "stranger" }),
    says: ["a2", 'login as "stranger" refused', "authorized_keys"],
  },
  {
    name: "a login without sudo",
    prepare: onA2(addUser("plain", "")),
    values: (lab) => hosts(lab, { user: "plain" }),
    says: ["a2", 'user "plain" may not use sudo without a password', "/etc/sudoers.d/seldon-k3s"],
  },
  {
    name: "another SHA-256 of the installer",
    values: (lab) => withInstall(lab, { installer: { url: "https://lab.invalid/install.sh", sha256: ZEROS } }),
    says: ["a2", "install.sh has not the pinned bytes", `allowed is ${ZEROS}`, "npm run pin"],
    left: TOKEN_FILES,
  },
  {
    name: "another SHA-256 of the binary",
    short: true,
    values: (lab) => withInstall(lab, { binary: { amd64: { url: "https://lab.invalid/k3s", sha256: ZEROS } } }),
    says: ["a2", "k3s has not the pinned bytes", `allowed is ${ZEROS}`, "npm run pin"],
    left: TOKEN_FILES,
  },
  {
    name: "no room for K3s",
    prepare: onA2(smallDisk("/usr/local/bin", "size=$(($(du -sm /usr/local/bin | cut -f 1) + 20))m")),
    mend: onA2("umount /usr/local/bin"),
    says: ["a2", "/usr/local/bin", /got \d+ MiB free, at least \d+ MiB is needed/, "make room, then run this again"],
    left: TOKEN_FILES,
  },
  {
    // Room enough by every count of bytes, and none for a file: the disk is full in the middle of the installation.
    name: "a disk that is full in the middle of the installation",
    prepare: onA2(smallDisk("/usr/local/bin", "size=4g,nr_inodes=$(find /usr/local/bin | wc -l)")),
    mend: onA2("umount /usr/local/bin"),
    says: ["a2", "cannot write /usr/local/bin/k3s", "What was placed has been taken away"],
    left: TOKEN_FILES,
  },
  {
    // The machine's clock is every host's, so it is the host's own `date` that is an hour late.
    name: "a clock that is wrong",
    prepare: (lab) => lab.host("a1").must(`cat >${LATE} && chmod 755 ${LATE}`, { input: LATE_DATE }),
    mend: (lab) => lab.host("a1").must(`rm ${LATE}`),
    // A time server could be setting it: the gate gives it this long.
    values: () => ({ validation: { timeoutSeconds: 20 } }),
    says: ["a1", /-3\d{3}\.\d+ s against the others/, "on a1: chronyc makestep"],
  },
  {
    name: "a setting in config.yaml that K3s does not know",
    prepare: onS1(`cp -p ${CONFIG} /tmp/config.yaml && echo 'flanel-backend: vxlan' >>${CONFIG}`),
    mend: onS1(`cp -p /tmp/config.yaml ${CONFIG}`),
    says: [
      "s1",
      `unknown setting flanel-backend in ${CONFIG}`,
      "Did somebody mean flannel-backend?",
      "correct or remove",
    ],
  },
  {
    name: "a flag in the unit that K3s does not know",
    prepare: onS1(
      `mkdir -p ${UNIT_DROP_IN.replace(/\/[^/]*$/, "")} && printf '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/k3s server --no-such-flag=1\\n' >${UNIT_DROP_IN}`,
    ),
    mend: onS1(`rm -r ${UNIT_DROP_IN.replace(/\/[^/]*$/, "")}`),
    says: ["s1", "unknown setting no-such-flag in the unit", "correct or remove no-such-flag"],
  },
  {
    name: "a containerd template of somebody's own",
    prepare: onS1(`printf 'version = 3\\n' >${TEMPLATE}`),
    mend: onS1(`rm ${TEMPLATE}`),
    says: ["s1", "template of somebody's own", "config-v3.toml.d"],
  },
  {
    name: "another range of pod addresses",
    values: () => ({ network: { nodeCidrs: ["192.0.2.0/24"], clusterCidr: "10.44.0.0/16" } }),
    says: ["s1", "cluster-cidr is 10.42.0.0/16", "declared is 10.44.0.0/16", "set network.clusterCidr to 10.42.0.0/16"],
  },
];

suite(`machines that are not as they should be${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let lab: Lab;
  let token: string;
  let told = "";
  const right = (): Flow["values"] => ({ k3s: pinned(lab), ...hosts(lab) });
  const flowOf = (values: Flow["values"]): Flow => tokenFlow(lab, token, values, (line) => (told += `${line}\n`));
  const running = (): readonly LabHost[] => lab.hosts.filter((host) => host.running);
  const pictures = async (left: readonly string[] = []): Promise<Record<string, HostState>> =>
    Object.fromEntries(
      await Promise.all(
        running().map(async (host) => [host.name, await hostPicture(host, host.name === "a2" ? left : [])]),
      ),
    ) as Record<string, HostState>;

  beforeAll(async () => {
    lab = await Lab.start({ topology: "1s2a", empty: ["a2"] });
    token = (await lab.host("s1").must("cat /var/lib/rancher/k3s/server/token")).trim();
    // Kubernetes may place a pod at any time.
    await podsEverywhere(lab);
    await lab.waitForDns();
    const known = { servers: [machineOf(lab.host("s1"))], agents: [machineOf(lab.host("a1"))] };
    expect(explained(await flowOf({ ...right(), hosts: known }).up())).toBe("");
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
  }, MINUTES);

  it.each(FAULTS.filter(({ short = false }) => full || short))(
    "names $name, and leaves everything as it was",
    async ({ values, prepare, mend, says, left }) => {
      // As on the first run: what was judged well is not looked at again until it changes.
      rmSync(lab.folder.file("state.json"), { force: true });
      try {
        await prepare?.(lab);
        const before = await pictures(left);
        const result = await flowOf({ ...right(), ...values?.(lab) }).up();
        const after = await pictures(left);
        expect(result.code).toBe(1);
        for (const part of says) expect(unwrapped(result.log)).toMatch(part instanceof RegExp ? part : literally(part));
        for (const [name, state] of Object.entries(before)) {
          expect([name, ...differences(state, after[name] ?? {})]).toEqual([name]);
        }
      } finally {
        await mend?.(lab);
      }
    },
    5 * MINUTES,
  );

  fullOnly(
    "installs by a bastion and a user with sudo, every host key pinned; the second run does nothing",
    async () => {
      for (const host of lab.hosts) await host.must(addUser("ops", "ops ALL=(ALL) NOPASSWD:ALL"));
      const bastion = { address: lab.host("a1").address, user: "ops", hostKey: lab.host("a1").hostKey };
      const flow = flowOf({ ...right(), ...hosts(lab, {}, { ssh: { user: "ops", bastion } }) });
      const installed = await flow.up();
      expect(explained(installed)).toBe("");
      await lab.waitForNodes();
      expect(await flow.left()).toBe("");
      const logins = await lab.host("a2").must("cat /var/log/lab/ssh.service.log");
      expect(logins).toContain(`Accepted publickey for ops from ${bastion.address}`);
      expect(logins).not.toContain("Accepted publickey for ops from 192.0.2.1 ");
    },
    10 * MINUTES,
  );

  it("has written the token nowhere in clear", () => {
    const secret = token.replace(/^.*:/, "");
    expect(told).not.toContain(secret);
    expect(readFileSync(lab.folder.file("state.json"), "utf8")).not.toContain(secret);
    for (const host of lab.hosts) {
      for (const name of readdirSync(host.logs)) {
        expect([name, readFileSync(join(host.logs, name), "utf8").includes(secret)]).toEqual([name, false]);
      }
    }
  });
});

const literally = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
