/** `npm run delivery:drift-key`: see the help text. */
import ipaddr from "ipaddr.js";
import { EXIT } from "../../checks/exit-codes";
import { sshTargets } from "../../config/derive";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import { runTool, ToolError } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { keyLines, keyLinesText, publicKeyOf } from "../drift/key-lines";
import { readAs, readText, required, writeText } from "./shared";

const COMMAND = {
  name: "delivery:drift-key",
  summary:
    "Writes the lines of authorized_keys by which a key may look at a stack's machines (hosts/inspect) and do nothing else:\n" +
    "no shell, no other command, no copies, no forwarding. A bastion gets a line that opens connections to the machines.",
  positionals: ["<stack>"],
  flags: {
    key: { type: "string", value: "FILE", summary: "the key's public half, such as drift.pub" },
    from: {
      type: "string",
      value: "CIDR",
      repeatable: true,
      summary: "address or range that the key may come from (default: any)",
    },
    "config-file": {
      type: "string",
      value: "FILE",
      summary: "the stack's configuration (default Pulumi.<stack>.yaml)",
    },
    json: { type: "boolean", summary: "write JSON instead of text" },
    out: { type: "string", value: "FILE", summary: "write to this file instead of standard output" },
  },
  notes:
    "Nothing is sent anywhere: an administrator puts the lines on the machines. The forced command is one of the programs\n" +
    "that `pulumi up` brings to every machine. Exit codes: 0 written, 2 could not look.",
} as const;

function originOf(text: string): string {
  if (ipaddr.isValid(text) || ipaddr.isValidCIDR(text)) return text;
  throw new ToolError(`--from is "${text}"; allowed is an address or a range, such as 203.0.113.0/24`);
}

void runTool(COMMAND, ({ positionals: [stack = ""], flags }) => {
  const key = readAs(() => publicKeyOf(readText(required(flags.key, "key", COMMAND.name))));
  const from = (flags.from ?? []).map(originOf);
  const config = configOf(readStackFile(PROJECT_DIR, stack, flags["config-file"]));
  const lines = keyLines({ stack, targets: sshTargets(config), key, from });
  if (lines.length === 0) {
    throw new ToolError(`stack ${stack} declares no machines (hosts), so there is nothing to look at over SSH`);
  }
  const text = flags.json === true ? `${JSON.stringify({ stack, lines }, undefined, 2)}\n` : keyLinesText(lines);
  if (flags.out === undefined) process.stdout.write(text);
  else writeText(flags.out, text);
  return Promise.resolve(EXIT.clean);
});
