/** `rollout kubeconfig`: brings the administrator's kubeconfig here from the first server. */
import { chmodSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { settle } from "../../checks/engine/settle";
import { clusterIdentity } from "../../checks/criteria/cluster-identity";
import { EXIT } from "../../checks/exit-codes";
import { httpsUrl } from "../../config/values";
import { withSession } from "../../ssh/client";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { ToolError } from "../../tools/cli";
import type { RolloutCommand } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, sshTargetSchema, word } from "../cli/subject";
import { renderKubeconfig } from "./render";

/** Where K3s puts it; root's alone (`write-kubeconfig-mode`). */
const SOURCE = "/etc/rancher/k3s/k3s.yaml";

const schema = z.strictObject({
  ...baseShape,
  endpoint: httpsUrl.describe("URL that the file shall name."),
  name: word.describe("Name of cluster, user and context in the file."),
  target: sshTargetSchema.describe("The first server."),
});
type KubeconfigSubject = z.infer<typeof schema>;

/** Whether the file at hand leads to the stack's cluster. @throws ToolError when it leads to another one. */
async function works({ context, subject, signal, say }: Run<KubeconfigSubject>): Promise<boolean> {
  if (!existsSync(context.kubeconfigPath)) return false;
  const result = await settle([clusterIdentity(context)], { waitMs: 0, signal });
  if (result.exitCode === EXIT.clean) return true;
  const [finding] = result.results.flatMap(({ findings }) => findings);
  if (finding?.verdict === "FAIL") {
    throw new ToolError(
      `${subject.kubeconfig} leads to another cluster: ${finding.actual}. It is left as it is; move it away, or name another file in cluster.kubeconfigFile`,
      EXIT.failed,
    );
  }
  say("kubeconfig", `${subject.kubeconfig} does not work (${finding?.actual ?? "no answer"}); fetching it anew`);
  return false;
}

async function fetch({ subject, signal }: Run<KubeconfigSubject>): Promise<string> {
  const { target, name, endpoint } = subject;
  const { code, stdout } = await withSession(target, { signal }, async (session) =>
    checkSudo(target.name, target.user, await session.run(asRoot(target.user, `cat ${SOURCE}`), { signal })),
  );
  const text = code === 0 ? renderKubeconfig(stdout, name, endpoint) : undefined;
  if (text !== undefined) return text;
  throw new ToolError(
    `${target.name}: ${SOURCE} ${code === 0 ? "is no kubeconfig of K3s" : "cannot be read"}; is this a K3s server, and does K3s run?`,
    EXIT.failed,
  );
}

export const KUBECONFIG: RolloutCommand<KubeconfigSubject> = {
  name: "kubeconfig",
  summary: "Bring the administrator's kubeconfig here from the first server.",
  details:
    "A file that works for this cluster is kept; one that leads to another cluster is never overwritten. The file is readable by its owner only.",
  schema,
  needsCluster: false,
  run: async (run) => {
    const { context, subject, say } = run;
    if (await run.part("look at the file that is here", () => works(run))) {
      say("kubeconfig", `${subject.kubeconfig} works and is kept`);
    } else {
      const file = context.kubeconfigPath;
      const text = await run.part(`fetch it from ${subject.target.name}`, () => fetch(run));
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      // An earlier, interrupted run may have left the file with another mode.
      chmodSync(`${file}.new`, 0o600);
      renameSync(`${file}.new`, file);
      say("kubeconfig", `${subject.kubeconfig} written`);
    }
    return `kubeconfig ${subject.kubeconfig}`;
  },
};
