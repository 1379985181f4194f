/** Wrong input: no message about a secret quotes it, whatever shape it was given in and whoever complains. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { loadKubeconfig } from "../../checks/cluster/kubeconfig";
import { SECRET_KEYS, type SecretKey } from "../../config/schema";
import { readStackFile } from "../../config/stack-file";
import { publicKeyOf } from "../../delivery/drift/key-lines";
import { configDigest } from "../../delivery/gate/digest";
import { renderKubeconfig } from "../../rollout/kubeconfig/render";
import { readKubeconfig } from "../../sandbox/api/kubeconfig";
import { tell } from "../../tools/cli";
import { evaluate, PROJECT_DIR } from "../../tools/plan/evaluate";
import { STACK } from "./fixture";
import { ALL_MARKERS, markerFor, SECRET_CONFIG } from "./inputs";
import { type Artifact, leaksOf } from "./scanner";

// Whole programs run here; none of these tests is about time.
jest.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), "secrets-errors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const leaks = (...artifacts: Artifact[]): string[] => leaksOf(artifacts, ALL_MARKERS);

/** All that anybody prints of an error: its message, what a tool tells, and what an uncaught one looks like. */
async function complaint(run: () => unknown): Promise<Artifact> {
  try {
    await run();
  } catch (error) {
    const { message, stack } = error as Error;
    return { name: "error", text: [message, stack, tell(error).text, inspect(error)].join("\n") };
  }
  throw new Error("nothing was wrong");
}

const KEYS = Object.keys(SECRET_KEYS) as SecretKey[];
const markOf = (key: SecretKey): string => SECRET_CONFIG[key].markers[0]!.value;
const yaml = (text: string): string => JSON.stringify(text);

/** Ways to get a stack file wrong, by the lines below `config:`. */
const FILES: readonly (readonly [string, (key: string, mark: string) => string])[] = [
  ["in clear text", (key, mark) => `config:\n  seldon-k3s:${key}: ${yaml(mark)}\n`],
  ["in clear text, without the project", (key, mark) => `config:\n  ${key}: ${yaml(mark)}\n`],
  ["as a list", (key, mark) => `config:\n  seldon-k3s:${key}: [${yaml(mark)}]\n`],
  ["as a mapping", (key, mark) => `config:\n  seldon-k3s:${key}: { value: ${yaml(mark)} }\n`],
  ["as a key of a mapping", (key, mark) => `config:\n  seldon-k3s:${key}: { ${yaml(mark)}: 1 }\n`],
  ["with more than secure", (key, mark) => `config:\n  seldon-k3s:${key}: { secure: ${yaml(mark)}, more: 1 }\n`],
  ["under a misspelt key", (key, mark) => `config:\n  seldon-k3s:${key}x: ${yaml(mark)}\n`],
  ["under a misspelt key, encrypted", (key, mark) => `config:\n  seldon-k3s:${key}x: { secure: ${yaml(mark)} }\n`],
  [
    "beside a fault of YAML",
    (key, mark) => `config:\n  seldon-k3s:${key}: ${yaml(mark)}\n  seldon-k3s:k3s: {version: [\n`,
  ],
  ["in a fault of YAML", (key, mark) => `config:\n  seldon-k3s:${key}: "${mark}" "${mark}"\n`],
  ["as an unknown tag", (key, mark) => `config:\n  seldon-k3s:${key}: !secret ${yaml(mark)}\n`],
  ["as an alias", (key, mark) => `config:\n  seldon-k3s:${key}: *${mark.replace(/\W/g, "")}\n`],
  ["as a tag", (key, mark) => `config:\n  seldon-k3s:${key}: !${mark.replace(/\W/g, "")} x\n`],
  ["as a tag with a handle", (key, mark) => `config:\n  seldon-k3s:${key}: !${mark.replace(/\W/g, "")}!x y\n`],
  ["as a key that is there twice", (key, mark) => `config:\n  ${yaml(mark)}: 1\n  ${yaml(mark)}: 2\n  ${key}: x\n`],
  ["in a list of settings", (key, mark) => `config:\n  - seldon-k3s:${key}: ${yaml(mark)}\n`],
  ["in a text instead of settings", (key, mark) => `config: ${yaml(`${key}=${mark}`)}\n`],
  ["in a text instead of a file", (key, mark) => `${yaml(`${key}=${mark}`)}\n`],
  ["in a list instead of a file", (key, mark) => `- ${yaml(`${key}: ${mark}`)}\n`],
  ["at the top", (key, mark) => `config: {}\n${key}: ${yaml(mark)}\n`],
  ["in a section", (key, mark) => `config:\n  seldon-k3s:k3s: { ${key}: ${yaml(mark)} }\n`],
];

