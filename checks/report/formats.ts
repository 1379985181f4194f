/** The formats of a report about checks, by the name that `--report` takes. */
import { type TextOptions, textReport } from "./text";
import { htmlReport } from "./html/report";
import { jsonReport } from "./json";
import { junitReport } from "./junit";
import { markdownReport } from "./markdown";
import type { Report } from "./report";

export const FORMATS = ["text", "json", "junit", "markdown", "html"] as const;
export type Format = (typeof FORMATS)[number];

/** Renders a report. Pure. @param options Of the text format: width and colour of where it goes. */
export const RENDERERS: Readonly<Record<Format, (report: Report, options: TextOptions) => string>> = {
  text: ({ head, run, text }, options) => `${textReport(head, run, options)}${text === undefined ? "" : `\n${text}`}`,
  json: ({ head, run, json }) => jsonReport(head, run, json),
  junit: junitReport,
  markdown: markdownReport,
  html: htmlReport,
};
