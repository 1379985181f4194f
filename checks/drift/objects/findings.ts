/** What a look at one object says: every difference with its class, its two values as they may be shown, and its owner. Pure. */
import { classOf, type DriftClass, type Origin } from "./classes";
import type { DeclaredObject } from "./declared";
import { type FieldDifference, namedFields } from "./difference";
import { FieldIndex, member } from "./field-path";
import { type OwnedField, ownership } from "./managed-fields";
import { isOwn } from "./managers";
import { show } from "./show";
import { isTree, type Tree } from "../../../config/tree";

/** One difference, ready to be told: values are shown, never whole. */
export interface ObjectDifference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Empty for a whole object. */
  readonly field: string;
  readonly class: DriftClass;
  readonly origin: Origin;
  readonly live: string;
  readonly declared: string;
  /** Field manager that wrote it last, and when; absent where nobody of others did. */
  readonly by?: string | undefined;
}

type Named = Pick<DeclaredObject, "kind" | "name" | "namespace">;

/** A whole object that is there or is not. */
export function whole(
  { kind, name, namespace }: Named,
  origin: "missing" | "undeclared",
  by?: string,
): ObjectDifference {
  const [live, declared] = origin === "missing" ? ["absent", "present"] : ["present", "absent"];
  const { class: driftClass } = classOf({ kind, origin, field: "" });
  return { kind, name, namespace, field: "", class: driftClass, origin, live, declared, by };
}

const showOwner = ({ manager, time }: OwnedField): string => (time === undefined ? manager : `${manager}, ${time}`);

/** What one look at one object says. */
export class Findings {
  private readonly owners: FieldIndex<OwnedField>;
  private readonly own: FieldIndex<OwnedField>;
  private readonly differing: FieldIndex<FieldDifference>;
  private readonly named: readonly string[];

  /** @param unlike Declared fields that are not as declared. */
  constructor(
    private readonly object: DeclaredObject,
    private readonly owned: readonly OwnedField[],
    private readonly unlike: readonly FieldDifference[],
  ) {
    this.owners = ownership(owned);
    this.own = ownership(owned.filter(({ manager }) => isOwn(manager)));
    this.differing = new FieldIndex(unlike.map((one) => [one.field, one] as const));
    this.named = namedFields(object.body);
  }

  changed(): ObjectDifference[] {
    return this.unlike.map((one) => this.told("changed", one));
  }

  /** Keys of a Secret are compared by their names; its values never. */
  missingKeys(live: Tree): ObjectDifference[] {
    const data = isTree(live["data"]) ? live["data"] : {};
    const missing = (this.object.secretKeys ?? []).filter((key) => !(key in data));
    return missing.map((key) =>
      this.told("changed", { field: member("data", key), live: undefined, declared: "[secret]" }),
    );
  }

  /** Fields that others brought and nobody declared. Those that differ are told already. */
  added(): ObjectDifference[] {
    const { withheld } = this.object;
    const declared = new FieldIndex([...this.named, ...withheld].map((field) => [field, field] as const));
    return this.owned
      .filter(
        ({ field, value, manager }) =>
          !isOwn(manager) &&
          value !== undefined &&
          [this.own, declared, this.differing].every((fields) => fields.touching(field).length === 0),
      )
      .map(({ field, value }) => this.told("added", { field, live: value, declared: undefined }));
  }

  /**
   * Fields that are right, but that the stack does not own although it owns others of the object: somebody changed them
   * and changed them back.
   */
  held(): ObjectDifference[] {
    if (!this.owned.some(({ manager }) => isOwn(manager))) return [];
    return this.named.flatMap((field) => {
      const owners = this.owners.touching(field);
      const [first] = owners;
      if (first === undefined || owners.some(({ manager }) => isOwn(manager))) return [];
      if (this.differing.touching(field).length > 0) return [];
      return [this.told("held", { field, live: first.value, declared: first.value })];
    });
  }

  private told(origin: "changed" | "added" | "held", { field, live, declared }: FieldDifference): ObjectDifference {
    const { kind, name, namespace } = this.object;
    const other = this.owners.touching(field).find(({ manager }) => !isOwn(manager));
    return {
      kind,
      name,
      namespace,
      field,
      class: classOf({ kind, origin, field, manager: other?.manager }).class,
      origin,
      live: show(live, field, kind),
      declared: show(declared, field, kind),
      by: other === undefined ? undefined : showOwner(other),
    };
  }
}
