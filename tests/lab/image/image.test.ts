import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ociArchive } from "./oci";
import { tar } from "./tar";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "image-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const unpack = (bytes: Buffer, ...args: string[]) => {
  const archive = join(folder, "archive.tar");
  writeFileSync(archive, bytes);
  return execFileSync("tar", [...args, "-f", archive], { encoding: "utf8" });
};

test("tar reads what was written: files, folders, links and modes, and never a clock", () => {
  const bytes = tar([
    { path: "bin/" },
    { path: "bin/busybox", content: Buffer.alloc(700, "x"), mode: 0o755 },
    { path: "bin/sh", link: "busybox" },
    { path: "etc/passwd", content: Buffer.from("root\n") },
  ]);
  expect(unpack(bytes, "--utc", "--numeric-owner", "-tv").replace(/ +/g, " ").trim().split("\n")).toEqual([
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 bin/",
    "-rwxr-xr-x 0/0 700 1970-01-01 00:00 bin/busybox",
    "lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/sh -> busybox",
    "-rw-r--r-- 0/0 5 1970-01-01 00:00 etc/passwd",
  ]);
  expect(() => tar([{ path: "x".repeat(101) }])).toThrow("longer than the 100 bytes");
});

test("an image is there under each of its names, and a layer that two images share is there once", () => {
  const layer = tar([{ path: "etc/" }]);
  const bytes = ociArchive(
    [
      { names: ["docker.io/lab/one:1", "docker.io/lab/two:2"], layers: [layer], command: ["sh"] },
      {
        names: ["docker.io/lab/three:3"],
        layers: [layer],
        entrypoint: ["/bin/sleep", "1"],
        environment: ["HOME=/tmp"],
      },
    ],
    "amd64",
  );
  const files = unpack(bytes, "-t").trim().split("\n");
  const blob = (digest: string) => unpack(bytes, "-x", "-O", `blobs/sha256/${digest.slice("sha256:".length)}`);
  const index = JSON.parse(unpack(bytes, "-x", "-O", "index.json")) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  expect(index.manifests.map(({ annotations }) => annotations["io.containerd.image.name"])).toEqual([
    "docker.io/lab/one:1",
    "docker.io/lab/two:2",
    "docker.io/lab/three:3",
  ]);
  expect(index.manifests[0]?.digest).toBe(index.manifests[1]?.digest);
  // One layer, two configurations, two manifests.
  expect(files.filter((name) => /sha256\/\w/.test(name))).toHaveLength(5);
  const digest = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
  for (const { digest: of } of index.manifests) {
    const manifest = JSON.parse(blob(of)) as { layers: { digest: string }[]; config: { digest: string } };
    expect(manifest.layers.map((entry) => entry.digest)).toEqual([digest]);
    const config = JSON.parse(blob(manifest.config.digest)) as { config: { Env: string[]; Entrypoint?: string[] } };
    expect(config).toMatchObject({ rootfs: { diff_ids: [digest] } });
    expect(config.config.Env).toEqual([config.config.Entrypoint ? "HOME=/tmp" : expect.stringContaining("PATH=/bin:")]);
  }
});
