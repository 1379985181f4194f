import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import { type DeclaredHost, declaredHosts, sshTarget } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { gate } from "../gate";
import type { HostFiles } from "../k3s/hosts";
import { hostCommand, type HostCommandArgs } from "../machines/host-command";
import { rolloutStep } from "../rollout";
import { CNI_DROP_IN, type NodeNetworkInput, POLICY_DROP_IN, renderDropIns } from "./drop-ins";
import { renderGuard } from "./guard-rule";
import { cleanRequest, type Expectation, guardRequest, settingRequest } from "./requests";
import { backupSubject, podsSubject, type RunnerInput, spreadSubject } from "./subjects";
import { settledSteps, type StepKind, type SwitchStep, switchSteps } from "./switch-steps";

/** Arguments of {@link NodeNetwork}. */
export interface NodeNetworkArgs extends NodeNetworkInput {
  readonly calico: StackConfig["calico"];
  readonly k3s: StackConfig["k3s"];
  /** What gates and steps of the runner work on. */
  readonly subject: Subject;
}

/** What a machine does in a step, or what the runner does about it. */
type Action =
  | { readonly machine: Omit<HostCommandArgs, "target"> }
  | { readonly runner: string; readonly subject: Readonly<Record<string, unknown>> };

/** What the steps of all machines share: rendered once, whatever their number. */
interface ActInput extends RunnerInput {
  readonly dropIns: HostFiles;
  readonly guard: HostFiles;
}

type Act = (declared: DeclaredHost, input: ActInput, batch: readonly string[]) => Action;

/** One of the CNI's two settings, and the drop-in that holds it on servers. */
const setting =
  (expectation: Expectation, path: string): Act =>
  (declared, { hosts, cni, dropIns }) => {
    const file = dropIns[declared.host.name]?.find((each) => each.path === path);
    const request = settingRequest(expectation, { declared, hosts, cni: cni.provider, file });
    return { machine: { run: ["settings"], request } };
  };

/** What each kind of step does. */
const ACTIONS: Readonly<Record<StepKind, Act>> = {
  guard: (declared, { hosts, guard }) => ({
    machine: {
      run: ["guard", "present"],
      onDelete: ["guard", "absent"],
      request: guardRequest(declared, hosts, guard[declared.host.name] ?? []),
    },
  }),
  backend: setting("expect-backend", CNI_DROP_IN),
  pods: (declared, input, batch) => ({ runner: "node-pods", subject: podsSubject(declared, input, batch) }),
  policy: setting("expect-policy-controller", POLICY_DROP_IN),
  clean: (declared) => ({ machine: { run: ["clean"], request: cleanRequest(declared, "flannel", "refuse") } }),
};

/**
 * The nodes' side of the CNI (decision 4 in docs/decisions.md): the two settings of every server and what agents make of
 * them, and, while a CNI is being left, the whole way over the nodes: preflight, a copy of the datastore, guard rules, then
 * node by node restart, pods and proof, and the removal of what was left behind.
 *
 * On a settled cluster it declares the settings only, and every machine finds nothing to do.
 */
export class NodeNetwork extends pulumi.ComponentResource {
  /** The steps that are declared, in an order that respects each step's `after`; empty without machines. */
  readonly steps: readonly SwitchStep[];

  constructor(name: string, args: NodeNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("NodeNetwork"), name, args, opts);
    const { hosts, cni } = args;
    if (cni.leaving !== undefined) {
      // Not awaited: the engine orders log lines by itself, and a constructor cannot wait.
      void pulumi.log.warn(
        `cni.leaving: the cluster is on its way from ${cni.leaving} to ${cni.provider} and runs both; remove cni.leaving when every node is converted`,
        this,
      );
    }
    this.steps = hosts === undefined ? [] : cni.leaving === undefined ? settledSteps(args) : switchSteps(args);
    if (hosts !== undefined) this.#declare(name, { ...args, hosts });
    this.registerOutputs({});
  }

  #declare(name: string, input: RunnerInput): void {
    const machines = new Map(declaredHosts(input).map((declared) => [declared.host.name, declared]));
    const before = input.cni.leaving === undefined ? [] : this.#preparations(name, input);
    const made = new Map<string, pulumi.Resource>();
    const shared: ActInput = { ...input, dropIns: renderDropIns(input), guard: renderGuard(input) };
    for (const step of this.steps) {
      const declared = machines.get(step.host);
      if (declared === undefined) throw new Error(`step ${step.id} is about no declared machine`);
      const dependsOn = step.after.length === 0 ? before : step.after.map((id) => resourceOf(made, id));
      const action = ACTIONS[step.kind](declared, shared, step.batch);
      const resourceName = `${name}-${step.kind}-${step.host}`;
      const opts = { parent: this, dependsOn };
      made.set(
        step.id,
        "machine" in action
          ? hostCommand(resourceName, { target: sshTarget(declared.host, input.hosts), ...action.machine }, opts)
          : rolloutStep(resourceName, { run: action.runner, subject: action.subject }, opts),
      );
    }
  }

  /** Go or no-go, a copy of the datastore, and two replicas of what everything leans on: before the first step. */
  #preparations(name: string, input: RunnerInput): pulumi.Resource[] {
    const preflight = gate(`${name}-preflight`, { id: "preflight", subject: input.subject }, { parent: this });
    const opts = { parent: this, dependsOn: [preflight] };
    return [
      rolloutStep(`${name}-backup`, { run: "backup", subject: backupSubject(input) }, opts),
      rolloutStep(`${name}-spread`, { run: "spread", onDelete: "unspread", subject: spreadSubject(input) }, opts),
    ];
  }
}

function resourceOf(made: ReadonlyMap<string, pulumi.Resource>, id: string): pulumi.Resource {
  const resource = made.get(id);
  if (resource === undefined) throw new Error(`step ${id} comes later than what waits for it`);
  return resource;
}
