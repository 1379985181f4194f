import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { load } from "js-yaml";
import { parseConfig } from "../../../config/parse";
import { listedHash, releaseFiles } from "../../../tools/pin/files";
import { measurePins } from "../../../tools/pin/pin";
import { folderSource, networkSource } from "../../../tools/pin/source";
import { withPins } from "../../../tools/pin/stack-text";
import { soundConfig } from "../../config/cases/case";

const VERSION = "v1.33.8+k3s1";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const signal = new AbortController().signal;

describe("releaseFiles", () => {
  it("names what K3s publishes, with the plus of the version escaped", () => {
    const files = releaseFiles(VERSION, ["amd64", "arm64"], { images: true });
    expect(files.map(({ url }) => url)).toEqual([
      "https://raw.githubusercontent.com/k3s-io/k3s/v1.33.8%2Bk3s1/install.sh",
      "https://github.com/k3s-io/k3s/releases/download/v1.33.8%2Bk3s1/k3s",
      "https://github.com/k3s-io/k3s/releases/download/v1.33.8%2Bk3s1/k3s-arm64",
      "https://github.com/k3s-io/k3s/releases/download/v1.33.8%2Bk3s1/k3s-airgap-images-amd64.tar.zst",
      "https://github.com/k3s-io/k3s/releases/download/v1.33.8%2Bk3s1/k3s-airgap-images-arm64.tar.zst",
    ]);
  });

  it("takes everything, the installer too, from a mirror", () => {
    const files = releaseFiles(VERSION, ["amd64"], { mirror: "https://mirror.example.com/k3s/", images: false });
    expect(files.map(({ url }) => url)).toEqual([
      "https://mirror.example.com/k3s/v1.33.8%2Bk3s1/install.sh",
      "https://mirror.example.com/k3s/v1.33.8%2Bk3s1/k3s",
    ]);
  });

  it("reads a release's list, whichever mark stands before the name", () => {
    const sums = `${sha256("a")}  k3s\n${sha256("b")} *k3s-arm64\nnot a hash  k3s-armhf\n`;
    expect(listedHash(sums, "k3s")).toBe(sha256("a"));
    expect(listedHash(sums, "k3s-arm64")).toBe(sha256("b"));
    expect(listedHash(sums, "k3s-armhf")).toBeUndefined();
  });
});

describe("measurePins", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "pin-"));
    writeFileSync(path.join(folder, "install.sh"), "installer");
    writeFileSync(path.join(folder, "k3s"), "binary");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const options = { version: VERSION, arches: ["amd64"] as const, images: false, say: () => undefined };

  it("computes the hashes of the bytes in a folder", async () => {
    const pins = await measurePins({ ...options, source: folderSource(folder, signal) });
    expect(pins.installer?.sha256).toBe(sha256("installer"));
    expect(pins.binary?.amd64?.sha256).toBe(sha256("binary"));
  });

  it("refuses a file that the release's own list contradicts", async () => {
    writeFileSync(path.join(folder, "sha256sum-amd64.txt"), `${sha256("another")}  k3s\n`);
    await expect(measurePins({ ...options, source: folderSource(folder, signal) })).rejects.toThrow(
      `k3s: got SHA-256 ${sha256("binary")}, but the release's own sha256sum-amd64.txt says ${sha256("another")}`,
    );
  });

  it("names the file that a folder lacks", async () => {
    rmSync(path.join(folder, "k3s"));
    await expect(measurePins({ ...options, source: folderSource(folder, signal) })).rejects.toThrow("has no k3s");
  });

  describe("over the network", () => {
    let server: Server;
    let mirror: string;
    beforeEach(async () => {
      const files: Record<string, string> = { "install.sh": "installer", k3s: "binary" };
      server = createServer((request, response) => {
        const body = files[path.basename(request.url ?? "")];
        response.writeHead(body === undefined ? 404 : 200).end(body);
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => new Promise((done) => server.close(done)));

    it("computes the hashes of what a mirror serves", async () => {
      const pins = await measurePins({ ...options, mirror, source: networkSource(signal) });
      expect(pins.installer?.sha256).toBe(sha256("installer"));
      expect(pins.binary?.amd64).toEqual({ url: `${mirror}/v1.33.8%2Bk3s1/k3s`, sha256: sha256("binary") });
    });

    it("says what a mirror does not have", async () => {
      const all = { ...options, images: true, mirror, source: networkSource(signal) };
      await expect(measurePins(all)).rejects.toThrow(/k3s-airgap-images-amd64\.tar\.zst: answered 404/);
    });
  });
});

describe("withPins", () => {
  const pin = (text: string) => ({ url: `https://mirror.example.com/${text}`, sha256: sha256(text) });
  const pins = { installer: pin("install.sh"), binary: { amd64: pin("k3s") } };
  const KEY = "seldon-k3s:k3s";

  it("adds the pins to the section and leaves every other byte as it is", () => {
    const text = "# comment\nconfig:\n  seldon-k3s:k3s:\n    datastore: sqlite # why\n  other: {a: [1,2]}\n";
    const written = withPins(text, KEY, pins);
    const section = (load(written) as { config: Record<string, { datastore: string; install: unknown }> }).config[KEY];
    expect(section).toEqual({ datastore: "sqlite", install: pins });
    const added = written.split("\n").filter((line) => !text.split("\n").includes(line));
    expect(added.every((line) => line.startsWith("    "))).toBe(true);
    expect(text.split("\n").filter((line) => !written.split("\n").includes(line))).toEqual([]);
  });

  it("replaces earlier pins, wherever they stand, and keeps folder and registries", () => {
    const text =
      "config:\n  seldon-k3s:k3s:\n    install:\n      installer: { url: old, sha256: old }\n      folder: /opt/k3s\n    version: v1.33.8+k3s1\n  other: 1\n";
    const written = withPins(text, KEY, pins);
    expect(load(written)).toEqual({
      config: {
        "seldon-k3s:k3s": { install: { ...pins, folder: "/opt/k3s" }, version: "v1.33.8+k3s1" },
        other: 1,
      },
    });
    expect(withPins(written, KEY, pins)).toBe(written);
  });

  it("makes the section where there is none", () => {
    expect(load(withPins("config:\n  other: 1\n", KEY, pins))).toEqual({
      config: { other: 1, "seldon-k3s:k3s": { install: pins } },
    });
  });

  it("writes what the schema accepts", () => {
    const { config } = load(withPins("config:\n  seldon-k3s:k3s:\n    datastore: etcd\n", KEY, pins)) as {
      config: Record<string, unknown>;
    };
    expect(parseConfig({ ...soundConfig(), k3s: config[KEY] }, new Set()).faults).toEqual([]);
  });

  it("refuses a section that it cannot extend line by line", () => {
    expect(() => withPins("config:\n  seldon-k3s:k3s: { datastore: etcd }\n", KEY, pins)).toThrow("several lines");
  });
});
