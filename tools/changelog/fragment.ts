/** A change as a file of `changes/`: its kind and one paragraph. Pure. */

/** What a change can be, in the order of CHANGELOG.md, with the heading there. */
export const KINDS = {
  "upgrade note": "Upgrade notes",
  security: "Security",
  added: "Added",
  changed: "Changed",
  fixed: "Fixed",
} as const;
export type Kind = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as Kind[];

export interface Fragment {
  readonly file: string;
  readonly kind: Kind;
  /** Whether the release notes begin with it. */
  readonly highlight: boolean;
  /** The paragraph, on one line. */
  readonly text: string;
  /** Commands of an upgrade note, a line each. */
  readonly commands: readonly string[];
}

export interface Fault {
  readonly file: string;
  /** What is wrong, what is allowed and what mends it. */
  readonly text: string;
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*\.md$/;

/** Addresses that belong to nobody: documentation (RFC 5737), loopback, "any", and K3s' own ranges of pods and Services. */
const NOBODYS = /^(192\.0\.2|198\.51\.100|203\.0\.113|127|0\.0\.0\.0|10\.42|10\.43)(\.|$)/;

interface Trace {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed?: (found: string) => boolean;
}

/** What means something in one place only: a reader of a release has neither our tracker nor our network. */
const TRACES: readonly Trace[] = [
  { what: "a number of an issue tracker", pattern: /(?<![\w&])#\d+\b|\bGH-\d+\b/g },
  { what: "a number of an issue tracker", pattern: /\b(?:issue|ticket|pull request|merge request)s? #?\d+\b/gi },
  { what: "a page of an issue tracker", pattern: /https?:\/\/\S+\/(?:issues|pull|merge_requests|browse)\/\S+/g },
  { what: "a host name of a private network", pattern: /\b[\w-]+\.(?:internal|intranet|intra|corp|lan|home)\b/gi },
  {
    what: "an address",
    pattern: /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)/g,
    allowed: (address) => NOBODYS.test(address),
  },
];

/** Fields before the paragraph, `name: value` each, with what is allowed. */
const FIELDS: Readonly<Record<string, readonly string[]>> = { kind: KIND_NAMES, highlight: ["yes", "no"] };

const COMMANDS = /^```sh\n([^]*?)\n```$/m;

/**
 * Reads one file: `kind: added`, for a change that a release is proud of also `highlight: yes`, an empty line, and one
 * paragraph. An upgrade note ends with a block of commands (```sh).
 */
export function readFragment(
  file: string,
  content: string,
): { readonly fragment?: Fragment; readonly faults: Fault[] } {
  const faults: Fault[] = [];
  const say = (text: string) => void faults.push({ file, text });
  if (!NAME.test(file))
    say(`the name must be small letters and digits with hyphens and end with .md, such as tenants.md`);
  const [head = "", ...parts] = content
    .replace(/\r\n/g, "\n")
    .trim()
    .split(/\n{2,}/);
  const fields = fieldsOf(head, say);
  const kind = KIND_NAMES.find((name) => name === fields.get("kind"));
  const body = parts.join("\n\n");
  const [block, commands = ""] = COMMANDS.exec(body) ?? [];
  const paragraphs = (block === undefined ? body : body.replace(block, ""))
    .trim()
    .split(/\n{2,}/)
    .filter(Boolean);
  const text = (paragraphs[0] ?? "").replace(/\s*\n\s*/g, " ");
  if (paragraphs.length !== 1) {
    say(`got ${paragraphs.length} paragraphs, allowed is one; a second change is a second file`);
  } else if (/^([-*>|]|#+|\d+\.) /.test(text)) {
    say("got a list or a heading, allowed is one paragraph of plain text; a second change is a second file");
  } else if (!/[.!)`]$/.test(text)) {
    say(`the paragraph must end with a full stop, got "...${text.slice(-20)}"`);
  }
  if (kind === "upgrade note" && block === undefined) {
    say("an upgrade note ends with the commands that a reader runs, in a block that begins with ```sh");
  }
  if (kind !== undefined && kind !== "upgrade note" && block !== undefined) {
    say(`commands belong to the kind "upgrade note", got "${kind}"`);
  }
  for (const { what, pattern, allowed } of TRACES) {
    for (const [found] of body.matchAll(pattern)) {
      if (allowed?.(found) !== true) say(`names ${what}, "${found}"; say what it is about instead`);
    }
  }
  if (faults.length > 0 || kind === undefined) return { faults };
  const highlight = fields.get("highlight") === "yes";
  return { fragment: { file, kind, highlight, text, commands: commands.split("\n").filter(Boolean) }, faults };
}

function fieldsOf(head: string, say: (text: string) => void): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split("\n")) {
    const [, name = "", value = ""] = /^([a-z]+): *(.+?) *$/.exec(line) ?? [];
    const allowed = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (allowed === undefined) {
      say(
        `begins with "${line}"; allowed before the empty line: ${Object.keys(FIELDS).join(", ")}, such as "kind: added"`,
      );
    } else if (!allowed.includes(value)) {
      say(`${name} is "${value}"; allowed: ${allowed.join(", ")}`);
    }
    fields.set(name, value);
  }
  if (!fields.has("kind") && head !== "") say(`has no kind; allowed: ${KIND_NAMES.join(", ")}`);
  return fields;
}

/** The bullet of a change in CHANGELOG.md and in release notes. */
export const bulletOf = ({ text, commands }: Fragment): string =>
  commands.length === 0
    ? `- ${text}`
    : [`- ${text}`, "", "  ```sh", ...commands.map((line) => `  ${line}`), "  ```"].join("\n");

/** The changes under headings, by kind. @param level of the headings. */
export function sections(fragments: readonly Fragment[], level = 3): string[] {
  return KIND_NAMES.flatMap((kind) => {
    const own = fragments.filter((fragment) => fragment.kind === kind);
    return own.length === 0 ? [] : [`${"#".repeat(level)} ${KINDS[kind]}`, own.map(bulletOf).join("\n")];
  });
}
