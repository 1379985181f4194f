/** `npm run changelog`: see the help text in command.ts. */
import path from "node:path";
import { runTool } from "../cli";
import { CHANGELOG, runChangelog } from "./command";

const ROOT = path.join(__dirname, "../..");

void runTool(CHANGELOG, (args) =>
  Promise.resolve(
    runChangelog(ROOT, args, {
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      now: new Date(),
    }),
  ),
);
