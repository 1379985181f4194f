/**
 * Who reaches whom, as a matrix for each namespace that is reached: what the flow table wants, and whether it was seen
 * to be so. A pair that was probed from several nodes shows the worst of its findings. Pure.
 */
import { type Finding, type FlowSide, type ProbedFlow, type Verdict, worst } from "../../verdict";
import { element, type Markup } from "../markup";

/** One cell: what is declared, and the verdicts about it; none where nothing was probed. */
interface Cell {
  readonly allowed: boolean;
  readonly verdicts: readonly Verdict[];
  readonly told: readonly string[];
}

/** What a cell says. `unproven` cells are hatched over the colour of what is declared. */
interface Look {
  readonly className: string;
  readonly word: string;
}

const PROVEN: Partial<Record<Verdict, Record<"open" | "shut", Look>>> = {
  PASS: { open: { className: "open", word: "●" }, shut: { className: "shut", word: "·" } },
  FAIL: { open: { className: "bad", word: "BLOCKED" }, shut: { className: "bad", word: "OPEN" } },
  DRIFT: { open: { className: "bad", word: "BLOCKED" }, shut: { className: "bad", word: "OPEN" } },
};

const KEY: readonly (readonly [Look, string])[] = [
  [PROVEN.PASS!.open, "must be reachable, and was"],
  [PROVEN.PASS!.shut, "must not be reachable, and was not"],
  [PROVEN.FAIL!.open, "must be reachable, and was not"],
  [PROVEN.FAIL!.shut, "must not be reachable, and was"],
  [{ className: "open unproven", word: "●?" }, "declared open, not proven here"],
  [{ className: "shut unproven", word: "·?" }, "declared shut, not proven here"],
];

function lookOf({ allowed, verdicts }: Cell): Look {
  const declared = allowed ? "open" : "shut";
  const proven = verdicts.length === 0 ? undefined : PROVEN[worst(verdicts)]?.[declared];
  return proven ?? { className: `${declared} unproven`, word: `${PROVEN.PASS![declared].word}?` };
}

/** The table's own namespace is not repeated on every line. */
function sideName({ endpoint, namespace }: FlowSide, home: string): string {
  if (namespace === undefined || namespace === home) return endpoint;
  return `${endpoint} (${namespace})`;
}

type Grid = Map<string, Map<string, Cell>>;

/**
 * A figure for every namespace that something reaches into; nothing where there is no flow.
 * @param findings Those with a flow count.
 * @param declared What is declared, drawn where no finding is about a flow.
 */
export function policyMatrix(findings: readonly Finding[], declared: readonly ProbedFlow[] = []): Markup[] {
  const grids = new Map<string, Grid>();
  const put = (flow: ProbedFlow, finding?: Finding): void => {
    const home = flow.to.namespace ?? "";
    const grid = entry(grids, home, (): Grid => new Map());
    const row = entry(grid, sideName(flow.from, home), () => new Map<string, Cell>());
    const column = `${flow.to.endpoint} ${flow.port}`;
    const known = row.get(column) ?? { allowed: flow.allowed, verdicts: [], told: [] };
    if (finding === undefined) row.set(column, known);
    else {
      const told = `${finding.verdict} ${finding.target}: ${finding.actual}`;
      row.set(column, { ...known, verdicts: [...known.verdicts, finding.verdict], told: [...known.told, told] });
    }
  };
  for (const finding of findings) if (finding.flow !== undefined) put(finding.flow, finding);
  if (grids.size === 0) for (const flow of declared) put(flow);
  if (grids.size === 0) return [];
  return [keyList(), ...[...grids].map(([home, grid]) => gridFigure(home, grid))];
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const keyList = (): Markup =>
  element(
    "ul",
    { class: "key" },
    KEY.map(([{ word }, meaning]) => element("li", {}, element("b", {}, word), ` ${meaning}`)),
  );

function gridFigure(home: string, grid: Grid): Markup {
  const columns = [...new Set([...grid.values()].flatMap((row) => [...row.keys()]))].sort(byTarget);
  const targets = [...new Set(columns.map((column) => splitColumn(column).target))];
  const portsOf = (target: string): string[] => columns.filter((column) => splitColumn(column).target === target);
  // Who lives there comes first.
  const foreign = (source: string): number => (source.includes("(") ? 1 : 0);
  const rows = [...grid]
    .sort(([a], [b]) => foreign(a) - foreign(b))
    .map(([source, row]) => [
      "\n",
      element(
        "tr",
        {},
        element("th", { scope: "row" }, source),
        columns.map((column) => cellOf(source, column, row.get(column))),
      ),
    ]);
  return element(
    "figure",
    {},
    element(
      "div",
      { class: "scroll" },
      element(
        "table",
        { class: "matrix" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { rowspan: 2, scope: "col" }, "from \\ to"),
            targets.map((target) => element("th", { colspan: portsOf(target).length, scope: "colgroup" }, target)),
          ),
          element(
            "tr",
            {},
            columns.map((column) => element("th", { scope: "col" }, splitColumn(column).port)),
          ),
        ),
        element("tbody", {}, rows),
      ),
    ),
    element(
      "figcaption",
      {},
      home === "" ? "Parties outside our namespaces" : `Into namespace ${home}; TCP, container ports`,
    ),
  );
}

/** A target's name may have blanks, such as "another pod"; its port is what follows the last one. */
function splitColumn(column: string): { target: string; port: string } {
  const at = column.lastIndexOf(" ");
  return { target: column.slice(0, at), port: column.slice(at + 1) };
}

const byTarget = (left: string, right: string): number => {
  const [a, b] = [splitColumn(left), splitColumn(right)];
  return a.target.localeCompare(b.target) || Number(a.port) - Number(b.port);
};

function cellOf(source: string, column: string, cell: Cell | undefined): Markup {
  if (cell === undefined) return element("td", { title: `${source} to ${column}: not part of this run` });
  const { className, word } = lookOf(cell);
  const told = cell.told.length === 0 ? "not probed in this run" : cell.told.join("\n");
  return element("td", { class: className, title: `${source} to ${column}\n${told}` }, word);
}
