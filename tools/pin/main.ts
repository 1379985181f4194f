/** `npm run pin`: see the help text. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { K3S_CREATE_DEFAULT } from "../../config/compatibility";
import { readStackFile } from "../../config/stack-file";
import { above, liveSteps } from "../../terminal/steps/live";
import { interruption, runTool, ToolError } from "../cli";
import { ARCHES, type Arch } from "./files";
import { measurePins } from "./pin";
import { folderSource, networkSource } from "./source";
import { withPins } from "./stack-text";

const PROJECT_DIR = path.join(__dirname, "../..");

const COMMAND = {
  name: "pin",
  summary:
    "Fetches what K3s is installed from, computes the SHA-256 of every byte, compares with the release's own list, and\n" +
    "writes URLs and hashes into the stack file (k3s.install). Nothing is installed, and no hash is taken on trust.",
  positionals: ["<stack>"],
  flags: {
    arch: {
      type: "string",
      value: "ARCH,...",
      summary: "architectures of the machines: amd64, arm64; amd64 when absent",
    },
    from: { type: "string", value: "FOLDER", summary: "measure the files of a folder instead of fetching them" },
    mirror: {
      type: "string",
      value: "URL",
      summary: "base URL of a mirror: <URL>/<version>/<file>, install.sh among them",
    },
    images: { type: "boolean", summary: "pin the air-gap images too" },
    folder: {
      type: "string",
      value: "PATH",
      summary: "folder on every machine that holds the files (k3s.install.folder)",
    },
    "dry-run": { type: "boolean", summary: "print what would be written, and write nothing" },
  },
  notes: "Exit codes: 0 pinned, 1 a file is missing or not what it should be, 2 could not look.",
} as const;

function archesOf(text = "amd64"): Arch[] {
  const words = text.split(",").map((word) => word.trim());
  const wrong = words.find((word) => !ARCHES.some((arch) => arch === word));
  if (wrong !== undefined) throw new ToolError(`--arch: got "${wrong}"; allowed: ${ARCHES.join(", ")}`);
  return words as Arch[];
}

/** The version that the stack declares: read leniently, because a stack file may lack its pins. */
function versionOf(values: Readonly<Record<string, unknown>>): string {
  const section = values["k3s"] as { version?: unknown } | undefined;
  return typeof section?.version === "string" ? section.version : K3S_CREATE_DEFAULT;
}

void runTool(COMMAND, async ({ positionals: [stack], flags }) => {
  if (stack === undefined) throw new ToolError("name a stack. See: npm run pin -- --help");
  const { project, values } = readStackFile(PROJECT_DIR, stack);
  const file = path.join(PROJECT_DIR, `Pulumi.${stack}.yaml`);
  const { signal, dispose } = interruption();
  const { stderr, env } = process;
  const live = liveSteps({ title: `pin ${stack}` }, { stderr, env, signal });
  try {
    const pins = await measurePins({
      version: versionOf(values),
      arches: archesOf(flags.arch),
      images: flags.images === true,
      mirror: flags.mirror,
      source: flags.from === undefined ? networkSource(signal) : folderSource(path.resolve(flags.from), signal),
      say: (line) => above(live, () => void stderr.write(`${line}\n`)),
      live,
    });
    live?.stop(false);
    const text = withPins(readFileSync(file, "utf8"), `${project}:k3s`, pins, flags.folder);
    if (flags["dry-run"] === true) {
      process.stdout.write(text);
    } else {
      // Renamed into place: an interrupted run leaves the old file.
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      process.stdout.write(`Pulumi.${stack}.yaml: pinned K3s ${versionOf(values)}\n`);
    }
  } finally {
    live?.stop(true);
    dispose();
  }
  return EXIT.clean;
});
