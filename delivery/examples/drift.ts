/** A made-up drift of every class, for the example issue. */
import { PROGRAM } from "./program";
import type { DriftInput } from "../drift/report";

export const DRIFT: DriftInput = {
  stack: "staging",
  refresh: "drift",
  program: PROGRAM,
  report: {
    look: "drift",
    findings: [
      {
        check: "declared-objects",
        target: "NetworkPolicy financial-ml/default-deny",
        found: "1 policy: it is not there",
        fix: "pulumi up --refresh -s staging",
      },
      {
        check: "declared-objects",
        target: "Server financial-ml/mlserver",
        found: "1 configuration: spec.replicas is 3, declared 1",
      },
      {
        check: "undeclared-objects",
        target: "NetworkPolicies in financial-ml",
        found: "1 policy: NetworkPolicy financial-ml/debug-open is not declared",
      },
      {
        check: "helm-objects",
        target: "release financial-ml/seldon-core-v2-setup",
        found: "1 version: an image is another one",
      },
      {
        check: "flannel-leftovers",
        target: "staging-agent-1",
        found: "device flannel.1 | @everyone <b>token=abcdefgh12345678</b>",
      },
    ],
    gaps: [{ check: "k3s-version", target: "staging-server-1", found: "no answer on port 22" }],
  },
};
