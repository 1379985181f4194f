import { podPlaces } from "../pods";
import { UNKNOWN } from "../resource";
import { cannotJudge, type ResourceRule } from "../rule";
import { isTree } from "../../config/tree";

/** The environment variable of old advice; Helm values write it as a key, containers as a name. */
const UNREAD = "SELDON_SERVER_HOST";
/** Belongs to hostNetwork, and means nothing without it. */
const HOST_DNS = "ClusterFirstWithHostNet";

/** What clusters with "connection refused" collect does not come back. */
export const noOldWorkarounds: ResourceRule = {
  id: "no-old-workarounds",
  what: "Neither SELDON_SERVER_HOST nor the DNS policy of host networking is set anywhere.",
  why: "No version of Seldon Core v2 reads SELDON_SERVER_HOST. Both hide the cause that somebody looked for, and keep the next one from finding it.",
  fix: "Remove it. `npm run adopt -- <stack>` takes such remains out of a cluster, `npm run diagnose -- <stack>` finds the cause.",
  enforcement: "mandatory",
  *judge(resource) {
    for (const { at, key, value } of podPlaces(resource)) {
      if (value === UNKNOWN) yield cannotJudge(at, "whether it holds an old workaround");
      else if (key === UNREAD || (isTree(value) && value["name"] === UNREAD && !("image" in value))) {
        yield { at, problem: `sets ${UNREAD}, which nothing reads` };
      } else if (key === "dnsPolicy" && value === HOST_DNS) {
        yield { at, problem: `is ${HOST_DNS}, which belongs to host networking` };
      }
    }
  },
};
