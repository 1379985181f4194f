/** Differences that the stack file accepts, each with its reason (`drift.allow`). */
import type { AllowedDrift } from "../../../config/schema";
import { isWithin } from "./field-path";

/** What a difference is compared with. */
export interface Located {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Empty for a whole object. */
  readonly field: string;
}

export class AllowList {
  private readonly used = new Set<AllowedDrift>();

  constructor(private readonly entries: readonly AllowedDrift[]) {}

  /** The entry that accepts a difference, remembered as used. */
  find(difference: Located): AllowedDrift | undefined {
    const found = this.entries.find((entry) => accepts(entry, difference));
    if (found !== undefined) this.used.add(found);
    return found;
  }

  /** Entries that have accepted nothing so far. */
  get unused(): readonly AllowedDrift[] {
    return this.entries.filter((entry) => !this.used.has(entry));
  }
}

function accepts(entry: AllowedDrift, { kind, name, namespace, field }: Located): boolean {
  return (
    entry.kind === kind &&
    (entry.namespace === undefined || entry.namespace === namespace) &&
    matches(entry.name, name) &&
    (entry.field === undefined || (field !== "" && isWithin(field, entry.field)))
  );
}

/** `*` stands for any text. */
const matches = (pattern: string, name: string): boolean => {
  const literal = pattern.split("*").map((part) => part.replace(/[.\\+?^${}()|[\]]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`).test(name);
};

/** An entry as reports name it. */
export const showEntry = ({ kind, namespace, name, field }: AllowedDrift): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}${field === undefined ? "" : ` ${field}`}`;
