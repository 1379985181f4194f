/**
 * What a machine says about itself, from the output of `hosts/inspect`. The parser is pure; it is strict about what the
 * judgements need and lenient about what a newer program may add.
 *
 * The format: one fact a line, `key value to the end of the line`; a key may repeat. A file is a line `file MODE PATH` with
 * its content behind `| `. Secrets arrive as `[secret]`; the program itself replaces them, so that they never leave the
 * machine.
 */

export type MachineRole = "server" | "agent" | "none";

/** A file of K3s' configuration. */
export interface ConfigFile {
  readonly path: string;
  readonly sha256: string;
  /** Last change in seconds since 1970, by the machine's clock. */
  readonly changed: number;
  /** With secrets replaced; undefined where only its hash is known. */
  readonly content: string | undefined;
}

export interface HashedFile {
  readonly path: string;
  readonly sha256: string;
}

export interface Disk {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface NetworkInterface {
  readonly name: string;
  readonly mtu: number;
  /** As the kernel says it: `UP`, `DOWN`, `UNKNOWN`. */
  readonly state: string;
  /** Address and prefix length: `192.0.2.11/24`. */
  readonly address: string;
}

/** Everything that one look at a machine found. Lists are empty where nothing was found. */
export interface HostFacts {
  readonly hostname: string;
  readonly kernel: string;
  /** As `uname -m` says it. */
  readonly arch: string;
  readonly os: string;
  /** The machine's clock at the beginning of the look, in seconds since 1970. */
  readonly epoch: number;
  /** User id that the look ran as: only root sees everything. */
  readonly uid: number;
  readonly k3s: {
    /** Such as `v1.33.1+k3s1`; undefined without K3s. */
    readonly version: string | undefined;
    readonly unit: "k3s" | "k3s-agent" | undefined;
    readonly active: boolean;
    /** When the running process began, in seconds since 1970. */
    readonly started: number | undefined;
  };
  readonly role: MachineRole;
  /** The command line of the effective unit: program, `server` or `agent`, flags. */
  readonly execStart: readonly string[];
  /** Variables of the unit's environment files: `K3S_URL=https://...`. */
  readonly environment: readonly string[];
  /** The unit and its drop-ins. */
  readonly unitFiles: readonly HashedFile[];
  readonly configFiles: readonly ConfigFile[];
  readonly containerd: {
    /** Whether somebody replaced K3s' own template of containerd's configuration. */
    readonly template: boolean;
    /** Folders that the running containerd takes CNI configuration and plugins from; undefined: its built-in defaults. */
    readonly confDir: string | undefined;
    readonly binDir: string | undefined;
    /** Whether containerd has been configured at all: only then do the folders say anything. */
    readonly configured: boolean;
  };
  readonly datastore: "sqlite" | "etcd" | "external" | "none";
  readonly disks: readonly Disk[];
  /** How many rules each iptables backend holds. */
  readonly iptables: { readonly nft: number; readonly legacy: number };
  readonly firewall: { readonly name: string; readonly active: boolean };
  readonly interfaces: readonly NetworkInterface[];
  readonly defaultRoute: boolean;
  readonly cniFiles: readonly HashedFile[];
  readonly cniPlugins: readonly string[];
  readonly links: readonly string[];
  readonly chains: readonly { readonly table: string; readonly name: string }[];
  readonly ipsets: readonly string[];
  readonly routes: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly certificates: readonly { readonly name: string; readonly daysLeft: number }[];
  /** Whether the guard rule stands, and whether its unit will put it back after a reboot. */
  readonly guard: { readonly present: boolean; readonly unit: "enabled" | "disabled" | "absent" };
  readonly listening: readonly { readonly protocol: "tcp" | "udp"; readonly port: number }[];
  /** Files of the CIS profile that our programs wrote. */
  readonly hardeningFiles: readonly HashedFile[];
  /** Our programs on the machine, with the hash of what is there. */
  readonly programs: readonly { readonly name: string; readonly sha256: string }[];
}

/** The only version of the format that this parser reads. */
const PROTOCOL = "1";

/** The output is not what `hosts/inspect` prints. */
export class FactsFault extends Error {}

/** The values of every key, in order, and the files by path. */
interface Lines {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly files: ReadonlyMap<string, string>;
}

/** @throws FactsFault at a line that is neither a fact nor a line of a file. */
function readLines(text: string): Lines {
  const values = new Map<string, string[]>();
  const files = new Map<string, string>();
  let file: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "|" || line.startsWith("| ")) {
      if (file === undefined) throw new FactsFault(`line ${index + 1}: content without a file`);
      files.set(file, `${files.get(file) ?? ""}${line.slice(2)}\n`);
      continue;
    }
    if (line === "") continue;
    const [, key, value] = /^([a-z0-9-]+)(?: (.*))?$/.exec(line) ?? [];
    if (key === undefined) throw new FactsFault(`line ${index + 1}: neither a fact nor a line of a file`);
    file = undefined;
    if (key === "file") {
      file = (value ?? "").split(" ").slice(1).join(" ");
      files.set(file, "");
    } else {
      const list = values.get(key) ?? [];
      list.push(value ?? "");
      values.set(key, list);
    }
  }
  return { values, files };
}

