/** `npm run plan` as a person starts it: findings on standard error, the exit code, JSON. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PROJECT_DIR } from "../../../tools/plan/evaluate";

jest.setTimeout(120_000);

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "guardrails-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function plan(...args: string[]) {
  const loader = path.join(PROJECT_DIR, "tools/typescript.cjs");
  const entry = path.join(PROJECT_DIR, "tools/plan/main.ts");
  return spawnSync(process.execPath, ["--require", loader, entry, ...args], { encoding: "utf8", cwd: PROJECT_DIR });
}

/** The stack file of staging with lines added to a section. */
function file(section: string, ...lines: string[]): string {
  const name = path.join(folder, `Pulumi.${section}.yaml`);
  const text = readFileSync(path.join(PROJECT_DIR, "Pulumi.staging.yaml"), "utf8");
  const wanted = [`  seldon-k3s:${section}:`, ...lines].join("\n");
  const key = `  seldon-k3s:${section}:\n`;
  writeFileSync(name, text.includes(key) ? text.replace(key, `${wanted}\n`) : `${text.trimEnd()}\n${wanted}\n`);
  return name;
}

test("a sound stack: exit code 0 and not a word beside the plan", () => {
  const { status, stdout, stderr } = plan("staging");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.startsWith("stack: staging\n")).toBe(true);
});

test("a mandatory violation: exit code 1, what, where and how to mend it, and the plan all the same", () => {
  const { status, stdout, stderr } = plan("staging", "--config-file", file("policies", "    enabled: false"));
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^mandatory \[default-deny\] kubernetes:core\/v1:Namespace::namespaces-\S+ metadata\.name: \S+ has no default deny; fix: Set policies\.enabled: true\./,
  );
  expect(stdout.startsWith("stack: staging\n")).toBe(true);
});

test("JSON holds the findings", () => {
  const { status, stdout } = plan("staging", "--json", "--config-file", file("policies", "    enabled: false"));
  const { guardrails } = JSON.parse(stdout) as { guardrails: unknown[] };
  expect(status).toBe(1);
  expect(guardrails).toEqual([
    expect.objectContaining({
      rule: "default-deny",
      verdict: "mandatory",
      name: expect.stringMatching(/^namespaces-/) as string,
    }),
  ]);
});

test("against the file as it was, what only the way shows", () => {
  const other = file("cni", "    provider: flannel");
  expect(plan("staging", "--config-file", other).stderr).not.toContain("mandatory");
  const { status, stderr } = plan("staging", "--config-file", other, "--base", "Pulumi.staging.yaml");
  expect(status).toBe(1);
  expect(stderr).toContain("cni.provider: goes from calico to flannel without cni.leaving: calico");
});
