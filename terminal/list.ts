/** A list as lines: a headline, then a row each with its state, its name and what it does or found. Pure. */
import { cells, fit, oneLine, pad } from "./text";

export interface ListRow {
  /** One word, such as `running`. */
  readonly state: string;
  /** Number of the state's colour (SGR, ECMA-48): 32 is green. @default the terminal's own */
  readonly colour?: number | undefined;
  readonly name: string;
  /** What is told of it. */
  readonly text: string;
  /** Rows of a lower rank keep their place where there are more of them than lines. */
  readonly rank: number;
}

export interface List {
  readonly headline: string;
  readonly rows: readonly ListRow[];
  /** Characters of the longest word for a state, so that columns hold while states change. */
  readonly stateWidth: number;
  /** Tells what rows have in common that have no place. */
  readonly tally: (hidden: readonly ListRow[]) => string;
}

export interface ListOptions {
  /** Columns and rows of the terminal. Every line is narrower than the first, and there are fewer lines than the second. */
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

const NAME = { least: 8, most: 40 } as const;
const GAP = "  ";

/**
 * Lines of the list. The last column of the terminal stays free: terminals differ in what they do with a line that is
 * exactly as wide as they are.
 */
export function listLines({ headline, rows, stateWidth, tally }: List, options: ListOptions): string[] {
  const columns = Math.max(1, options.columns - 1);
  // On a narrow terminal names give way before what is told: half the room is theirs.
  const room = Math.floor((columns - stateWidth - 2 * GAP.length) / 2);
  const longest = Math.max(0, ...rows.map(({ name }) => cells(name)));
  const nameWidth = Math.max(NAME.least, Math.min(longest, NAME.most, room));
  const shown = chosen(rows, Math.max(1, options.rows - 3));
  const hidden = rows.filter((row) => !shown.has(row));
  const widths = { stateWidth, nameWidth, columns };
  return [
    fit(oneLine(headline), columns),
    ...rows.filter((row) => shown.has(row)).map((row) => line(row, widths, options.colour)),
    ...(hidden.length === 0 ? [] : [fit(`and ${hidden.length} more: ${tally(hidden)}`, columns)]),
  ].slice(0, options.rows - 1);
}

/** Rows that have a place, where there is room for so many. */
function chosen(rows: readonly ListRow[], room: number): ReadonlySet<ListRow> {
  if (rows.length <= room) return new Set(rows);
  return new Set([...rows].sort((a, b) => a.rank - b.rank).slice(0, Math.max(0, room - 1)));
}

interface Widths {
  readonly stateWidth: number;
  readonly nameWidth: number;
  readonly columns: number;
}

function line(row: ListRow, { stateWidth, nameWidth, columns }: Widths, colour: boolean): string {
  const name = pad(fit(oneLine(row.name), nameWidth), nameWidth);
  const text = fit(`${pad(row.state, stateWidth)}${GAP}${name}${GAP}${oneLine(row.text)}`.trimEnd(), columns);
  if (!colour || row.colour === undefined || !text.startsWith(row.state)) return text;
  return `\x1b[${row.colour}m${row.state}\x1b[0m${text.slice(row.state.length)}`;
}

/** Time that still goes on, in a form that keeps its width for a while. */
export const elapsed = (milliseconds: number): string => `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;

/** How many of each, in the order of the words: `3 done, 1 running`; those that there are none of are left out. */
export function counted(states: readonly string[], words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .map(([state, word]) => [states.filter((one) => one === state).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}
