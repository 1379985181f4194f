/**
 * .ci/deliver with a secret in every variable, and the way to GitHub: outputs, logs, command lines of child processes, and the
 * files that stay. The Pulumi CLI and npm are stand-ins that write down how they were called.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { GitHub, httpTransport } from "../../delivery/github/client";
import { upsertComment } from "../../delivery/github/threads";
import { hasTool } from "../ssh/support/sshd";
import { ALL_MARKERS, ENVIRONMENT, markerFor } from "./inputs";
import { markerOf } from "./marker";
import { type Artifact, leaksOf } from "./scanner";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const variable = (name: string): string => markerFor(`environment: ${name}`).value;

/** Files that a run left, the secrets' own places aside. */
function filesOf(folder: string, own: readonly string[]): Artifact[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !own.includes(entry.name))
    .map(({ parentPath, name }) => ({ name: `file ${name}`, text: readFileSync(join(parentPath, name), "utf8") }));
}

/** Every process that the stand-ins see, with its command line. */
const STAND_IN = `#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
for process in /proc/[0-9]*; do tr '\\0' ' ' < "$process/cmdline" 2>/dev/null; echo; done >> "$CALLS.processes"
[ ! -f kubeconfig-prod.yaml ] || cp -p kubeconfig-prod.yaml "$CALLS.kubeconfig"
echo "said by $(basename "$0")"; echo "complaint of $(basename "$0")" >&2
exit "\${FAIL:-0}"
`;

function deliver(action: string, env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "secrets-deliver-"));
  folders.push(folder);
  mkdirSync(join(folder, "bin"));
  cpSync(join(__dirname, "../../.ci/deliver"), join(folder, ".ci/deliver"));
  writeFileSync(join(folder, "Pulumi.prod.yaml"), "kubeconfigFile: kubeconfig-prod.yaml\n");
  for (const name of ["pulumi", "npm"]) writeFileSync(join(folder, "bin", name), STAND_IN, { mode: 0o755 });
  const run = spawnSync("bash", [join(folder, ".ci/deliver"), action, "prod"], {
    encoding: "utf8",
    env: {
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      HOME: folder,
      CALLS: join(folder, "calls"),
      GITHUB_STEP_SUMMARY: join(folder, "summary"),
      PULL_REQUEST: "5",
      ...env,
    },
  });
  return { ...run, folder };
}

const SECRETS = Object.entries(ENVIRONMENT).flatMap(([name, kind]) => (kind === "secret" ? [name] : []));
const withKeys = hasTool("ssh-agent") && hasTool("ssh-keygen") && hasTool("ssh-add") ? describe : describe.skip;

withKeys("deliver, with a secret in every variable (needs ssh-agent, ssh-keygen and ssh-add)", () => {
  const folder = mkdtempSync(join(tmpdir(), "secrets-key-"));
  folders.push(folder);
  let key: string;
  beforeAll(() => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", join(folder, "key")]);
    key = readFileSync(join(folder, "key"), "utf8");
  });

  describe.each(["preview", "deploy", "drift"])("%s", (action) => {
    test.each(["0", "1", "255"])("children end with %s", (FAIL) => {
      const env = Object.fromEntries(SECRETS.map((name) => [name, variable(name)]));
      const done = deliver(action, { ...env, SSH_PRIVATE_KEY: key, FAIL });
      const own = ["calls.kubeconfig", "pulumi", "npm"];
      // The key as it really is, beside the markers: no line of its inside may be anywhere.
      const inside = key
        .split("\n")
        .slice(1, -2)
        .map((line) => ({ ...markerOf("SSH: private key"), core: line, value: line }));
      const artifacts = [
        { name: "standard output", text: done.stdout },
        { name: "standard error", text: done.stderr },
        ...filesOf(done.folder, own),
      ];
      expect(artifacts.map(({ name }) => name)).toEqual(expect.arrayContaining(["file calls", "file calls.processes"]));
      expect(leaksOf(artifacts, [...ALL_MARKERS, ...inside])).toEqual([]);
      // The control: the kubeconfig did arrive, for its owner alone, and went with the run.
      const kubeconfig = join(done.folder, "calls.kubeconfig");
      expect(existsSync(join(done.folder, "kubeconfig-prod.yaml"))).toBe(false);
      expect(readFileSync(kubeconfig, "utf8")).toBe(`${variable("KUBECONFIG_CONTENT")}\n`);
      expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
      for (const name of readdirSync(join(done.folder, "delivery-out"))) {
        expect([name, statSync(join(done.folder, "delivery-out", name)).mode & 0o077]).toEqual([name, 0]);
      }
    });
  });

  test("a key that is none is refused without being shown", () => {
    const done = deliver("drift", {
      SSH_PRIVATE_KEY: `-----BEGIN OPENSSH PRIVATE KEY-----\n${variable("SSH_PRIVATE_KEY")}`,
    });
    expect(done.status).not.toBe(0);
    const said = [{ name: "output", text: done.stdout + done.stderr }, ...filesOf(done.folder, ["pulumi", "npm"])];
    expect(leaksOf(said, ALL_MARKERS)).toEqual([]);
  });
});

describe("GitHub", () => {
  const token = variable("GITHUB_TOKEN");
  let server: http.Server;
  let answer: (request: http.IncomingMessage) => { status: number; text: string };
  let authorization: string | undefined;
  beforeAll(async () => {
    server = http.createServer((request, response) => {
      authorization = request.headers.authorization;
      const { status, text } = answer(request);
      response.writeHead(status).end(text);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterAll(() => server.close());

  const complaint = async (given: string): Promise<Artifact> => {
    const { port } = server.address() as AddressInfo;
    try {
      const github = new GitHub("owner/name", httpTransport(`http://127.0.0.1:${port}`, given));
      await upsertComment(github, { issue: 1, mark: "<!-- x -->", text: "x" });
    } catch (error) {
      const { message, stack } = error as Error;
      return { name: "error", text: [message, stack, inspect(error)].join("\n") };
    }
    throw new Error("GitHub took it");
  };

  test.each([401, 403, 404, 422, 500, 200])("an answer %d that repeats the token is not repeated", async (status) => {
    answer = ({ headers }) => ({ status, text: `token ${headers.authorization}` });
    expect(leaksOf([await complaint(token)], ALL_MARKERS)).toEqual([]);
    expect(authorization).toBe(`Bearer ${token}`);
  });

  test.each(["two\nlines", "a\0zero", "ümlaut€"])("a token that no header takes is not shown (%j)", async (odd) => {
    answer = () => ({ status: 401, text: "" });
    expect(leaksOf([await complaint(`${token}${odd}${token}`)], ALL_MARKERS)).toEqual([]);
  });
});
