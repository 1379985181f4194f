/** What was found, for people and for programs. Pure. */
import { row } from "../../checks/report/layout";
import type { TextOptions } from "../../checks/report/text";
import type { Change, FoundObject, FoundRelease } from "./inventory";
import type { Survey } from "./survey";
import { WORKAROUND_REASONS } from "./workarounds";

export interface AdoptReport {
  readonly stack: string;
  readonly uid?: string | undefined;
  readonly kubeconfig: string;
  /** Version of this project that looked. */
  readonly program: string;
  readonly survey: Survey;
  /** The import files in their order; absent where none was written. */
  readonly files?: readonly string[] | undefined;
  /** Why there are no import files. */
  readonly withheld?: string | undefined;
  /** Commands that come next. */
  readonly next: readonly string[];
  readonly exitCode: number;
}

type Found = FoundObject | FoundRelease;

const titleOf = (found: Found): string =>
  "object" in found ? `${found.object.kind} ${found.id}` : `Release ${found.id}`;

const all = ({ inventory }: Survey): Found[] => [...inventory.releases, ...inventory.objects];
const standing = (survey: Survey, which: Found["standing"]): Found[] =>
  all(survey).filter((one) => one.standing === which);

/** A section: its title with the number of its rows, or what is said where there are none. */
function section(title: string, rows: readonly (readonly string[])[], options: TextOptions): string[] {
  if (rows.length === 0) return [];
  const columns = Math.max(...rows.map((cells) => cells.length));
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.min(56, Math.max(...rows.map((cells) => (cells[index] ?? "").length))),
  );
  return [
    "",
    `${title} (${rows.length})`,
    ...rows.flatMap((cells) => row(cells, widths, options.width - 2).map((line) => `  ${line}`)),
  ];
}

const changeText = ({ field, live, declared, by }: Change): string =>
  declared === "dropped"
    ? `${field} ${live} goes, because the stack does not declare it (${by ?? "kubectl"} wrote it)`
    : `${field}: ${live} becomes ${declared}${by === undefined ? "" : ` (held by ${by})`}`;

/** The report as text. Values of secrets are masked where the differences are made (checks/drift/objects/show.ts). */
export function textReport(report: AdoptReport, options: TextOptions): string {
  const { survey } = report;
  const changed = standing(survey, "adopt").filter(({ changes }) => changes.length > 0);
  const left = survey.inventory.objects.filter(({ leftAlone }) => leftAlone.length > 0);
  const lines = [
    `seldon-k3s adopt: stack ${report.stack}`,
    `cluster ${report.uid ?? "without a UID in the stack file yet"}, kubeconfig ${report.kubeconfig}`,
    `program ${report.program}`,
    ...section(
      "Taken over",
      standing(survey, "adopt").map((one) => [titleOf(one), verdictOf(one)]),
      options,
    ),
    ...section(
      "Changed by the first up",
      changed.flatMap((one) => one.changes.map((change) => [titleOf(one), changeText(change)])),
      options,
    ),
    ...section(
      "Left alone while cluster.takeOver is set",
      left.map((one) => [titleOf(one), one.leftAlone.join(", ")]),
      options,
    ),
    ...section(
      "Made by the first up",
      standing(survey, "create").map((one) => [titleOf(one), "does not exist yet"]),
      options,
    ),
    ...section(
      "The stack's already",
      standing(survey, "own").map((one) => [titleOf(one), "written by the stack before"]),
      options,
    ),
    ...section(
      "Stays outside the stack",
      [
        ...survey.outside.map(({ kind, namespace, name }) => [`${kind} ${namespace}/${name}`, "not declared"]),
        ...survey.releases.map(({ namespace, name, status }) => [
          `Release ${namespace}/${name}`,
          `not declared, ${status}`,
        ]),
      ],
      options,
    ),
    ...section(
      "Stands in the way",
      survey.obstacles.map(({ what, why, fix }) => [what, `${why}. Mend: ${fix}`]),
      options,
    ),
    ...section(
      "Workarounds",
      survey.workarounds.map(({ object: { kind, namespace, name }, workaround }) => [
        `${kind} ${namespace}/${name}`,
        `${workaround.kind}${workaround.field === "" ? "" : ` (${workaround.field})`}: ${WORKAROUND_REASONS[workaround.kind]}`,
      ]),
      options,
    ),
    ...(survey.workarounds.length === 0
      ? []
      : [`  Taken away by: npm run adopt -- ${report.stack} --remove-workarounds (a preview; --yes does it)`]),
    ...section(
      "Cut off once policies are enforced",
      survey.cut.map((line) => [line]),
      options,
    ),
    ...section(
      "To know",
      survey.notes.map((line) => [line]),
      options,
    ),
    ...section(
      "Could not look",
      survey.gaps.map((line) => [line]),
      options,
    ),
    "",
    report.files === undefined
      ? `No import files: ${report.withheld ?? ""}.`
      : `Import files: ${report.files.join(", ")}`,
    ...(report.next.length === 0 ? [] : ["Next:", ...report.next.map((command) => `  ${command}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

function verdictOf({ changes }: Found): string {
  if (changes.length === 0) return "as declared";
  return changes.length === 1 ? "1 field changes" : `${changes.length} fields change`;
}

export const JSON_VERSION = 1;

/** The report for programs; fields are only ever added within a version. */
export function jsonReport(report: AdoptReport): string {
  const { survey, stack, uid, kubeconfig, program, files, withheld, next, exitCode } = report;
  const found = (one: Found) => ({
    resource: one.resource.urn,
    kind: "object" in one ? one.object.kind : "Release",
    id: one.id,
    standing: one.standing,
    changes: one.changes,
    ...("leftAlone" in one && one.leftAlone.length > 0 ? { leftAlone: one.leftAlone } : {}),
  });
  return `${JSON.stringify(
    {
      version: JSON_VERSION,
      kind: "seldon-k3s.adopt",
      stack,
      uid,
      kubeconfig,
      program,
      exitCode,
      found: all(survey).map(found),
      outside: survey.outside,
      otherReleases: survey.releases,
      obstacles: survey.obstacles,
      workarounds: survey.workarounds.map(({ object, declared, workaround: { kind, field } }) => ({
        ...object,
        declared,
        workaround: kind,
        field,
      })),
      cut: survey.cut,
      notes: survey.notes,
      gaps: survey.gaps,
      importFiles: files,
      withheld,
      next,
    },
    undefined,
    2,
  )}\n`;
}
