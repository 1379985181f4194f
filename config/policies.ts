/** What the section about policies means, together with the others. Pure. */
import { seldonNamespaces } from "./runtimes";
import type { StackConfig } from "./schema";

/** Namespaces of ours in which the policies act; in the others they are staged (Calico) or absent (Flannel). */
export function enforcedNamespaces(config: Pick<StackConfig, "seldon" | "policies">): string[] {
  const { enabled, enforce, takenOver } = config.policies;
  return enabled ? seldonNamespaces(config).filter((name) => enforce ?? !takenOver.includes(name)) : [];
}

/** Whether the policies act in every namespace of ours. */
export const actsEverywhere = (config: Pick<StackConfig, "seldon" | "policies">): boolean =>
  enforcedNamespaces(config).length === seldonNamespaces(config).length;

/** The same stack with its policies acting in every namespace of ours, for whoever asks what would come of it. */
export const enforcedEverywhere = <C extends Pick<StackConfig, "policies">>(config: C): C => ({
  ...config,
  policies: { ...config.policies, enforce: true },
});

/** Ranges of the object storage: as configured, else everywhere, unless the storage is named in another way. */
export function storageRanges({ storage }: StackConfig["policies"]): readonly string[] {
  const named = storage.service !== undefined || storage.sets.length > 0;
  return storage.cidrs ?? (named ? [] : ["0.0.0.0/0"]);
}
