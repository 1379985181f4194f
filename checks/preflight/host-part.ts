/** The host part of the preflight: every machine by itself, and the ways between them. */
import { declaredHosts } from "../../config/derive";
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { HOST_FACTS } from "../hosts/machine-checks";
import { LOOK_MS } from "../hosts/reader";
import { clockCheck } from "./clock";
import { imagesCheck } from "./images";
import { MACHINE_ROWS, type MachineRow } from "./machine-rows";
import { portChecks } from "./ports";

export const hostPart = (context: CheckContext): Check[] => [
  ...MACHINE_ROWS.map((row) => machineCheck(row, context)),
  clockCheck(context),
  ...portChecks(context),
  imagesCheck(context),
];

function machineCheck(row: MachineRow, context: CheckContext): Check {
  const { id, title, proves, expected, judge } = row;
  return {
    id,
    title,
    proves,
    needs: [HOST_FACTS],
    timeoutMs: LOOK_MS + 5_000,
    expectations: () =>
      declaredHosts(context.machines).map(({ host }) => ({
        target: host.name,
        expected,
        repeat: context.hosts.repeat(host.name),
        probe: async () => judge(await context.hosts.look(host.name), host, context.machines),
      })),
  };
}
