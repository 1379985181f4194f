/**
 * The settings that K3s on a machine really has: its files, then the unit's flags, with K3s' own precedence. Pure.
 *
 * K3s turns `config.yaml` and then `config.yaml.d/*.yaml` in alphabetical order into flags and puts them before those of the
 * unit. So of a flag with one value the unit's wins, then the last file's; a list's values add up, except that a later file
 * replaces those of an earlier one unless its key ends with `+`. A variable counts where no flag does.
 */
import { FAILSAFE_SCHEMA, load, YAMLException } from "js-yaml";
import { CONFIG_FILE } from "../../components/k3s/settings";
import type { HostFacts } from "./facts";
import { BOOLEAN_FLAGS, COMMA_FLAGS, ENVIRONMENT_FLAGS, LIST_FLAGS, SERVER_DEFAULTS, SHORT_FLAGS } from "./k3s-flags";

/** Where a setting stands: a file's path, the unit's command line, or the unit's environment. */
export type Source = string;
export const UNIT: Source = "the unit's flags";
export const ENVIRONMENT: Source = "the unit's environment";

/** One mention of a setting. */
export interface Mention {
  readonly key: string;
  readonly values: readonly string[];
  readonly source: Source;
}

/** A file that K3s could not read. */
export interface BrokenFile {
  readonly path: string;
  readonly problem: string;
}

/** What a machine's K3s is set to, and who says so. */
export class EffectiveSettings {
  /**
   * @param mentions in the order in which K3s reads them.
   * @param broken files that are no settings.
   */
  constructor(
    readonly mentions: readonly Mention[],
    readonly broken: readonly BrokenFile[],
    private readonly role: HostFacts["role"],
  ) {}

  /** Every value of a setting; undefined where nobody says anything and K3s' default is not fixed. */
  values(key: string): readonly string[] | undefined {
    const own = this.said(key);
    if (own.length === 0) return this.defaultOf(key);
    if (LIST_FLAGS.has(key)) return own.flatMap(({ values }) => values);
    return own.at(-1)!.values.slice(-1);
  }

  /** The values as one text: a list's sorted and divided by commas, so that equal lists are equal texts. */
  text(key: string): string | undefined {
    const values = this.values(key);
    return values === undefined ? undefined : [...values].sort().join(",");
  }

  /** Who decides a setting: the last who says something; undefined where it is K3s' default. */
  source(key: string): Source | undefined {
    return this.said(key).at(-1)?.source;
  }

  /** The value that a source gives a setting, or undefined. */
  from(source: Source, key: string): string | undefined {
    const found = this.said(key).filter((mention) => mention.source === source);
    if (found.length === 0) return undefined;
    return (LIST_FLAGS.has(key) ? found : found.slice(-1))
      .flatMap(({ values }) => values)
      .sort()
      .join(",");
  }

  /** Names of everything that somebody set. */
  get keys(): readonly string[] {
    return [...new Set(this.mentions.map(({ key }) => key))].sort();
  }

  /** A value of a list such as `kube-controller-manager-arg`, whose items are `name=value`. */
  argument(key: string, name: string): string | undefined {
    const found = (this.values(key) ?? []).filter((item) => item.replace(/^--/, "").startsWith(`${name}=`)).at(-1);
    return found?.slice(found.indexOf("=") + 1);
  }

  private said(key: string): readonly Mention[] {
    const own = this.mentions.filter((mention) => mention.key === key);
    const flags = own.filter(({ source }) => source !== ENVIRONMENT);
    return flags.length > 0 ? flags : own;
  }

  private defaultOf(key: string): readonly string[] | undefined {
    if (this.role !== "server") return undefined;
    if (key === "cluster-dns") return [tenthAddress(this.values("service-cidr")?.[0])];
    const value = SERVER_DEFAULTS[key];
    return value === undefined ? undefined : [value];
  }
}

/** The address that K3s gives to the DNS Service: the tenth of the first Service range. */
function tenthAddress(serviceCidr = ""): string {
  return serviceCidr.replace(/(\d+)\/\d+$/, (_, last: string) => String(Number(last) + 10));
}

