/** The exercises of docs/training.md, read as a reader does: what breaks, the answer, what mends. */
import { readPage } from "./pages";
import { blocksOf, commandsIn } from "./shell";

export interface Exercise {
  readonly title: string;
  /** Commands above the answer. */
  readonly breaks: readonly string[];
  /** The answer's text. */
  readonly answer: string;
  /** Commands below the answer's beginning. */
  readonly mends: readonly string[];
  /** Verdict of the diagnosis that the answer names. */
  readonly verdict?: string;
}

const commandsOfPart = (part: string): string[] =>
  blocksOf(part)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => commandsIn(text));

/** One section a heading of the second level. */
function sections(): { readonly title: string; readonly text: string }[] {
  const parts = readPage("docs/training.md").split(/^## /m).slice(1);
  return parts.map((part) => ({ title: part.split("\n", 1)[0] ?? "", text: part.slice(part.indexOf("\n") + 1) }));
}

/** The commands of the section with that heading. */
export const commandsBelow = (heading: string): string[] =>
  commandsOfPart(sections().find(({ title }) => title === heading)?.text ?? "");

export const exercises = (): Exercise[] =>
  sections()
    .filter(({ title }) => /^\d+\. /.test(title))
    .map(({ title, text }) => {
      const [question = "", answer = ""] = text.split("**Answer:**");
      const verdict = /verdict `([a-z-]+)`/.exec(answer)?.[1];
      const read = { title, breaks: commandsOfPart(question), answer, mends: commandsOfPart(answer) };
      return verdict === undefined ? read : { ...read, verdict };
    });
