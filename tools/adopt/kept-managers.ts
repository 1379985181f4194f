/**
 * What the provider drops without saying so. Before its first real apply, and never in a preview, it takes everything that
 * kubectl wrote on an object for its own (4.34, `await.go` fixCSAFieldManagers): what the stack does not declare of that is
 * gone after the apply. What other managers wrote stays. Pure.
 */
import { FieldIndex, isWithin } from "../../checks/drift/objects/field-path";
import type { OwnedField } from "../../checks/drift/objects/managed-fields";
import { namedFields } from "../../checks/drift/objects/difference";
import type { DeclaredObject } from "../../checks/drift/objects/declared";

/** Managers whose fields it takes over, known by how their names begin. */
const TAKEN_OVER = /^(kubectl|before-first-apply)/;

/** The API server's and kubectl's own notes, which nobody misses. */
const BOOKKEEPING = /^metadata\.(annotations\[kubectl\.kubernetes\.io\/|labels\[kubernetes\.io\/metadata\.name\])/;

/** Fields that vanish, or go back to the server's default, at the first `up`. */
export function droppedFields(object: DeclaredObject, owned: readonly OwnedField[]): OwnedField[] {
  const declared = new FieldIndex(
    [...namedFields(object.body), ...object.withheld].map((field) => [field, field] as const),
  );
  const others = owned.filter(({ manager }) => !TAKEN_OVER.test(manager));
  const seen = new Set<string>();
  return owned.filter(({ field, value, manager }) => {
    if (!TAKEN_OVER.test(manager) || value === undefined || seen.has(field) || BOOKKEEPING.test(field)) return false;
    if (declared.touching(field).length > 0 || others.some((one) => isWithin(one.field, field))) return false;
    seen.add(field);
    return true;
  });
}
