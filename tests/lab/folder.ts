/** One folder a lab, for everything that it writes on the machine, and what a later run can read about it. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { identify, isRunning, type ProcessIdentity } from "../../sandbox/process-identity";
import { restoreLimits } from "./machine";

const PREFIX = "seldon-k3s-lab-";
const RECORD = "lab.json";
/** Name of the cgroup of all labs in every hierarchy. */
const CGROUPS = "seldon-k3s-lab";

const identitySchema = z.object({ pid: z.int().positive(), started: z.string() });
const hostSchema = z.object({
  name: z.string(),
  role: z.enum(["server", "agent"]),
  address: z.string(),
  hostKey: z.string(),
});
const recordSchema = z.object({
  runner: identitySchema,
  kept: z.boolean(),
  datastore: z.enum(["sqlite", "etcd"]),
  /** What holds the lab's namespaces: outside of them, and inside as their first process. */
  keeper: z.object({ outer: identitySchema, inner: identitySchema }).optional(),
  hosts: z.array(hostSchema),
  /** What the machine's limits were before any lab. */
  limits: z.record(z.string(), z.number()).default({}),
});

export type LabRecord = z.infer<typeof recordSchema>;
export type HostRecord = z.infer<typeof hostSchema>;

export class LabFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a folder that only root can read: it holds the lab's credentials. */
  static create(): LabFolder {
    const folder = new LabFolder(mkdtempSync(join(tmpdir(), PREFIX)));
    chmodSync(folder.path, 0o700);
    return folder;
  }

  /** All labs that left a folder, whether they run, were kept or died. */
  static all(): LabFolder[] {
    return readdirSync(tmpdir())
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => join(tmpdir(), name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.())
      .map((path) => new LabFolder(path));
  }

  get id(): string {
    return basename(this.path).slice(PREFIX.length);
  }

  /** The lab's cgroup, below each hierarchy's mount point. */
  get cgroup(): string {
    return `${CGROUPS}/${this.id}`;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  folder(...parts: string[]): string {
    const path = this.file(...parts);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  write(name: string, content: string, mode = 0o600): string {
    const path = this.file(name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  record(about: Omit<LabRecord, "runner">): void {
    const runner = identify(process.pid) ?? { pid: process.pid, started: "" };
    this.write(RECORD, JSON.stringify({ runner, ...about }));
  }

  /**
   * Notes the first process of a host, as the machine sees it; undefined when the host has no power. Each host has a file
   * of its own, because several commands may switch hosts at the same time.
   */
  recordPower(host: string, power: ProcessIdentity | undefined): void {
    this.folder("power");
    if (power) this.write(join("power", host), JSON.stringify(power));
    else rmSync(this.file("power", host), { force: true });
  }

  power(host: string): ProcessIdentity | undefined {
    try {
      return identitySchema.parse(JSON.parse(readFileSync(this.file("power", host), "utf8")));
    } catch {
      return undefined;
    }
  }

  read(): LabRecord | undefined {
    try {
      return recordSchema.parse(JSON.parse(readFileSync(this.file(RECORD), "utf8")));
    } catch {
      return undefined; // Just being made or just being removed by its own run.
    }
  }

  /** Removes the folder and the cgroups, and puts the machine's limits back after the last lab. Nothing of the lab may run any more. */
  async remove(): Promise<void> {
    for (const hierarchy of hierarchies()) {
      await removeGroup(join(hierarchy, this.cgroup));
      rmdirIfEmpty(join(hierarchy, CGROUPS));
    }
    const limits = this.read()?.limits;
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    if (limits && LabFolder.all().length === 0) restoreLimits(limits);
  }
}

/** Whether nobody looks after the lab any more: it was not kept on purpose, and its runner is gone. */
export function isOrphan({ kept, runner }: LabRecord): boolean {
  return !kept && !isRunning(runner);
}

/** The mount points of all cgroup hierarchies, of both versions. */
function hierarchies(): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , kind]) => kind === "cgroup" || kind === "cgroup2")
    .map(([, folder]) => folder ?? "");
}

/** How long a group may stay in use after the last process was killed: the kernel takes its time. */
const GROUP_SECONDS = 3;

/** Removes a cgroup without processes, and those below it. One that stays in use is let be. */
export async function removeGroup(path: string): Promise<void> {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  }
  for (let tries = 0; tries < GROUP_SECONDS * 50 && !rmdirIfEmpty(path); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function rmdirIfEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
