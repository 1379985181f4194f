import { EXIT } from "../../checks/exit-codes";
import { ConfigError } from "../../config/faults";
import { programVersion } from "../../config/version";
import { helpOf, parseCommandLine, tell, ToolError } from "../../tools/cli";

const command = {
  name: "plan",
  summary: "Writes a plan.",
  positionals: ["<stack>", "[other]"],
  flags: {
    json: { type: "boolean", summary: "as JSON" },
    out: { type: "string", value: "FILE", summary: "where to" },
  },
} as const;

test("flags and positional arguments are told apart", () => {
  expect(parseCommandLine(command, ["prod", "--json", "--out", "a.yaml"])).toEqual({
    flags: { json: true, out: "a.yaml" },
    positionals: ["prod"],
  });
  expect(parseCommandLine(command, ["--help"]).answer).toBe(helpOf(command));
  expect(parseCommandLine(command, ["--version"]).answer).toBe(`seldon-k3s ${programVersion()}\n`);
});

test("a repeatable flag gives the list, in the order given", () => {
  const flags = { report: { type: "string", repeatable: true, summary: "where to" } } as const;
  const { flags: found } = parseCommandLine({ ...command, flags }, ["prod", "--report", "b", "--report=a"]);
  const reports: readonly string[] | undefined = found.report;
  expect(reports).toEqual(["b", "a"]);
});

test.each([
  [["--jsn", "prod"], /Unknown option '--jsn'.*npm run plan -- --help/s],
  [["prod", "--out"], /--out <value>' argument missing/],
  [[], /missing <stack>\. See: npm run plan -- --help/],
  [["a", "b", "c"], /unexpected argument "c"/],
])("%j is refused", (argv, message) => {
  expect(() => parseCommandLine(command, argv)).toThrow(message);
  expect(() => parseCommandLine(command, argv)).toThrow(ToolError);
});

test("the help lists every flag", () => {
  expect(helpOf(command)).toBe(
    [
      "Usage: npm run plan -- <stack> [other] [options]",
      "",
      "Writes a plan.",
      "",
      "Options:",
      "  --json      as JSON",
      "  --out FILE  where to",
      "  --help      print this text",
      "  --version   print which version this is, with its commit",
      "",
    ].join("\n"),
  );
});

test("faults of the user are told without a stack, our own with it", () => {
  const fault = {
    path: "network.podMtu",
    problem: "is too large",
    allowed: "at most 1450",
    fix: "lower it",
    rule: "r",
  };
  const config = tell(new ConfigError("configuration", [fault]));
  expect(config).toMatchObject({
    exitCode: EXIT.couldNotLook,
    text: expect.stringContaining("network.podMtu") as string,
  });
  expect(config.text).not.toMatch(/\n\s+at /);
  expect(tell(new ToolError("no", EXIT.failed))).toEqual({ text: "no", exitCode: EXIT.failed });
  expect(tell(new Error("bug")).text).toMatch(/bug\n\s+at /);
});
