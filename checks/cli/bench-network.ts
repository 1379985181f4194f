/** `npm run bench:network`: what the network of a cluster does, measured, kept and compared. */
import { type CommandLine, type Flag, parseCommandLine, ToolError } from "../../tools/cli";
import { type BenchSettings, measureNetwork } from "../bench/measure";
import { benchHtml } from "../bench/report-html";
import { benchMarkdown, benchText } from "../bench/report-text";
import type { BenchReport } from "../bench/report-rows";
import { readResult, resultText } from "../bench/result";
import { CheckContext, PROJECT_DIR } from "../context";
import { EXIT, type ExitCode } from "../exit-codes";
import { deliver, outputsOf, reportFlags } from "../report/outputs";
import { LookError } from "../verdict";
import { CONFIG_FILE, KUBECONFIG } from "./flags";
import { canRedraw, type Io } from "../../terminal/io";
import { Screen } from "../../terminal/screen";
import { fit, oneLine } from "../../terminal/text";
import { proveIdentity } from "./own-cluster";
import { subjectOfStack } from "./subject-source";

const FORMATS = ["text", "json", "markdown", "html"] as const;
type Format = (typeof FORMATS)[number];

const RENDERERS: Readonly<Record<Format, (report: BenchReport) => string>> = {
  text: benchText,
  json: ({ result }) => resultText(result),
  markdown: benchMarkdown,
  html: benchHtml,
};

/** What numbers are allowed, and what is taken where none is given. */
const NUMBERS = {
  rounds: { least: 1, most: 50, usual: 5 },
  requests: { least: 10, most: 5_000, usual: 200 },
  concurrency: { least: 1, most: 64, usual: 8 },
  seconds: { least: 1, most: 60, usual: 2 },
} as const;

const FLAGS = {
  kubeconfig: KUBECONFIG,
  ...reportFlags(FORMATS),
  save: { type: "string", value: "FILE", summary: "keep the figures as a baseline (JSON)" },
  compare: { type: "string", value: "FILE", summary: "compare with a baseline that --save has written" },
  rounds: { type: "string", value: "N", summary: `rounds over all paths, ${NUMBERS.rounds.usual} unless told` },
  requests: { type: "string", value: "N", summary: `requests a round and path, ${NUMBERS.requests.usual} unless told` },
  concurrency: {
    type: "string",
    value: "N",
    summary: `requests at a time for the throughput, ${NUMBERS.concurrency.usual} unless told`,
  },
  seconds: {
    type: "string",
    value: "N",
    summary: `seconds of throughput a round and path, ${NUMBERS.seconds.usual} unless told`,
  },
  image: {
    type: "string",
    value: "IMAGE",
    summary: "image with python3 of the pods that measure; the inference server's own unless told",
  },
  "config-file": CONFIG_FILE,
} as const satisfies Record<string, Flag>;

export const BENCH_NETWORK: CommandLine<typeof FLAGS> = {
  name: "bench:network",
  summary:
    "Measures latency and throughput on loopback, between pods, across nodes, through the agent, the Service and the ingress, and CPU and memory of the CNI. It puts load on the cluster: about two seconds a path and round.",
  positionals: ["<stack>"],
  flags: FLAGS,
  notes:
    "Starts two or three restricted pods in the stack's namespace and removes them, also after Ctrl-C.\n" +
    "For a change of the CNI: --save before.json, the change, then --compare before.json --report html=change.html.\n" +
    "Exit codes: 0 measured, 2 nothing could be measured. It measures and does not judge: no figure makes it fail.",
};

/** @throws ToolError | ConfigError before anything is looked at. */
export async function benchNetwork(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, answer } = parseCommandLine(BENCH_NETWORK, argv);
  if (answer !== undefined) {
    io.stdout.write(answer);
    return EXIT.clean;
  }
  const number = (name: keyof typeof NUMBERS): number => numberOf(name, flags[name]);
  const settings: BenchSettings = {
    rounds: number("rounds"),
    requests: number("requests"),
    concurrency: number("concurrency"),
    seconds: number("seconds"),
    image: flags.image,
  };
  const outputs = outputsOf(flags, FORMATS);
  // The baseline is a file like any other report: seen to be possible now, written whole at the end.
  const kept = flags.save === undefined ? [] : outputsOf({ report: [`json=${flags.save}`] }, FORMATS).slice(0, 1);
  const before = flags.compare === undefined ? undefined : readResult(flags.compare);
  const context = new CheckContext(
    subjectOfStack(PROJECT_DIR, positionals[0] ?? "", flags["config-file"]),
    flags.kubeconfig,
  );
  const progress = progressOf(io);
  try {
    // Pods are never started in a cluster that is not the stack's.
    await proveIdentity(context, io.signal);
    io.signal.throwIfAborted();
    const result = await measureNetwork(context, settings, progress.say, io.signal);
    progress.end();
    const files = result.paths.length === 0 ? outputs : [...kept, ...outputs];
    const faults = deliver(files, (format) => RENDERERS[format]({ result, before }), io.stdout);
    for (const fault of faults) io.stderr.write(`error: ${fault}\n`);
    return result.paths.length === 0 || faults.length > 0 ? EXIT.couldNotLook : EXIT.clean;
  } catch (error) {
    progress.end();
    if (io.signal.aborted) throw io.signal.reason;
    if (error instanceof LookError) throw new ToolError(`${error.message}\nfix: ${error.fix}`);
    throw error;
  } finally {
    context.close();
  }
}

/** On a terminal one line in place, elsewhere every line. */
function progressOf({ stderr, env }: Io): { readonly say: (line: string) => void; readonly end: () => void } {
  if (!canRedraw(stderr, env)) return { say: (line) => void stderr.write(`${line}\n`), end: () => undefined };
  let now = "";
  const screen = new Screen(stderr, ({ columns }) => (now === "" ? [] : [fit(oneLine(now), columns - 1)]));
  const say = (line: string): void => {
    // A warning is to be read later, too.
    if (line.startsWith("warning:")) screen.above(() => stderr.write(`${line}\n`));
    else now = line;
  };
  return { say, end: () => screen.stop() };
}

/** @throws ToolError */
function numberOf(name: keyof typeof NUMBERS, text: string | undefined): number {
  const { least, most, usual } = NUMBERS[name];
  if (text === undefined) return usual;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new ToolError(
    `--${name}: got "${text}"; allowed: a whole number from ${least} to ${most}; fix: such as --${name} ${usual}`,
  );
}
