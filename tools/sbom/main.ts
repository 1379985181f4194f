/** `npm run sbom`: see the help text. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { readStackFile } from "../../config/stack-file";
import { runTool, ToolError } from "../cli";
import { ChartLock } from "../charts/lock-file";
import { folderOf } from "../charts/pinned";
import { configOf } from "../../config/stack-config";
import { evaluate, PROJECT_DIR } from "../plan/evaluate";
import { bom, type NpmBom } from "./bom";
import { type Parts, partsOfAll, partsOfStack } from "./parts";

const COMMAND = {
  name: "sbom",
  summary:
    "Writes a bill of materials (CycloneDX 1.5, JSON) to standard output: the npm packages that a deployment runs, by npm itself,\n" +
    "and the charts of every supported version with their images; with a stack, the charts, K3s and images of that stack.",
  positionals: ["[stack]"],
  flags: {
    "config-file": { type: "string", value: "FILE", summary: "read this file instead of Pulumi.<stack>.yaml" },
  },
  notes:
    "Images that only a chart names are known where the chart has been pulled (npm run charts); charts that are not here are told\n" +
    "on standard error and marked as incomplete. Exit codes: 0 written, 2 could not look.",
} as const;

/** What npm itself says of package-lock.json. @throws ToolError */
function npmBom(): NpmBom {
  const words = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--omit", "dev"];
  const npm = process.env["npm_execpath"];
  const [command, args] =
    npm !== undefined && /\.c?js$/.test(npm) ? [process.execPath, [npm, ...words]] : ["npm", words];
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: PROJECT_DIR,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    env: { ...process.env, npm_config_loglevel: "error" },
  });
  if (error !== undefined || status !== 0) {
    throw new ToolError(`npm ${words.join(" ")} failed: ${error?.message ?? stderr.trim()}; npm 10 or later knows it`);
  }
  return JSON.parse(stdout) as NpmBom;
}

const lockOf = (): ChartLock => new ChartLock(path.join(PROJECT_DIR, "charts.lock.yaml"));

async function partsFor(stack: string | undefined, configFile: string | undefined): Promise<Parts> {
  if (stack === undefined) {
    if (configFile !== undefined) throw new ToolError("--config-file needs a stack. See: npm run sbom -- --help");
    return partsOfAll({ lock: lockOf(), folder: path.join(PROJECT_DIR, "charts") });
  }
  const file = readStackFile(PROJECT_DIR, stack, configFile);
  const config = configOf(file);
  const folder = path.resolve(PROJECT_DIR, config.charts.folder);
  return partsOfStack(config, await evaluate(file), { lock: lockOf(), folder });
}

void runTool(COMMAND, async ({ positionals: [stack], flags }) => {
  const parts = await partsFor(stack, flags["config-file"]);
  process.stdout.write(`${JSON.stringify(bom(npmBom(), parts), undefined, 2)}\n`);
  if (parts.unread.length > 0) {
    const names = parts.unread.map(folderOf).join(", ");
    process.stderr.write(`not here, so their images are not known (npm run charts brings them): ${names}\n`);
  }
  return EXIT.clean;
});
