/** Small plans for tests. */
import { type Plan, readPlan } from "../../../delivery/plan/plan";

export interface Entry {
  readonly type: string;
  readonly name: string;
  readonly inputs?: object;
  readonly options?: object;
}

export const plan = (resources: readonly Entry[], stack = "prod"): Plan =>
  readPlan(JSON.stringify({ stack, resources }), "test");

/** A request to a machine, as the program writes it. */
export const machine = (name: string, lines: readonly string[], program = "k3s", role = "server"): Entry => ({
  type: "command:remote:Command",
  name: `${program}-${name}`,
  inputs: {
    create: `/usr/local/lib/seldon-k3s/run ${program}`,
    stdin: [`host ${name}`, `role ${role}`, ...lines, "end", ""].join("\n"),
    connection: "[secret]",
  },
});

export const namespace = (name: string, labels: object = {}): Entry => ({
  type: "kubernetes:core/v1:Namespace",
  name,
  inputs: { metadata: { name, labels } },
});
