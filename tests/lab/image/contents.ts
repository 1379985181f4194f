/** What is in the lab's images, and what they are called. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import type { ImageSpec } from "./oci";
import { tar, type TarEntry } from "./tar";

/** The sandbox ("pause") image, under the names that K3s and kubelet look for. */
export const PAUSE_IMAGES = ["docker.io/rancher/mirrored-pause:3.6", "registry.k8s.io/pause:3.10"] as const;

/** The default of `hosts.probeImage` in the stack's configuration; what a cluster without a registry would have imported. */
export const PROBE_IMAGE = "docker.io/rancher/mirrored-library-busybox:1.37.0";

/** The image of the lab's own pods: busybox and labtool. */
export const NODE_IMAGE = "docker.io/lab/node:1";

/**
 * The operator's image of Calico 3.31.7 and 3.32.1: what the real `tigera-operator` charts start. Here it holds the
 * stand-in operator, and says so in its log.
 */
export const OPERATOR_IMAGES = ["quay.io/tigera/operator:v1.40.15", "quay.io/tigera/operator:v1.42.3"] as const;

/** Names under which labtool plays another program's part; see `aliases` in its sources. */
const LABTOOL_NAMES = ["operator", "calico-node", "calico", "calico-ipam"] as const;

/** CNI plugins that Calico's own image brings to a node beside its own. */
export const PLUGINS = ["host-local", "loopback", "portmap", "tuning"] as const;

/** Where the pieces are on this machine. */
export interface Pieces {
  /** Debian's statically linked busybox (package busybox-static). */
  readonly busybox: string;
  /** Folder of the CNI plugins (package containernetworking-plugins). */
  readonly plugins: string;
  /** The static Go program of tests/lab/tools/labtool. */
  readonly labtool: string;
}

export const DEFAULT_PIECES = { busybox: "/bin/busybox", plugins: "/usr/lib/cni" } as const;

/** The images, from the pieces as they are on this machine. @throws Error that names the piece and the package to install. */
export function images(pieces: Pieces): readonly ImageSpec[] {
  const base = baseLayer(pieces.busybox);
  const node = nodeLayer(pieces);
  return [
    { names: PAUSE_IMAGES, entrypoint: ["/bin/sleep", "2147483647"], layers: [base] },
    { names: [PROBE_IMAGE], command: ["sh"], layers: [base] },
    { names: [NODE_IMAGE], command: ["sh"], layers: [base, node] },
    { names: OPERATOR_IMAGES, entrypoint: ["operator"], layers: [base, node] },
  ];
}

/** Busybox under the name of each of its applets, and the folders and files that programs look for. */
function baseLayer(busybox: string): Buffer {
  const binary = readPiece(busybox, "busybox-static");
  if (isDynamic(binary)) {
    throw new Error(
      `${busybox} is dynamically linked, and an image has no libraries for it: install the package busybox-static`,
    );
  }
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean).sort();
  const folders = ["bin/", "etc/", "home/", "lib/", "opt/", "proc/", "root/", "run/", "sys/", "usr/", "usr/bin/"];
  return tar([
    ...folders.map((path): TarEntry => ({ path })),
    { path: "tmp/", mode: 0o1777 },
    { path: "var/" },
    { path: "var/run", link: "../run" },
    { path: "bin/busybox", content: binary, mode: 0o755 },
    ...applets.filter((name) => name !== "busybox").map((name): TarEntry => ({ path: `bin/${name}`, link: "busybox" })),
    {
      path: "etc/passwd",
      content: Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    },
    { path: "etc/group", content: Buffer.from("root:x:0:\nnobody:x:65534:\n") },
  ]);
}

function nodeLayer({ labtool, plugins }: Pieces): Buffer {
  return tar([
    { path: "usr/" },
    { path: "usr/bin/" },
    { path: "usr/bin/labtool", content: readPiece(labtool, "golang"), mode: 0o755 },
    ...LABTOOL_NAMES.map((name): TarEntry => ({ path: `usr/bin/${name}`, link: "labtool" })),
    { path: "opt/" },
    { path: "opt/cni/" },
    { path: "opt/cni/bin/" },
    ...PLUGINS.map((name): TarEntry => ({
      path: `opt/cni/bin/${name}`,
      content: readPiece(join(plugins, name), "containernetworking-plugins"),
      mode: 0o755,
    })),
  ]);
}

function readPiece(path: string, debianPackage: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`the lab's image needs ${path}: install the package ${debianPackage}`, { cause: error });
  }
}

/** Whether an ELF file asks for a program interpreter (a dynamic loader). */
function isDynamic(elf: Buffer): boolean {
  const PT_INTERP = 3;
  const [table, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => elf.readUInt32LE(table + index * size)).includes(PT_INTERP);
}

/** All files of a folder below which sources lie, by extension, in a fixed order. */
export function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path, pattern) : pattern.test(name) ? [path] : [];
    });
}
