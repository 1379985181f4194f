/** Commands of checks/ as a person runs them on the lab's admin machine, and a lab with Calico for them to look at. */
import { join, resolve } from "node:path";
import type { Progress } from "../../sandbox/progress";
import type { Flow } from "./flow/flow";
import { explained } from "./flow/told";
import { pinned, tokenFlow } from "./flow/token-flow";
import { Lab } from "./lab";

const PROJECT = resolve(__dirname, "../..");

/** What a command said, and how long a person waits for it. */
export interface Checked<Report> {
  readonly code: number;
  /** From the command's start to its end, in seconds. */
  readonly seconds: number;
  readonly report: Report;
  readonly stderr: string;
}

/** One server and one agent that the stack has brought to Calico. Whoever takes it stops the lab. */
export async function calicoLab(progress: Progress): Promise<{ readonly lab: Lab; readonly flow: Flow }> {
  const say = (line: string): void => progress.say(line);
  const lab = await Lab.start({ topology: "1s1a", install: false, onLine: say });
  try {
    const token = "0123456789abcdef".repeat(2);
    const flow = tokenFlow(lab, token, { k3s: pinned(lab), cni: { provider: "calico" } }, say);
    const told = explained(await flow.up());
    if (told !== "") throw new Error(`the lab's stack did not come up:\n${told}`);
    await lab.fetchKubeconfig();
    await lab.waitForNodes();
    return { lab, flow };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/**
 * Runs one command, `--json`, against the lab's stack.
 * @throws Error when it wrote no report.
 */
export async function checked<Report>(
  { lab, flow }: { readonly lab: Lab; readonly flow: Flow },
  command: string,
  flags: readonly string[] = [],
): Promise<Checked<Report>> {
  const config = Object.entries(flow.values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [`seldon-k3s:${key}`, value]);
  const file = lab.folder.write("Pulumi.lab.yaml", JSON.stringify({ config: Object.fromEntries(config) as object }));
  const [loader = "", entry = ""] = ["tools/typescript.cjs", "checks/main.ts"].map((path) => join(PROJECT, path));
  const where = ["--config-file", file, "--kubeconfig", lab.kubeconfig, "--json"];
  const started = performance.now();
  const { code, stdout, stderr } = await lab.admin.run(
    process.execPath,
    ["--require", loader, entry, command, "lab", ...where, ...flags],
    { cwd: PROJECT },
  );
  const seconds = (performance.now() - started) / 1000;
  if (!stdout.startsWith("{")) throw new Error(`${command} ended with exit code ${code}: ${stdout}${stderr}`);
  return { code, seconds, report: JSON.parse(stdout) as Report, stderr };
}
