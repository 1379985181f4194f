/** Fitting text into columns. Pure. */

/**
 * Breaks a text at spaces into lines of at most `width` characters; a word that is longer is cut, so that nothing is
 * lost. At least one line.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
    line = word;
  }
  lines.push(line);
  return lines;
}

/** One row of a table, whose last column wraps under itself. */
export function row(cells: readonly string[], widths: readonly number[], width: number): string[] {
  const head = cells.slice(0, -1);
  const indent = widths.slice(0, head.length).reduce((sum, one) => sum + one + 2, 0);
  const [first = "", ...rest] = wrap(cells.at(-1) ?? "", Math.max(20, width - indent));
  const left = head.map((cell, index) => `${cell.padEnd(widths[index] ?? 0)}  `).join("");
  return [`${left}${first}`.trimEnd(), ...rest.map((line) => " ".repeat(indent) + line)];
}

/** A duration for people: `12 ms`, `3.4 s`. */
export const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
