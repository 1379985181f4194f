/** Declared machines and what is found on them, for tests: a healthy pair on Flannel; each test breaks one thing. */
import { type HostFacts, parseFacts } from "../../../checks/hosts/facts";
import { type Machines, subjectOf } from "../../../checks/subject";
import { stackSchema } from "../../../config/schema";

export const HOST_KEY = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;

const host = (name: string, address: string): object => ({ name, address, hostKey: HOST_KEY });

export const SERVER = host("s1", "192.0.2.11");
export const AGENT = host("a1", "192.0.2.21");

/** Sections of a stack with one server and one agent, on the way from Flannel to Calico. */
export const stackSections = (more: Record<string, object> = {}): Record<string, object> => ({
  cluster: {
    name: "test",
    kubeconfigFile: "kubeconfig.yaml",
    uid: "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001",
    endpoint: "https://192.0.2.11:6443",
  },
  k3s: { version: "v1.33.1+k3s1", datastore: "sqlite", secretsEncryption: false },
  network: { nodeCidrs: ["192.0.2.0/24"] },
  cni: { provider: "calico", leaving: "flannel" },
  hosts: { servers: [SERVER], agents: [AGENT], backup: { to: "a1" } },
  ...more,
});

export function machinesOf(more: Record<string, object> = {}): Machines {
  const { machines } = subjectOf("test", stackSchema.parse(stackSections(more)));
  if (machines === undefined) throw new Error("these sections declare no machines");
  return machines;
}

const FLANNEL_CONF = "/var/lib/rancher/k3s/agent/etc/cni/net.d";

/** Lines that a machine prints, by key; a key given in `more` replaces all lines of that key, `[]` removes them. */
type Lines = Readonly<Record<string, string | readonly string[]>>;

const COMMON: Lines = {
  protocol: "1",
  kernel: "6.1.0-31-amd64",
  arch: "x86_64",
  os: "Debian GNU/Linux 12 (bookworm)",
  epoch: "1764000000.5",
  uid: "0",
  sudo: "yes",
  "k3s-version": "v1.33.1+k3s1",
  "k3s-active": "yes",
  "k3s-started": "1763000000.00",
  "containerd-template": "no",
  "containerd-conf-dir": FLANNEL_CONF,
  "containerd-bin-dir": "/var/lib/rancher/k3s/data/cni",
  disk: ["/ 60000000000 100000000000", "/var/lib/rancher 60000000000 100000000000", "/etc 60000000000 100000000000"],
  "iptables-nft-rules": "44",
  "iptables-legacy-rules": "0",
  firewall: "none inactive",
  "default-route": "yes",
  "cni-file": `${FLANNEL_CONF}/10-flannel.conflist aa`,
  link: ["lo", "eth0", "flannel.1", "cni0"],
  chain: ["nat FLANNEL-POSTRTG", "filter FLANNEL-FWD", "filter KUBE-ROUTER-INPUT"],
  sysctl: ["net.ipv4.ip_forward 1", "net.bridge.bridge-nf-call-iptables 1"],
  guard: "absent",
  "guard-unit": "absent",
};

export const SERVER_LINES: Lines = {
  ...COMMON,
  hostname: "s1",
  "k3s-unit": "k3s",
  role: "server",
  "exec-start": ["/usr/local/bin/k3s", "server"],
  "unit-file": "/etc/systemd/system/k3s.service bb",
  datastore: "sqlite",
  interface: ["lo 65536 UNKNOWN 127.0.0.1/8", "eth0 1500 UP 192.0.2.11/24", "flannel.1 1450 UNKNOWN 10.42.0.0/32"],
  certificate: ["server/tls/client-admin.crt 300", "server/tls/server-ca.crt 3600"],
};

export const AGENT_LINES: Lines = {
  ...COMMON,
  hostname: "a1",
  "k3s-unit": "k3s-agent",
  role: "agent",
  "exec-start": ["/usr/local/bin/k3s", "agent"],
  env: ["K3S_URL=https://192.0.2.11:6443", "K3S_TOKEN=[secret]"],
  "unit-file": "/etc/systemd/system/k3s-agent.service cc",
  datastore: "none",
  interface: ["lo 65536 UNKNOWN 127.0.0.1/8", "eth0 1500 UP 192.0.2.21/24", "flannel.1 1450 UNKNOWN 10.42.1.0/32"],
  certificate: ["agent/client-kubelet.crt 300"],
};

/** A machine without K3s. */
export const emptyLines = (lines: Lines): Lines => ({
  ...Object.fromEntries(
    Object.entries(lines).filter(([key]) => !/^(containerd-.*-dir|cni-file|chain|certificate|env)$/.test(key)),
  ),
  "k3s-version": "none",
  "k3s-unit": "none",
  "k3s-active": "no",
  "k3s-started": "none",
  role: "none",
  "exec-start": [],
  "unit-file": [],
  datastore: "none",
  link: ["lo", "eth0"],
});

/** The output of `hosts/inspect`. @param files Content of configuration files by path, changed at second 1762000000. */
export function factsText(lines: Lines, files: Readonly<Record<string, string>> = {}, changed = 1_762_000_000): string {
  const facts = Object.entries(lines).flatMap(([key, value]) =>
    (typeof value === "string" ? [value] : value).map((one) => `${key} ${one}`),
  );
  const blocks = Object.entries(files).flatMap(([path, content]) => [
    `config-file ${path} dd ${changed}`,
    `file 0600 ${path}`,
    ...content
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => (line === "" ? "|" : `| ${line}`)),
  ]);
  return `${[...facts, ...blocks].join("\n")}\n`;
}

export const factsOf = (lines: Lines, files?: Readonly<Record<string, string>>, changed?: number): HostFacts =>
  parseFacts(factsText(lines, files, changed));

export const serverFacts = (more: Lines = {}, files?: Readonly<Record<string, string>>, changed?: number): HostFacts =>
  factsOf({ ...SERVER_LINES, ...more }, files, changed);
export const agentFacts = (more: Lines = {}, files?: Readonly<Record<string, string>>, changed?: number): HostFacts =>
  factsOf({ ...AGENT_LINES, ...more }, files, changed);
