/** A command as data: shown first, run when it was asked for. No shell reads it, and no secret is in it. */

export interface Step {
  /** Program and arguments. A word in angle brackets is a place to fill in: such a step is shown, never run. */
  readonly argv: readonly [string, ...string[]];
  /** What it is for, as a clause. */
  readonly why: string;
  /** A command that ends with 0 where the step is done already. */
  readonly unless?: readonly [string, ...string[]];
}

/** A word as a POSIX shell takes it literally. */
const quote = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** The command as a person types it. */
export const shown = (argv: readonly string[]): string => argv.map(quote).join(" ");

/** Whether a person has to fill something in. */
export const isTemplate = ({ argv, unless }: Step): boolean =>
  [...argv, ...(unless ?? [])].some((word) => /<[a-z -]+>/.test(word));