/**
 * @param text Standard output of `hosts/inspect`.
 * @throws FactsFault naming the line or the fact that is wrong or missing.
 */
export function parseFacts(text: string): HostFacts {
  const { values, files } = readLines(text);
  const all = (key: string): readonly string[] => values.get(key) ?? [];
  const one = (key: string): string => {
    const [value] = all(key);
    if (value === undefined) throw new FactsFault(`the fact "${key}" is missing`);
    return value;
  };
  const protocol = one("protocol");
  if (protocol !== PROTOCOL) throw new FactsFault(`protocol ${protocol}; this program reads ${PROTOCOL}`);
  const number = (key: string, value: string): number => {
    const result = Number(value);
    if (value === "" || Number.isNaN(result)) throw new FactsFault(`${key}: "${value}" is no number`);
    return result;
  };
  const choice = <T extends string>(key: string, allowed: readonly T[]): T => {
    const value = one(key);
    const found = allowed.find((known) => known === value);
    if (found === undefined) throw new FactsFault(`${key}: "${value}"; allowed: ${allowed.join(", ")}`);
    return found;
  };
  const rows = (key: string): string[][] => all(key).map((value) => value.split(" "));
  const hashed = (key: string): HashedFile[] => rows(key).map(([path = "", sha256 = ""]) => ({ path, sha256 }));
  const optional = (key: string, none: string): string | undefined => {
    const value = all(key)[0] ?? none;
    return value === none ? undefined : value;
  };
  const started = optional("k3s-started", "none");
  const [firewallName = "none", firewallState = "inactive"] = one("firewall").split(" ");
  return {
    hostname: one("hostname"),
    kernel: one("kernel"),
    arch: one("arch"),
    os: one("os"),
    epoch: number("epoch", one("epoch")),
    uid: number("uid", one("uid")),
    k3s: {
      version: optional("k3s-version", "none"),
      unit: unitOf(choice("k3s-unit", ["k3s", "k3s-agent", "none"])),
      active: choice("k3s-active", ["yes", "no"]) === "yes",
      started: started === undefined ? undefined : number("k3s-started", started),
    },
    role: choice("role", ["server", "agent", "none"]),
    execStart: all("exec-start"),
    environment: all("env"),
    unitFiles: hashed("unit-file"),
    configFiles: rows("config-file").map(([path = "", sha256 = "", changed = ""]) => ({
      path,
      sha256,
      changed: number("config-file", changed),
      content: files.get(path),
    })),
    containerd: {
      template: choice("containerd-template", ["yes", "no"]) === "yes",
      confDir: optional("containerd-conf-dir", "default"),
      binDir: optional("containerd-bin-dir", "default"),
      configured: all("containerd-conf-dir").length > 0,
    },
    datastore: choice("datastore", ["sqlite", "etcd", "external", "none"]),
    disks: rows("disk").map(([path = "", free = "", total = ""]) => ({
      path,
      freeBytes: number("disk", free),
      totalBytes: number("disk", total),
    })),
    iptables: {
      nft: number("iptables-nft-rules", one("iptables-nft-rules")),
      legacy: number("iptables-legacy-rules", one("iptables-legacy-rules")),
    },
    firewall: { name: firewallName, active: firewallState === "active" },
    interfaces: rows("interface").map(([name = "", mtu = "", state = "", address = ""]) => ({
      name,
      mtu: number("interface", mtu),
      state,
      address,
    })),
    defaultRoute: choice("default-route", ["yes", "no"]) === "yes",
    cniFiles: hashed("cni-file"),
    cniPlugins: all("cni-plugin"),
    links: all("link"),
    chains: rows("chain").map(([table = "", name = ""]) => ({ table, name })),
    ipsets: all("ipset"),
    routes: all("route"),
    sysctls: Object.fromEntries(rows("sysctl").map(([key = "", ...rest]) => [key, rest.join(" ")])),
    certificates: rows("certificate").map(([name = "", days = ""]) => ({
      name,
      daysLeft: number("certificate", days),
    })),
    guard: {
      present: choice("guard", ["present", "absent"]) === "present",
      unit: choice("guard-unit", ["enabled", "disabled", "absent"]),
    },
    listening: rows("listening").flatMap(([protocol = "", port = ""]) =>
      protocol === "tcp" || protocol === "udp" ? [{ protocol, port: number("listening", port) } as const] : [],
    ),
    hardeningFiles: hashed("hardening-file"),
    programs: rows("seldon-k3s-program").map(([name = "", sha256 = ""]) => ({ name, sha256 })),
  };
}

const unitOf = (name: "k3s" | "k3s-agent" | "none"): "k3s" | "k3s-agent" | undefined =>
  name === "none" ? undefined : name;
