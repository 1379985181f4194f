/**
 * Whether the machines can be taken over as they are: what is found against what the stack declares. Pure.
 *
 * A contradiction stops the run before anything is touched. What the stack declares and is not in force, and what it does
 * not declare and keeps, are notes: taking over changes nothing.
 */
import { type DeclaredHost, declaredHosts } from "../../config/derive";
import type { Machines } from "../subject";
import { type EffectiveSettings, effectiveSettings } from "./effective";
import type { HostFacts } from "./facts";
import { Findings, type Judgement } from "./judgement";
import { judgeCluster } from "./judge-cluster";
import { judgeCni } from "./judge-cni";
import { judgeFixed } from "./judge-fixed";
import { judgeFlags } from "./judge-flags";
import { judgeIdentity } from "./judge-identity";
import { judgeInstallation } from "./judge-installation";
import { judgeKubeProxy } from "./judge-kube-proxy";
import { noteDifferences } from "./note-differences";

/** A declared machine with what was found on it. */
export interface Found {
  readonly declared: DeclaredHost;
  readonly facts: HostFacts;
  readonly settings: EffectiveSettings;
}

/** Whether a machine has no K3s yet. A binary without a unit is an installation that was interrupted, and continues. */
export const isEmpty = ({ k3s }: HostFacts): boolean => k3s.unit === undefined;

export interface TakeOverOptions {
  /** Flags that a machine's own `k3s <role> --help` names, by the machine's name. @default none */
  readonly helpFlags?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether version and pins are judged too. @default true */
  readonly installation?: boolean;
}

/**
 * The judgement over all machines that could be read, in the order of the configuration.
 *
 * @param facts By the machine's name; machines that are absent here are left out of the judgement.
 */
export function takeOver(
  machines: Machines,
  facts: ReadonlyMap<string, HostFacts>,
  { helpFlags, installation = true }: TakeOverOptions = {},
): Judgement {
  const found = declaredHosts(machines).flatMap((declared): Found[] => {
    const own = facts.get(declared.host.name);
    return own === undefined ? [] : [{ declared, facts: own, settings: effectiveSettings(own) }];
  });
  const each = found.map((one) => {
    const findings = new Findings(one.declared.host.name);
    judgeIdentity(one, findings);
    if (installation) judgeInstallation(one, machines, findings);
    if (!isEmpty(one.facts)) {
      judgeFlags(one, findings, helpFlags?.get(one.declared.host.name));
      judgeFixed(one, machines, findings);
      judgeCni(one, machines, findings);
      judgeKubeProxy(one, machines, findings);
      noteDifferences(one, machines, findings);
    }
    return findings;
  });
  const all = [...each, judgeCluster(found, machines)];
  return {
    contradictions: all.flatMap(({ contradictions }) => contradictions),
    notes: all.flatMap(({ notes }) => notes),
  };
}