describe.each(FILES)("a secret %s", (_, write) => {
  test.each(KEYS)("%s", async (key) => {
    const file = join(folder, `Pulumi.${STACK}.yaml`);
    writeFileSync(file, write(key, markOf(key)));
    const plan = async () => evaluate(readStackFile(PROJECT_DIR, STACK, file));
    expect(leaks(await complaint(plan))).toEqual([]);
  });
});

/** Contents that a secret key does not take, with the engine's decrypted value. `%` is the secret, `@` the same in JSON. */
const CONTENTS = [
  "%",
  '{"auths":{"registry.example.com":{"auth":@',
  "@",
  "[@]",
  "{@:@}",
  '{"s3":{"access_key_id":1,"secret_access_key":[@]}}',
  '{"s3":{"secret_access_key":@}}',
  "first\n%\nend\n",
] as const;

test("a decrypted secret with a content that its key does not take", () => {
  const cases = KEYS.flatMap((key) =>
    CONTENTS.map((content) => {
      const mark = markOf(key);
      return { key, value: content.replaceAll("%", () => mark).replaceAll("@", () => JSON.stringify(mark)) };
    }),
  );
  // In a process of its own: what fails in the program fails promises of Pulumi's SDK too.
  const program = ["--require", join(PROJECT_DIR, "tools/typescript.cjs"), join(__dirname, "contents-program.ts")];
  const { stdout, stderr, status } = spawnSync(process.execPath, program, {
    input: JSON.stringify(cases),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  const outcomes = stdout.match(/^(refused|declared): /gm) ?? [];
  expect(outcomes).toHaveLength(cases.length);
  expect(outcomes).toContain("refused: ");
  expect(leaks({ name: "standard output", text: stdout }, { name: "standard error", text: stderr })).toEqual([]);
});

const token = markerFor("kubeconfig: token").value;
const key = Buffer.from(markerFor("kubeconfig: client-key-data").value).toString("base64");
const password = markerFor("kubeconfig: password").value;
const user = `{ name: a, user: { token: ${token}, client-key-data: ${key}, username: u, password: ${password} } }`;
const good = `current-context: a
clusters: [{ name: a, cluster: { server: "https://192.0.2.1:6443" } }]
contexts: [{ name: a, context: { cluster: a, user: a } }]
users: [${user}]
`;

test.each([
  ["that is no YAML", `${good}broken: [\n`],
  ["with a key that is there twice", `${good}users: [${user}]\n`],
  ["with users in the wrong shape", good.replace(/users: .*/, `users: ${user}`)],
  ["with a text for users", good.replace(/users: .*/, `users: "${token}"`)],
  ["without clusters", good.replace(/clusters: .*/, "")],
  ["with a context of another user", good.replace("user: a }", "user: b }")],
  ["with a server that is no URL", good.replace("https://192.0.2.1:6443", "192.0.2.1")],
  ["with a token that begins like an alias", good.replace(token, `*${token}`)],
  ["with a token that begins like a tag", good.replace(token, `!${token}`)],
  ["that is only a token", token],
  ["with a control character", `${good}\u0007`],
])("a kubeconfig %s is refused without its credentials", async (_, text) => {
  const file = join(folder, "kubeconfig.yaml");
  writeFileSync(file, text);
  expect(leaks(await complaint(() => loadKubeconfig(file)))).toEqual([]);
  expect(renderKubeconfig(text, "name", "https://192.0.2.1:6443")).toBeUndefined();
  const sandbox = await complaint(() => {
    readKubeconfig(file);
    throw new Error("it could be read");
  });
  expect(leaks(sandbox)).toEqual([]);
});

test("a private key given as a public one is not shown", async () => {
  const secret = markerFor("SSH: private key").value;
  for (const text of [`-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`, secret, `ssh-ed25519 ${secret}`]) {
    expect(leaks(await complaint(() => publicKeyOf(text)))).toEqual([]);
  }
});

test("the digest of a stack's configuration says nothing about its secrets", () => {
  const file = join(folder, `Pulumi.${STACK}.yaml`);
  const config = Object.fromEntries(KEYS.map((name) => [`seldon-k3s:${name}`, { secure: markOf(name) }]));
  writeFileSync(file, JSON.stringify({ config }));
  const text = configDigest(PROJECT_DIR, STACK, file);
  expect(text).toMatch(/^[0-9a-f]{64}$/);
  expect(leaks({ name: "digest", text })).toEqual([]);
});
