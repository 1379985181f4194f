/** All guardrails, in the order of the documentation. A new one is a file here, a line below and a test of its own. */
import type { Rule } from "../rule";
import { chartsPinned } from "./charts-pinned";
import { cniChangeAcknowledged } from "./cni-change-acknowledged";
import { crdsKept } from "./crds-kept";
import { defaultDeny } from "./default-deny";
import { imagesPinned } from "./images-pinned";
import { noAllowAllPolicy } from "./no-allow-all-policy";
import { noHostNetwork } from "./no-host-network";
import { noOldWorkarounds } from "./no-old-workarounds";
import { noPrivilegedContainers } from "./no-privileged-containers";
import { noPublicControlPlane } from "./no-public-control-plane";
import { protectedResources } from "./protected-resources";
import { resourceRequests } from "./resource-requests";

export const GUARDRAILS: readonly Rule[] = [
  noHostNetwork,
  noOldWorkarounds,
  noAllowAllPolicy,
  defaultDeny,
  noPublicControlPlane,
  chartsPinned,
  imagesPinned,
  noPrivilegedContainers,
  resourceRequests,
  protectedResources,
  cniChangeAcknowledged,
  crdsKept,
];
