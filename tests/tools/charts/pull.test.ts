import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { dump } from "js-yaml";
import { EXIT } from "../../../checks/exit-codes";
import { ToolError } from "../../../tools/cli";
import { ChartLock } from "../../../tools/charts/lock-file";
import type { PinnedChart } from "../../../tools/charts/pinned";
import { pullCharts, type PullOptions } from "../../../tools/charts/pull";

/** A Helm repository on the loopback interface, and a place to unpack to. */
let folder: string;
let server: Server;
let base: string;
let requests: string[];
const files = new Map<string, Buffer>();

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "charts-test-"));
  requests = [];
  files.clear();
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const file = files.get(request.url ?? "");
    response.writeHead(file ? 200 : 404).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const inFolder = (...parts: string[]) => path.join(folder, ...parts);
const sumOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const chart = (name = "demo", version = "1.2.3"): PinnedChart => ({ chart: name, version, repository: `${base}/charts` });

/** Writes a chart folder and returns its path. */
function writeChart(parent: string, name: string, version: string, values = "a: 1\n"): string {
  const place = inFolder(parent, name);
  mkdirSync(path.join(place, "templates"), { recursive: true });
  writeFileSync(path.join(place, "Chart.yaml"), dump({ apiVersion: "v2", name, version }));
  writeFileSync(path.join(place, "values.yaml"), values);
  writeFileSync(path.join(place, "templates/a.yaml"), "kind: ConfigMap\n");
  return place;
}

function archiveOf(parent: string, top: string): Buffer {
  const { stdout, status } = spawnSync("tar", ["-czf", "-", "-C", inFolder(parent), top]);
  expect(status).toBe(0);
  return stdout;
}

/** Serves a chart, at the version as its publisher writes it. */
function publish(name = "demo", version = "v1.2.3", values?: string): Buffer {
  const source = `source-${files.size}`;
  writeChart(source, name, version, values);
  const archive = archiveOf(source, name);
  files.set("/charts/index.yaml", Buffer.from(dump({ entries: { [name]: [{ version: "0.1.0", urls: ["old.tgz"] }, { version, urls: [`${name}.tgz`] }] } })));
  files.set(`/charts/${name}.tgz`, archive);
  return archive;
}

const pull = (options: Partial<PullOptions> = {}) => {
  const lines: string[] = [];
  const all: PullOptions = {
    charts: [chart()],
    target: inFolder("charts"),
    lock: new ChartLock(inFolder("charts.lock.yaml")),
    update: false,
    signal: new AbortController().signal,
    onProgress: (line) => lines.push(line),
    ...options,
  };
  return pullCharts(all).then(() => lines);
};

const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error("the pull succeeded")),
    (error: unknown) => {
      if (error instanceof ToolError) return error;
      throw error;
    },
  );

const left = () => (existsSync(inFolder("charts")) ? readdirSync(inFolder("charts")) : []);

