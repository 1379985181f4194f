/** `rollout leave-calico`: takes away what Calico left in the API, when it has been deleted. */
import { z } from "zod";
import type { KubeObject } from "../../checks/cluster/objects";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { type BaseSubject, baseShape, sshTargetSchema, word } from "../cli/subject";
import { PATHS } from "../../checks/cluster/paths";
import { done, forAWhile, type Look, waiting } from "../../checks/cluster/wait";
import {
  API_SERVICE,
  isOwnFinalizer,
  isOwnWebhook,
  NAMESPACES,
  NODE_ANNOTATIONS,
  OPERATOR_KINDS,
  OWN_KINDS,
  OWN_OBJECTS,
  PROTECTED,
  WEBHOOKS,
} from "./calico-objects";
import { clearNetworkUnavailable } from "./network-unavailable";
import { removeNodeAnnotations } from "./node-annotations";

/** How long the operator is given to finish by itself before finalizers are taken away, in milliseconds. */
const OPERATOR_MS = 120_000;
/** How long namespaces may take to go, in milliseconds. */
const NAMESPACE_MS = 120_000;

const schema = z.strictObject({
  ...baseShape,
  operatorSeconds: z
    .number()
    .min(0)
    .default(OPERATOR_MS / 1000)
    .describe("How long the Tigera operator is given to finish by itself before its finalizers are taken away."),
  nodes: z.array(word).optional().describe("Declared nodes; all nodes of the cluster are looked at."),
  targets: z.array(sshTargetSchema).optional().describe("Declared machines; not used by this step."),
});
type Subject = z.infer<typeof schema>;

/** What is done, in this order. What runs goes before its bookkeeping: it would make that anew. */
const PARTS: readonly (readonly [string, (run: Run<Subject>) => Promise<void>])[] = [
  ["let the operator finish", letOperatorFinish],
  ["API service and webhooks", removeApi],
  ["finalizers", stripFinalizers],
  ["namespaces", removeNamespaces],
  ["bookkeeping", removeBookkeeping],
  ["annotations of nodes", (run) => removeNodeAnnotations(run, NODE_ANNOTATIONS)],
  ["conditions of nodes", clearNetworkUnavailable],
  ["look again", assertGone],
];

export const LEAVE_CALICO = step<Subject>({
  name: "leave-calico",
  summary: "Take away what Calico left in the API, after it has been deleted.",
  details: `Refused while an Installation is declared. The operator is given time to finish; what then still waits for it loses its
finalizers. Goes: IPPools and Calico's other bookkeeping, its APIService and webhooks, its namespaces, annotations of
nodes, and the condition NetworkUnavailable. Policies and host endpoints are the users' own and stay.`,
  schema,
  run: async (run) => {
    await refuseWhileDeclared(run);
    run.expect(PARTS.map(([name]) => name));
    for (const [name, task] of PARTS) await run.part(name, () => task(run));
    return "nothing of Calico is left in the API";
  },
});

async function refuseWhileDeclared({ cluster }: Run<BaseSubject>): Promise<void> {
  const installation = await cluster.find<KubeObject>(PATHS.installation).catch(unlessUnknown);
  if (installation === undefined || installation.metadata.deletionTimestamp !== undefined) return;
  throw new ToolError(
    "Calico is declared: there is an Installation and nobody has deleted it; fix: take Calico out of the stack first (pulumi up), which runs this step by itself",
    EXIT.failed,
  );
}

/** The operator takes its parts down in an order of its own; only what it leaves is ours to take. */
async function letOperatorFinish(run: Run<Subject>): Promise<void> {
  const look = await forAWhile(
    "the Tigera operator has finished",
    run.subject.operatorSeconds * 1000,
    async (): Promise<Look<true>> => {
      const left = (await Promise.all(OPERATOR_KINDS.map((kind) => run.cluster.listIfKnown<KubeObject>(kind)))).flat();
      return left.length === 0
        ? done(true)
        : waiting(
            left.map(({ metadata }) => `${metadata.name} (${(metadata.finalizers ?? []).join(", ")})`).join(", "),
          );
    },
    run.waits("operator"),
  );
  if ("waiting" in look) run.say("operator", `it has not finished; its finalizers are taken away: ${look.waiting}`);
}

