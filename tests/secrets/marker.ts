/** Texts that stand for secrets, and every form in which one of them may turn up. Pure. */
import { createHash } from "node:crypto";

/** A secret's stand-in. */
export interface Marker {
  /** What it stands for, as findings name it: `configuration: kafkaPassword`. */
  readonly input: string;
  /** Letters and digits that occur nowhere else: what quoting and escaping leave alone. */
  readonly core: string;
  /** The whole secret: the core between characters that JSON, URLs and shells write differently. */
  readonly value: string;
}

/**
 * The marker of an input; the same for the same name.
 * @param plain Where the place takes letters and digits only, such as a K3s token.
 */
export function markerOf(input: string, { plain = false } = {}): Marker {
  const digest = createHash("sha256").update(input).digest("hex");
  // Digits alone could be a number of the project's; the letters make it a word of its own.
  const core = `Zq${digest.slice(0, 10)}xK${digest.slice(10, 20)}`;
  return { input, core, value: plain ? core : `/"${core}'$ ü&${core}\\` };
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const urlSafe = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");

/**
 * The part of a text's base64 that does not depend on what stands around it, for each of the three places at which it can
 * begin in a group of three bytes.
 */
export function base64Cores(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((before) => {
    const coded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Digits that hold bits of the bytes before, or of those behind, are not the text's own.
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    return coded.slice(first, last);
  });
}

/** How the value may be written, by the name of the form. Each is searched for as it stands. */
export function formsOf({ core, value }: Marker): readonly (readonly [string, string])[] {
  const coded = base64Cores(core);
  const twice = coded.flatMap((text) => base64Cores(text));
  const forms: (readonly [string, string])[] = [
    ["as it is", core],
    ["JSON-escaped", JSON.stringify(value).slice(1, -1)],
    ["JSON in JSON", JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ["URL-encoded", encodeURIComponent(value)],
    ["shell-quoted", shellQuoted(value)],
    ["hexadecimal", Buffer.from(core).toString("hex")],
    ...coded.map((text, offset) => [`base64, offset ${offset}`, text] as const),
    ...coded.map((text, offset) => [`URL-safe base64, offset ${offset}`, urlSafe(text)] as const),
    ...twice.map((text, offset) => [`base64 of base64, offset ${offset}`, text] as const),
  ];
  return forms;
}