describe("from a repository", () => {
  test("the first pull records the sum, the next one finds the chart there and asks nobody", async () => {
    const archive = publish();
    expect(await pull({ update: true })).toEqual([`demo-1.2.3: SHA-256 ${sumOf(archive)}`]);
    expect(readFileSync(inFolder("charts/demo-1.2.3/values.yaml"), "utf8")).toBe("a: 1\n");
    expect(readFileSync(inFolder("charts.lock.yaml"), "utf8")).toContain(`demo-1.2.3: ${sumOf(archive)}`);
    requests = [];
    expect(await pull()).toEqual(["demo-1.2.3: already there"]);
    expect(requests).toEqual([]);
  });

  test("an unpacked chart that somebody edited is pulled again", async () => {
    publish();
    await pull({ update: true });
    writeFileSync(inFolder("charts/demo-1.2.3/values.yaml"), "a: 2\n");
    expect(await pull()).toEqual([expect.stringContaining("SHA-256")]);
    expect(readFileSync(inFolder("charts/demo-1.2.3/values.yaml"), "utf8")).toBe("a: 1\n");
  });

  test("a chart without a recorded sum is refused unless --update", async () => {
    const archive = publish();
    const fault = await faultOf(pull());
    expect(fault.exitCode).toBe(EXIT.failed);
    expect(fault.message).toMatch(`demo-1.2.3: no SHA-256 is recorded for it; nothing was unpacked. Look at it (SHA-256 ${sumOf(archive)})`);
    expect(left()).toEqual([]);
  });

  test.each([false, true])("another archive than the recorded one is refused, --update %s; what is there stays", async (update) => {
    publish();
    await pull({ update: true });
    const before = left();
    rmSync(inFolder("charts/demo-1.2.3/values.yaml"));
    publish("demo", "v1.2.3", "a: evil\n");
    const fault = await faultOf(pull({ update }));
    expect(fault.exitCode).toBe(EXIT.failed);
    expect(fault.message).toMatch(/demo-1\.2\.3: the SHA-256 of what came is [0-9a-f]{64}, charts\.lock\.yaml has [0-9a-f]{64}; nothing was unpacked/);
    expect(left()).toEqual(before);
  });

  test("an archive of another chart is refused and not recorded", async () => {
    publish("other", "1.2.3");
    files.set("/charts/index.yaml", Buffer.from(dump({ entries: { demo: [{ version: "1.2.3", urls: [`${base}/charts/other.tgz`] }] } })));
    const fault = await faultOf(pull({ update: true }));
    expect(fault.message).toBe("demo-1.2.3: the archive holds other 1.2.3; nothing was unpacked");
    expect(left()).toEqual([]);
    expect(existsSync(inFolder("charts.lock.yaml"))).toBe(false);
  });

  test.each([
    ["an unknown chart", "nothing", "1.2.3", /nothing 1\.2\.3: not in .*; it does not know the chart/],
    ["an unknown version", "demo", "9.9.9", /demo 9\.9\.9: not in .*; it has 0\.1\.0, v1\.2\.3/],
  ])("%s is named with what there is", async (_, name, version, message) => {
    publish();
    const fault = await faultOf(pull({ charts: [chart(name, version)] }));
    expect({ message: fault.message, exitCode: fault.exitCode }).toEqual({
      message: expect.stringMatching(message) as string,
      exitCode: EXIT.failed,
    });
  });

  test("without the network: one message that says what to do, exit code 2", async () => {
    server.close();
    server.closeAllConnections();
    const fault = await faultOf(pull());
    expect(fault.exitCode).toBe(EXIT.couldNotLook);
    expect(fault.message).toMatch(/cannot reach http:\/\/127\.0\.0\.1:\d+\/charts\/index\.yaml: .*ECONNREFUSED.*--from <folder>/);
    expect(left()).toEqual([]);
  });

  test("an answer that is no success is told with its status", async () => {
    const fault = await faultOf(pull());
    expect(fault.message).toMatch(/index\.yaml answered 404 Not Found/);
    expect(fault.exitCode).toBe(EXIT.couldNotLook);
  });

  test("an archive with a link, or that is none, leaves nothing behind", async () => {
    publish();
    symlinkSync("/etc/passwd", path.join(writeChart("linked", "demo", "1.2.3"), "link"));
    files.set("/charts/demo.tgz", archiveOf("linked", "demo"));
    expect((await faultOf(pull({ update: true }))).message).toMatch(/neither file nor folder: .*link/);
    files.set("/charts/demo.tgz", Buffer.from("<html>"));
    expect((await faultOf(pull({ update: true }))).message).toMatch(/not a chart archive/);
    expect(left()).toEqual([]);
  });
});

describe("from local places", () => {
  test("an archive and a folder are checked alike", async () => {
    const archive = publish();
    writeFileSync(inFolder("demo-v1.2.3.tgz"), archive);
    writeChart("unpacked", "second", "2.0.0");
    const charts = [chart(), chart("second", "2.0.0")];
    const from = [inFolder("demo-v1.2.3.tgz"), inFolder("unpacked")];
    expect(await pull({ charts, from, update: true })).toEqual([
      `demo-1.2.3: SHA-256 ${sumOf(archive)}`,
      expect.stringMatching(/^second-2\.0\.0: a local folder, SHA-256 [0-9a-f]{64}$/),
    ]);
    expect(existsSync(inFolder("charts/second-2.0.0/templates/a.yaml"))).toBe(true);
    expect(requests).toEqual([]);
    expect(left().filter((name) => !name.endsWith(".sums")).sort()).toEqual(["demo-1.2.3", "second-2.0.0"]);
  });

  test("a folder without a recorded sum is refused unless --update, and another one than the recorded always", async () => {
    writeChart("unpacked", "demo", "1.2.3");
    const from = [inFolder("unpacked")];
    expect((await faultOf(pull({ from }))).message).toMatch(/^demo-1\.2\.3\/folder: no SHA-256 is recorded for it/);
    expect(left()).toEqual([]);
    await pull({ from, update: true });
    expect(await pull({ from })).toEqual([expect.stringMatching(/^demo-1\.2\.3: a local folder, SHA-256/)]);
    expect(await pull()).toEqual(["demo-1.2.3: already there"]);
    writeFileSync(inFolder("unpacked/demo/values.yaml"), "a: evil\n");
    const fault = await faultOf(pull({ from, update: true }));
    expect(fault.exitCode).toBe(EXIT.failed);
    expect(fault.message).toMatch(/^demo-1\.2\.3\/folder: the SHA-256 of what came is/);
    expect(readFileSync(inFolder("charts/demo-1.2.3/values.yaml"), "utf8")).toBe("a: 1\n");
  });

  test("what is missing is named with what was found", async () => {
    writeChart("unpacked", "second", "2.0.0");
    const fault = await faultOf(pull({ from: [inFolder("unpacked")] }));
    expect(fault.message).toMatch(/not in .*unpacked: demo-1\.2\.3; found second-2\.0\.0/);
    expect((await faultOf(pull({ from: [inFolder("nowhere")] }))).message).toMatch(/--from: there is no .*nowhere/);
  });
});

test("a lock file with anything but sums is refused", () => {
  writeFileSync(inFolder("charts.lock.yaml"), "demo-1.2.3: latest\n");
  expect(() => new ChartLock(inFolder("charts.lock.yaml"))).toThrow(/demo-1\.2\.3: got "latest", expected 64 hexadecimal digits/);
});
