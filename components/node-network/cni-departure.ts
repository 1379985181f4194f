import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import { declaredHosts, sshTarget } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { hostCommand } from "../machines/host-command";
import { rolloutStep } from "../rollout";
import { cleanRequest } from "./requests";
import { departureSubject } from "./subjects";

/** Arguments of {@link CniDeparture}. */
export interface CniDepartureArgs extends Pick<StackConfig, "calico" | "network"> {
  readonly hosts: NonNullable<StackConfig["hosts"]>;
  readonly subject: Subject;
}

/**
 * What must happen when Calico has been deleted, and not earlier: what it left in the API is taken away (address pools,
 * finalizers, a dead APIService, NetworkUnavailable on nodes, which Flannel inside K3s never clears), and then what it left
 * on every machine.
 *
 * It is the `delete` of resources that Calico's own depend on, because Pulumi deletes in the reverse order of
 * dependencies (measured on the engine, decision 5 in docs/decisions.md). Created, which is before Calico is, they note which
 * of the plugins that Calico brings were there already.
 *
 * Where pods still use Calico's devices, as when the whole stack is destroyed, the machines are left as they are.
 */
export class CniDeparture extends pulumi.ComponentResource {
  /** Calico depends on it. */
  readonly last: local.Command;

  constructor(name: string, args: CniDepartureArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("CniDeparture"), name, args, opts);
    const { hosts } = args;
    const child = { parent: this };
    const machines = declaredHosts({ hosts }).map((declared) =>
      hostCommand(
        `${name}-${declared.host.name}`,
        {
          target: sshTarget(declared.host, hosts),
          run: ["clean", "--remember"],
          onDelete: ["clean"],
          request: cleanRequest(declared, "calico", "skip"),
        },
        child,
      ),
    );
    this.last = rolloutStep(
      `${name}-api`,
      { onDelete: "leave-calico", subject: departureSubject(args) },
      { ...child, dependsOn: machines },
    );
    this.registerOutputs({});
  }
}
