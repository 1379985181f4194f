import type { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import { declaredHosts, sshTarget, sshTargets } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { gate } from "../gate";
import { batches } from "../machines/batches";
import { hostCommand } from "../machines/host-command";
import { hostPrograms, programsDigest } from "../machines/programs";
import { isMixed, renderDropIns } from "../node-network/drop-ins";
import { rolloutStep, stepBase } from "../rollout";
import { mergeHostFiles, renderHosts } from "./hosts";
import { describeMismatches, findMismatches, MAY_DIFFER_WHILE_MIXED } from "./must-match";
import { k3sRequest, tokenRequest } from "./request";

/** Arguments of {@link K3sCluster}. */
export interface K3sClusterArgs extends Pick<StackConfig, "cluster" | "k3s" | "network" | "cni"> {
  /** The machines. @default none: the cluster exists already, and only objects inside it are managed */
  readonly hosts?: StackConfig["hosts"] | undefined;
  /** Token by which machines join; a secret. @default the first server makes one */
  readonly token?: pulumi.Output<string> | undefined;
  /** What the gate looks at. */
  readonly subject: Subject;
}

/** Bound of what the runner does on all machines at once, in seconds. */
const RUNNER_TIMEOUT = 600;

/**
 * K3s on its machines: the first server starts the cluster, the others join one at a time, agents follow in batches.
 *
 * Before anything is declared, the files of all servers are compared: settings that K3s wants equal on all servers and
 * that are not end the deployment here. Before any machine is touched, a gate reads all of them and stops with a list
 * where one contradicts the stack.
 *
 * On a machine that runs K3s already nothing is written and nothing restarted; another version is the exception
 * (decision 6 in docs/decisions.md). The CNI of such a machine is `NodeNetwork`'s, never this component's. A machine
 * that is removed from the stack keeps its K3s, unless `hosts.uninstallOnDelete` says otherwise.
 */
export class K3sCluster extends pulumi.ComponentResource {
  /** The command of every machine, by name; empty without machines. */
  readonly machines: Readonly<Record<string, remote.Command>>;
  /** Brings the kubeconfig here from the first server. Absent without machines: then somebody else put it there. */
  readonly kubeconfig: local.Command | undefined;

  /** @throws ResourceError when settings differ between servers that must not. */
  constructor(name: string, args: K3sClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // Marked here again: what a component is given is stored with it.
    const joinToken = args.token === undefined ? undefined : pulumi.secret(args.token);
    super(token("K3sCluster"), name, { ...args, token: joinToken }, opts);

    const input = { ...args, hasToken: joinToken !== undefined };
    const exemptNamespaces = args.subject.machines?.exemptNamespaces;
    const files = mergeHostFiles(renderHosts({ ...input, exemptNamespaces }), renderDropIns(args));
    const mismatches = findMismatches(
      files,
      (args.hosts?.servers ?? []).map((host) => host.name),
      isMixed(args) ? MAY_DIFFER_WHILE_MIXED : [],
    );
    if (mismatches.length > 0) throw new pulumi.ResourceError(describeMismatches(mismatches), this, true);

    const { hosts } = args;
    if (hosts === undefined) {
      this.machines = {};
      this.kubeconfig = undefined;
      this.registerOutputs({});
      return;
    }

    const child = { parent: this };
    const targets = sshTargets({ hosts });
    const runner = stepBase(args.subject, RUNNER_TIMEOUT);
    const read = gate(`${name}-hosts`, { id: "hosts", subject: args.subject }, child);
    const programs = rolloutStep(
      `${name}-programs`,
      {
        run: "programs",
        subject: { ...runner, targets, programs: programsDigest(hostPrograms()), converge: hosts.converge },
      },
      { ...child, dependsOn: [read] },
    );

    const machines: Record<string, remote.Command> = {};
    let before: readonly pulumi.Resource[] = [programs];
    for (const batch of batches(declaredHosts({ hosts }), hosts.batch)) {
      const dependsOn = [...before];
      before = batch.map((declared) => {
        const { host } = declared;
        const target = sshTarget(host, hosts);
        const tokens =
          joinToken === undefined
            ? []
            : [
                hostCommand(
                  `${name}-${host.name}-token`,
                  {
                    target,
                    run: ["token"],
                    request: joinToken.apply((text) => tokenRequest(declared, hosts.converge, text)),
                  },
                  { ...child, dependsOn: [programs] },
                ),
              ];
        const machine = hostCommand(
          `${name}-${host.name}`,
          {
            target,
            run: ["k3s"],
            ...(hosts.uninstallOnDelete ? { onDelete: ["uninstall"] } : {}),
            request: k3sRequest(declared, { ...input, hosts, files: files[host.name] ?? [] }),
          },
          { ...child, dependsOn: [...dependsOn, ...tokens] },
        );
        machines[host.name] = machine;
        // Deleted before the machine's own command: the node leaves the cluster while its K3s still runs.
        if (hosts.uninstallOnDelete) {
          rolloutStep(
            `${name}-${host.name}-node`,
            { onDelete: "remove-node", subject: { ...runner, node: host.name } },
            { ...child, dependsOn: [machine] },
          );
        }
        return machine;
      });
    }
    this.machines = machines;

    // Its inputs are the first server's address and nothing else of the machines, so that no change of theirs moves it.
    const [first] = targets;
    this.kubeconfig = rolloutStep(
      `${name}-kubeconfig`,
      {
        run: "kubeconfig",
        subject: { ...runner, endpoint: args.cluster.endpoint, name: args.cluster.name, target: first },
      },
      { ...child, dependsOn: [...before] },
    );
    this.registerOutputs({ machines: this.machines, kubeconfig: this.kubeconfig });
  }
}
