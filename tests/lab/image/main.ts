/** By hand: `npx tsx tests/lab/image/main.ts` builds the lab's image archive and prints where it is. */
import { Progress } from "../../../sandbox/progress";
import { labImage } from "./lab-image";

void labImage({ progress: new Progress() }).then(
  (image) => void process.stdout.write(`${JSON.stringify(image, undefined, 2)}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
