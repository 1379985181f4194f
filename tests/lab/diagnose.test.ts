/**
 * What `npm run diagnose` says of a server pod with real MLServer and real rclone on real nodes, when one thing after the
 * other is broken. The agent, the scheduler, Calico and K3s are stand-ins. The healthy pod and one cause in the short run,
 * where the image with MLServer is in the cache; all of them in the full one, which builds it (`npm run test:lab -- --full`).
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { resolve } from "node:path";
import { Progress } from "../../sandbox/progress";
import { whyNoSeldonImages } from "./image/seldon-image";
import { INJECTIONS } from "./seldon/causes";
import { type Answer, CRDS, Stage } from "./seldon/stage";
import { page, type Row } from "./seldon/table";
import { whyNoLab } from "./tools";

const PAGE = resolve(__dirname, "../../docs/benchmarks/diagnosis.md");

const full = process.env["LAB_FULL"] === "1";
const why = whyNoLab() ?? whyNoSeldonImages(full);
const suite = why === undefined ? describe : describe.skip;
const injections = INJECTIONS.filter(({ short = false }) => full || short);
const MINUTES = 60_000;

/** The rule that stands first, and how sure it is of it. */
function verdictOf({ causes: [first], unexplained }: Answer): string {
  if (first !== undefined) return `${first.rule} (${first.word})`;
  return unexplained.length > 0 ? "unexplained" : "nothing";
}

/** For a person who reads why a verdict is another one. */
const shown = ({ causes, symptoms, unexplained, gaps }: Answer): string =>
  JSON.stringify({ causes, symptoms, unexplained, gaps }, undefined, 1);

suite(`the diagnosis of a real server pod, with ${CRDS.name}${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let stage: Stage;
  const rows: Row[] = [];

  beforeAll(async () => {
    stage = await Stage.start(new Progress(), full);
  }, 20 * MINUTES);

  afterAll(async () => {
    await stage?.lab.stop();
    if (process.env["LAB_WRITE"] === "1" && rows.length === INJECTIONS.length) writeFileSync(PAGE, page(rows, about()));
  }, MINUTES);

  const about = (): string[] => [
    `Measured on: ${availableParallelism()} processors, Node.js ${process.version}, Linux ${release()}.`,
    `Kubernetes objects from ${CRDS.name}; K3s and Calico are the lab's stand-ins${process.env["LAB_EXTRAS"] ? ", with programs of LAB_EXTRAS in their place" : ""}.`,
  ];

  it.each(injections)(
    "$verdict: $cause",
    async ({ cause, verdict: expected, change = {}, prepare, undo, state, holds, proof }) => {
      try {
        await stage.remove();
        await prepare?.(stage);
        await stage.put(change);
        const pod = await stage.until(state, holds);
        await proof?.(stage, pod);
        const { report: answer, seconds, code } = await stage.diagnose();
        const verdict = verdictOf(answer);
        rows.push({ cause, expected, verdict, seconds });
        process.stderr.write(`${seconds.toFixed(1).padStart(6)} s  ${verdict}: ${cause}\n`);
        if (!verdict.startsWith(expected)) process.stderr.write(`${shown(answer)}\n`);
        expect(`${verdict} ${shown(answer)}`).toMatch(new RegExp(`^${expected}\\b`));
        expect(code).toBe(expected === "nothing" ? 0 : 1);
      } finally {
        await stage.remove();
        await undo?.(stage);
      }
    },
    6 * MINUTES,
  );
});
