/** The steps of `npm test`, as data: what is started, and how its outcome is counted. */
import path from "node:path";

const PROJECT_DIR = path.join(__dirname, "../..");
const CACHE = "node_modules/.cache";

export interface Step {
  readonly name: string;
  /** Arguments of Node.js; the packages' own entry files, so that no shell and no wrapper stands between. */
  readonly args: readonly string[];
  /** What mends a failure. @default nothing but reading the output */
  readonly hint?: string;
}

/**
 * The steps that look at files. Their caches stay in node_modules. The linter's cache goes by a file's own content: a
 * type that changed elsewhere shows only where nothing is cached, as in CI.
 */
export const STATIC_STEPS: readonly Step[] = [
  {
    name: "format",
    args: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "--cache", "."],
    hint: "npm run format",
  },
  {
    name: "lint",
    args: [
      "node_modules/eslint/bin/eslint.js",
      "--cache",
      "--cache-strategy=content",
      `--cache-location=${CACHE}/eslint`,
      "--max-warnings=0",
      ".",
    ],
  },
  { name: "types", args: ["node_modules/typescript/bin/tsc", "--project", "."] },
];

/** The suites, as jest.config.js names them. */
export type Project = "unit" | "e2e" | "lab";

/**
 * One jest run, whose report goes to a file.
 *
 * @param passedOn arguments of the user's.
 */
export function jestStep(project: Project, reportFile: string, passedOn: readonly string[]): Step {
  // Suites of the sandbox and of the lab start whole clusters: one at a time.
  const workers = project === "unit" ? ["--maxWorkers=2"] : ["--runInBand"];
  const args = ["--selectProjects", project, ...workers, "--json", `--outputFile=${reportFile}`, ...passedOn];
  return { name: project, args: ["node_modules/jest/bin/jest.js", ...args] };
}

export { PROJECT_DIR };
