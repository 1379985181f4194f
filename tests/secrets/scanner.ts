/** Finds markers in whatever was produced. Pure. */
import { formsOf, type Marker } from "./marker";

/** Something that leaves the process: a text that is printed, posted, written or passed to a child process. */
export interface Artifact {
  /** Such as `npm run plan: standard output`. */
  readonly name: string;
  readonly text: string;
}

export interface Leak {
  readonly artifact: string;
  /** Which secret. */
  readonly input: string;
  /** How it was written. */
  readonly form: string;
  /** The text around it, with the secret itself taken out. */
  readonly around: string;
}

const CONTEXT = 60;

/** Line ends and their escaped forms: base64 is wrapped, and a YAML string folded, at any place. */
const FOLDS = /\\[rn]|[\s\\]+/g;

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  const before = text.slice(Math.max(0, at - CONTEXT), at);
  const behind = text.slice(at + form.length, at + form.length + CONTEXT);
  return `${before}[secret]${behind}`.replaceAll("\n", "\\n");
}

/** Every marker that an artifact holds, in the first of its forms that is there. */
export function leaksIn(artifact: Artifact, markers: readonly Marker[]): Leak[] {
  const texts = [artifact.text, artifact.text.replace(FOLDS, "")];
  return markers.flatMap((marker) => {
    for (const text of texts) {
      const found = formsOf(marker).find(([, form]) => text.includes(form));
      if (found !== undefined) {
        const [form, written] = found;
        return [{ artifact: artifact.name, input: marker.input, form, around: around(text, written) }];
      }
    }
    return [];
  });
}

/** What a test expects to be empty: a line for each leak, without the secret. */
export const leaksOf = (artifacts: readonly Artifact[], markers: readonly Marker[]): string[] =>
  artifacts.flatMap((artifact) =>
    leaksIn(artifact, markers).map(
      ({ artifact: where, input, form, around: text }) => `${where} shows ${input} (${form}): ...${text}...`,
    ),
  );