/** The settings of a machine with K3s. */
export function effectiveSettings(facts: HostFacts): EffectiveSettings {
  const broken: BrokenFile[] = [];
  const fromFiles = facts.configFiles.filter(({ path }) => isSettingsFile(path)).sort(byReadingOrder);
  let mentions: Mention[] = [];
  for (const { path, content } of fromFiles) {
    const read = content === undefined ? [] : fileMentions(path, content);
    if (!Array.isArray(read)) {
      broken.push({ path, problem: read.problem });
      continue;
    }
    for (const { append, ...mention } of read) {
      if (!append) mentions = mentions.filter(({ key }) => key !== mention.key);
      mentions.push(mention);
    }
  }
  const variables = facts.environment.flatMap((line): Mention[] => {
    const at = line.indexOf("=");
    const key = ENVIRONMENT_FLAGS[line.slice(0, at)];
    const value = line.slice(at + 1).replace(/^(["'])(.*)\1$/, "$2");
    return key === undefined || value === "" ? [] : [mention(key, [value], ENVIRONMENT)];
  });
  return new EffectiveSettings([...variables, ...mentions, ...unitMentions(facts.execStart)], broken, facts.role);
}

/** Whether K3s reads a file as settings: `registries.yaml` lies beside them and is not. */
export const isSettingsFile = (path: string): boolean =>
  path === CONFIG_FILE || (path.startsWith(`${CONFIG_FILE}.d/`) && /\.ya?ml$/.test(path));

/** `config.yaml` first, then its drop-ins in alphabetical order. */
function byReadingOrder({ path: left }: { path: string }, { path: right }: { path: string }): number {
  if (left === CONFIG_FILE) return -1;
  if (right === CONFIG_FILE) return 1;
  return left < right ? -1 : 1;
}

/** Settings of one file, or what is wrong with it. Text stays text: `0600` is neither octal nor decimal here. */
function fileMentions(path: string, content: string): (Mention & { append: boolean })[] | { problem: string } {
  let parsed: unknown;
  try {
    parsed = load(content, { schema: FAILSAFE_SCHEMA });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // The reason alone: the exception's message quotes the file.
    return { problem: `not YAML: ${error.reason} in line ${(error.mark?.line ?? 0) + 1}` };
  }
  if (parsed === undefined || parsed === null || parsed === "") return [];
  if (typeof parsed !== "object" || Array.isArray(parsed)) return { problem: "not a list of settings" };
  return Object.entries(parsed).map(([name, value]: [string, unknown]) => {
    const append = name.endsWith("+");
    const key = append ? name.slice(0, -1) : name;
    const values = Array.isArray(value) ? value.map(plain) : [plain(value)];
    return { ...mention(SHORT_FLAGS[key] ?? key, values, path), append };
  });
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

/** What counts as true for K3s' YAML 1.1 and for its flags. */
const TRUE = /^(true|t|yes|on|y|1|)$/i;

function mention(key: string, values: readonly string[], source: Source): Mention {
  if (BOOLEAN_FLAGS.has(key)) {
    return { key, values: values.map((value) => (TRUE.test(value) ? "true" : "false")), source };
  }
  if (!COMMA_FLAGS.has(key)) return { key, values, source };
  const parts = values.flatMap((value) => value.split(",")).map((value) => value.trim());
  return { key, values: parts.filter((value) => value !== ""), source };
}

/** The flags of a command line: `--key=value`, `--key value`, `--switch`, `-k value`. */
function unitMentions(words: readonly string[]): Mention[] {
  const found: Mention[] = [];
  for (let index = 1; index < words.length; index += 1) {
    const [, name, inline] = /^--?([A-Za-z][A-Za-z0-9_.-]*)(?:=([\s\S]*))?$/.exec(words[index] ?? "") ?? [];
    if (name === undefined) continue;
    const key = SHORT_FLAGS[name] ?? name;
    const next = words[index + 1];
    if (inline !== undefined) found.push(mention(key, [inline], UNIT));
    else if (BOOLEAN_FLAGS.has(key) || next === undefined || next.startsWith("-")) found.push(mention(key, [""], UNIT));
    else {
      found.push(mention(key, [next], UNIT));
      index += 1;
    }
  }
  return found;
}