async function removeApi(run: Run<BaseSubject>): Promise<void> {
  const service = await run.cluster.find<KubeObject<{ readonly service?: unknown }>>(API_SERVICE);
  // Without a service it stands for custom resources, and comes and goes with their definitions.
  if (service?.spec?.service !== undefined) await removeOne(run, API_SERVICE);
  for (const path of WEBHOOKS) {
    for (const hook of (await run.cluster.list<KubeObject>(path)).filter(isOwnWebhook)) {
      await removeOne(run, `${path}/${hook.metadata.name}`);
    }
  }
}

/** Only from objects that are being deleted: they wait for a controller that is gone. */
async function stripFinalizers({ cluster, say }: Run<BaseSubject>): Promise<void> {
  for (const kind of [...OPERATOR_KINDS, ...PROTECTED]) {
    for (const { metadata } of await cluster.listIfKnown<KubeObject>(kind)) {
      const finalizers = metadata.finalizers ?? [];
      const others = finalizers.filter((finalizer) => !isOwnFinalizer(finalizer));
      if (metadata.deletionTimestamp === undefined || others.length === finalizers.length) continue;
      say("api", `taking the finalizers from ${kind}/${metadata.name}`);
      await cluster.patch(`${kind}/${metadata.name}`, { metadata: { finalizers: others } });
    }
  }
}

async function removeBookkeeping(run: Run<BaseSubject>): Promise<void> {
  for (const kind of OWN_KINDS) await removeAll(run, kind);
  for (const path of OWN_OBJECTS) await removeOne(run, path);
}

async function removeAll(run: Run<BaseSubject>, kind: string): Promise<void> {
  const objects = await run.cluster.listIfKnown<KubeObject>(kind);
  if (objects.length > 0) run.say("api", `deleting ${objects.length} of ${kind}`);
  for (const { metadata } of objects) await run.cluster.remove(`${kind}/${metadata.name}`);
}

async function removeOne({ cluster, say }: Run<BaseSubject>, path: string): Promise<void> {
  if ((await cluster.find<KubeObject>(path)) === undefined) return;
  say("api", `deleting ${path}`);
  await cluster.remove(path);
}

async function removeNamespaces(run: Run<BaseSubject>): Promise<void> {
  const { cluster } = run;
  for (const name of NAMESPACES) {
    const path = PATHS.namespace(name);
    const found = await cluster.find<KubeObject>(path);
    if (found !== undefined && found.metadata.deletionTimestamp === undefined) await removeOne(run, path);
  }
  await forAWhile(
    "Calico's namespaces are gone",
    NAMESPACE_MS,
    async () => {
      await stripFinalizers(run);
      const left = (
        await Promise.all(NAMESPACES.map((name) => cluster.find<Terminating>(PATHS.namespace(name))))
      ).filter((namespace) => namespace !== undefined);
      return left.length === 0 ? done(true) : waiting(left.map(whyTerminating).join("; "));
    },
    run.waits("api"),
  );
}

type Terminating = KubeObject<
  unknown,
  { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
>;

/** The namespace controller's own words for what keeps a namespace. */
function whyTerminating({ metadata, status }: Terminating): string {
  const reasons = (status?.conditions ?? [])
    .filter((condition) => condition.status === "True")
    .map(({ message = "" }) => message);
  return `${metadata.name}${reasons.length === 0 ? "" : `: ${reasons.join(" ")}`}`;
}

/** @throws ToolError with everything that is still there. */
async function assertGone({ cluster }: Run<BaseSubject>): Promise<void> {
  const left: string[] = [];
  for (const kind of [...OPERATOR_KINDS, ...OWN_KINDS]) {
    left.push(...(await cluster.listIfKnown<KubeObject>(kind)).map(({ metadata }) => `${kind}/${metadata.name}`));
  }
  for (const path of [...OWN_OBJECTS, ...NAMESPACES.map((name) => PATHS.namespace(name))]) {
    if ((await cluster.find<KubeObject>(path)) !== undefined) left.push(path);
  }
  if (left.length === 0) return;
  throw new ToolError(
    [
      "of Calico there is still in the API:",
      ...left.map((path) => `- ${path}`),
      "fix: see why (kubectl get -o yaml), then run this again",
    ].join("\n"),
    EXIT.failed,
  );
}

/** The kind may be unknown: its definition has been deleted too. */
function unlessUnknown(error: unknown): undefined {
  if (error instanceof Error && /the CRD is absent/.test(error.message)) return undefined;
  throw error;
}
