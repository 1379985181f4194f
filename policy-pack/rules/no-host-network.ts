import { podPlaces } from "../pods";
import { UNKNOWN } from "../resource";
import { cannotJudge, type ResourceRule } from "../rule";

/** Every pod of ours has a network of its own. */
export const noHostNetwork: ResourceRule = {
  id: "no-host-network",
  what: "No pod that this stack describes, itself or through Helm values, uses its node's network.",
  why: "No NetworkPolicy guards a pod on the node's network, and its ports, which ask nobody who he is, are the node's ports. It cures no refused connection either: the containers of a pod share one loopback with and without it.",
  fix: "Remove hostNetwork. `npm run diagnose -- <stack>` finds what refuses the connection.",
  enforcement: "mandatory",
  *judge(resource) {
    for (const { at, key, value } of podPlaces(resource)) {
      if (value === UNKNOWN) yield cannotJudge(at, "whether pods get the node's network");
      else if (key === "hostNetwork" && value !== false && value !== null) {
        yield { at, problem: "puts the pod on its node's network" };
      }
    }
  },
};
