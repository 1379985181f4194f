/** Annotations of nodes by which a CNI finds its peers. */
import type { Run } from "../cli/run";
import type { BaseSubject } from "../cli/subject";
import type { Node } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";

/** Takes all annotations with that beginning from all nodes. @throws Refusal | LookError */
export async function removeNodeAnnotations({ cluster, say }: Run<BaseSubject>, prefix: string): Promise<void> {
  for (const { metadata } of await cluster.list<Node>(PATHS.nodes)) {
    const names = Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith(prefix));
    if (names.length === 0) continue;
    say("node", `${metadata.name}: taking away ${names.length} annotations ${prefix}*`);
    // A merge patch takes away what it sets to null.
    const annotations = Object.fromEntries(names.map((name) => [name, null]));
    await cluster.patch(PATHS.node(metadata.name), { metadata: { annotations } });
  }
}
