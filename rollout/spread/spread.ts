/**
 * `rollout spread` and `unspread`: what the whole cluster leans on runs twice, on different nodes, for as long as nodes
 * lose their pods one after the other. K3s runs CoreDNS and Traefik once.
 */
import { z } from "zod";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, word } from "../cli/subject";
import { isReady, type Node, type Pod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { done, until, waiting } from "../../checks/cluster/wait";
import { selectorText } from "../pods/workload";
import {
  type Before,
  type Deployment,
  parseBefore,
  reasonAgainst,
  restore,
  SPREAD_ANNOTATION,
  WANTED,
  spreadPatch,
} from "./deployment";

/** What K3s deploys once and everything needs (K3s 1.33: manifests/coredns.yaml, manifests/traefik.yaml). */
const DEFAULT = [
  { namespace: "kube-system", name: "coredns" },
  { namespace: "kube-system", name: "traefik" },
];

const schema = z.strictObject({
  ...baseShape,
  deployments: z
    .array(z.strictObject({ namespace: word, name: word }))
    .default(DEFAULT)
    .describe("Deployments to run twice; one that does not exist is passed over."),
});
type Subject = z.infer<typeof schema>;
type Named = Subject["deployments"][number];

export const SPREAD = step<Subject>({
  name: "spread",
  summary: "Run CoreDNS and the ingress controller twice, on different nodes.",
  details: `What was there before is remembered in an annotation of the Deployment, once, so that unspread puts it back however
often this has run. Passed over by name: a Deployment that does not exist, has two replicas on two nodes already, or has
a volume that only one node may use; and everything where only one node can take pods.`,
  schema,
  run: async (run) => {
    const nodes = (await run.cluster.list<Node>(PATHS.nodes)).filter(
      (node) => isReady(node) && node.spec?.unschedulable !== true,
    );
    if (nodes.length < WANTED) run.say("spread", `only ${nodes.length} node can take pods: everything stays as it is`);
    else for (const named of run.subject.deployments) await part(run, named, spread);
    return "what the cluster leans on runs on two nodes, where it can";
  },
});

export const UNSPREAD = step<Subject>({
  name: "unspread",
  summary: "Undo spread.",
  details: "Puts back what the annotation remembers. Replicas that somebody has changed meanwhile stay.",
  schema,
  run: async (run) => {
    for (const named of run.subject.deployments) await part(run, named, unspread);
    return "replicas are as before spread";
  },
});

const show = ({ namespace, name }: Named): string => `Deployment ${namespace}/${name}`;
/** One Deployment, whose line in the list keeps what became of it. */
const part = (run: Run<Subject>, named: Named, task: (run: Run<Subject>, named: Named) => Promise<void>) =>
  run.part(show(named), () => task(run, named), { resultOf: (_, told) => told });
const pathOf = ({ namespace, name }: Named): string => PATHS.workload("apps/v1", "Deployment", namespace, name);

async function spread(run: Run<Subject>, named: Named): Promise<void> {
  const { cluster, say } = run;
  const found = await cluster.find<Deployment>(pathOf(named));
  const against = found === undefined ? "it does not exist" : reasonAgainst(found);
  if (found === undefined || against !== undefined) return say(show(named), `stays as it is: ${against}`);
  const replicas = found.spec?.replicas ?? 1;
  if (replicas >= WANTED && (await nodesOf(run, found)).size >= WANTED) {
    return say(show(named), "runs on two nodes already");
  }
  const before: Before = parseBefore(found) ?? { replicas, constraint: false };
  say(show(named), `${replicas} -> ${Math.max(WANTED, replicas)} replicas`);
  await cluster.patch(pathOf(named), spreadPatch(found, before), "strategic");
  const ready = await untilReady(run, named);
  if ((await nodesOf(run, ready)).size >= WANTED) return;
  say(show(named), `its replicas are on one node; they are told to keep apart`);
  await cluster.patch(pathOf(named), spreadPatch(ready, { ...before, constraint: true }), "strategic");
  await untilReady(run, named);
}

async function unspread(run: Run<Subject>, named: Named): Promise<void> {
  const found = await run.cluster.find<Deployment>(pathOf(named));
  const before = found === undefined ? undefined : parseBefore(found);
  if (found === undefined || before === undefined) return;
  const patch = restore(found, before);
  run.say(
    show(named),
    `${found.spec?.replicas ?? 1} -> ${patch.spec?.replicas ?? "unchanged"} replicas, without ${SPREAD_ANNOTATION}`,
  );
  await run.cluster.patch(pathOf(named), patch, "strategic");
  await untilReady(run, named);
}

/** The Deployment when all its replicas are of the last generation and Ready. @throws ToolError at the end of the time */
function untilReady(run: Run<Subject>, named: Named): Promise<Deployment> {
  return until(
    `${show(named)} is Ready`,
    async () => {
      const found = await run.cluster.find<Deployment>(pathOf(named));
      if (found === undefined) return waiting("it does not exist any more");
      const { replicas = 1 } = found.spec ?? {};
      const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0, replicas: all = 0 } = found.status ?? {};
      if (observedGeneration < (found.metadata.generation ?? 0))
        return waiting("its controller has not seen the change yet");
      const isSettled = updatedReplicas === replicas && readyReplicas === replicas && all === replicas;
      return isSettled
        ? done(found)
        : waiting(`${readyReplicas} of ${replicas} replicas are Ready, ${updatedReplicas} updated`);
    },
    run.waits(show(named)),
  );
}

/** Nodes on which Ready pods of a Deployment run. */
async function nodesOf({ cluster }: Run<Subject>, { metadata, spec }: Deployment): Promise<ReadonlySet<string>> {
  const pods = await cluster.list<Pod>(PATHS.pods(metadata.namespace ?? ""), {
    labelSelector: selectorText(spec?.selector),
  });
  const serving = pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
  return new Set(serving.map((pod) => pod.spec?.nodeName ?? ""));
}
