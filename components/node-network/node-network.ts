import * as pulumi from "@pulumi/pulumi";
import { token } from "../component";
import { mergeHostFiles, type HostFiles } from "../k3s/hosts";
import { renderDropIns, type NodeNetworkInput } from "./drop-ins";
import { renderGuard } from "./guard-rule";
import { switchSteps, type SwitchStep } from "./switch-steps";

/** Arguments of {@link NodeNetwork}: `network`, `cni` and `hosts` of the stack's configuration. */
export type NodeNetworkArgs = NodeNetworkInput;

/** Everything that `NodeNetwork` would write, by machine. Pure. */
export const renderNodeNetwork = (input: NodeNetworkInput): HostFiles =>
  mergeHostFiles(renderDropIns(input), renderGuard(input));

/**
 * The nodes' side of the CNI (decision 4 in docs/decisions.md): the two drop-ins of every server, the guard rule of every node while a
 * CNI is being left, and the order in which the nodes change.
 *
 * Files are declared and rendered; no machine is contacted.
 */
export class NodeNetwork extends pulumi.ComponentResource {
  /** Files by machine. Holds no secret. */
  readonly files: HostFiles;
  /** The steps of a change of the CNI, in an order that respects each step's `after`; empty when none is under way. */
  readonly steps: readonly SwitchStep[];

  constructor(name: string, args: NodeNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("NodeNetwork"), name, args, opts);
    const { provider, leaving } = args.cni;
    if (leaving !== undefined) {
      // Not awaited: the engine orders log lines by itself, and a constructor cannot wait.
      void pulumi.log.warn(
        `cni.leaving: the cluster is on its way from ${leaving} to ${provider} and runs both; remove cni.leaving when every node is converted`,
        this,
      );
    }
    this.files = renderNodeNetwork(args);
    this.steps = switchSteps(args);
    this.registerOutputs({ files: this.files, steps: this.steps });
  }
}
