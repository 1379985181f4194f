/** What a text takes on a terminal, and fitting it into columns. Pure. */

/**
 * A text without the characters that a terminal obeys or that XML 1.0 does not allow, not even escaped: control characters
 * are shown as `\x1b`, halves of a surrogate pair and non-characters as U+FFFD. Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\p{Cs}\uFFFE\uFFFF]/gu, "\uFFFD")
    .replace(/\p{Cc}/gu, (character) =>
      character === "\n" || character === "\t"
        ? character
        : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
}

/** The same on one line; spaces stay as they are. */
export const oneLine = (text: string): string =>
  printable(text)
    .replace(/\s*[\n\t]\s*/g, " ")
    .trim();

/** Characters that stand on the one before: accents, joiners, marks of direction, variation selectors. */
const NO_CELL = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Ranges that terminals show two cells wide: East Asian Wide and Fullwidth (Unicode 15, UAX 11), and emoji. */
const TWO_CELLS =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{17000}-\u{18DFF}\u{1B000}-\u{1B2FF}\u{1F200}-\u{1F2FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;

const ASCII = /^[\x20-\x7E]*$/;

const cellsOf = (character: string): number => (NO_CELL.test(character) ? 0 : TWO_CELLS.test(character) ? 2 : 1);

/** Cells that a printable text takes on a terminal. */
export const cells = (text: string): number =>
  ASCII.test(text) ? text.length : [...text].reduce((sum, character) => sum + cellsOf(character), 0);

/** A text of at most so many cells; what is cut off is shown by dots, where there is room for them. */
export function fit(text: string, columns: number): string {
  if (cells(text) <= columns) return text;
  const dots = columns > 3 ? "..." : "";
  let room = Math.max(0, columns) - dots.length;
  let kept = "";
  for (const character of text) {
    room -= cellsOf(character);
    if (room < 0) break;
    kept += character;
  }
  return kept + dots;
}

/** A text with spaces behind it, up to so many cells. */
export const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - cells(text)));
