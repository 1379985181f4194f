/** The whole bill of materials: npm's document with the other components in it. Pure. */
import { folderOf } from "../charts/pinned";
import type { Component } from "./components";
import type { Parts } from "./parts";

/** What is read of npm's document; everything else stays as it is. */
export interface NpmBom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly components?: readonly object[];
}

export interface Bom extends NpmBom {
  readonly components: readonly (object | Component)[];
  readonly compositions?: readonly { readonly aggregate: "incomplete"; readonly assemblies: readonly string[] }[];
}

export function bom(npm: NpmBom, { components, unread }: Parts): Bom {
  const incomplete = unread.map((pinned) => `chart:${folderOf(pinned)}`);
  return {
    ...npm,
    components: [...(npm.components ?? []), ...components],
    ...(incomplete.length === 0 ? {} : { compositions: [{ aggregate: "incomplete", assemblies: incomplete }] }),
  };
}
