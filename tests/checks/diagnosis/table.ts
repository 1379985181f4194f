/** The table of the report: what was injected, the verdict, the time to it. Written where DIAGNOSIS_TABLE names a file. */
import { writeFileSync } from "node:fs";

export interface Row {
  readonly injected: string;
  readonly verdict: string;
  readonly certainty: string;
  readonly milliseconds: number;
}

export class Table {
  private readonly reproductions: Row[] = [];
  private readonly nearMisses: (Row & { readonly not: string })[] = [];

  reproduction(row: Row): void {
    this.reproductions.push(row);
  }

  nearMiss(row: Row & { readonly not: string }): void {
    this.nearMisses.push(row);
  }

  write(file: string | undefined): void {
    if (file === undefined || file === "") return;
    const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2);
    writeFileSync(
      file,
      [
        "| cause injected | verdict, first of the ranking | certainty | seconds |",
        "|---|---|---|---|",
        ...this.reproductions.map(
          ({ injected, verdict, certainty, milliseconds }) =>
            `| ${injected} | ${verdict} | ${certainty} | ${seconds(milliseconds)} |`,
        ),
        "",
        "| near miss | must not be taken for | verdict |",
        "|---|---|---|",
        ...this.nearMisses.map(({ injected, not, verdict }) => `| ${injected} | ${not} | ${verdict} |`),
        "",
      ].join("\n"),
    );
  }
}
