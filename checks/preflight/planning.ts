/** The plan of a run, from what its checks have looked at already. */
import type { CheckContext } from "../context";
import { movingPods } from "./change";
import { singleReplicas } from "./moving";
import { type Moving, type Plan, planOf } from "./plan";

/** Never fails: what could not be looked at is missing from the plan, and the report says why. */
export async function makePlan(context: CheckContext, signal: AbortSignal): Promise<Plan | undefined> {
  const { machines } = context.subject;
  if (machines === undefined) return undefined;
  const inspections = await context.hosts.lookAtAll();
  const facts = new Map([...inspections].map(([name, { facts }]) => [name, facts]));
  return planOf(machines, facts, await moving(context, signal).catch((): undefined => undefined));
}

async function moving(context: CheckContext, signal: AbortSignal): Promise<Moving> {
  const pods: Record<string, number> = {};
  for (const { host } of [...context.machines.hosts.servers, ...context.machines.hosts.agents].map((host) => ({
    host,
  }))) {
    pods[host.name] = 0;
  }
  for (const { spec } of await movingPods(context, signal)) {
    const node = spec?.nodeName ?? "";
    pods[node] = (pods[node] ?? 0) + 1;
  }
  return { pods, single: await singleReplicas(context, signal) };
}
