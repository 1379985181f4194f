/**
 * What every command of checks/ does where it cannot look: a line that names the cause, exit code 2, no secret in what it
 * prints, and not one request that could leave something behind. A new command takes part by being there.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { COMMAND_NAMES, runCommand } from "../../../checks/cli/commands";
import type { Reply } from "../support/fake-api";
import { kubeconfigText } from "../support/fake-api";
import { NS, SeldonCluster, UID } from "../support/seldon-cluster";
import { REFUSED_PORT } from "../../support/ports";
import { stackText } from "../support/stack-file";

const SELDON = "/apis/mlops.seldon.io/v1alpha1";
const WATCHED = "secret-token";

const STACK_FILE = stackText(
  UID,
  "https://192.0.2.10:6443",
  `  seldon-k3s:seldon:
    namespace: ${NS}
  seldon-k3s:validation:
    timeoutSeconds: 60
`,
);

const forbidden = (verb: string, resource: string, group: string, namespace?: string): Reply => {
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const message = `${resource} is forbidden: User "ci" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  return { status: 403, json: { kind: "Status", reason: "Forbidden", message } };
};

interface Given {
  readonly cluster: SeldonCluster;
  /** Replaces the content of the kubeconfig; without a text the file goes. */
  readonly kubeconfig: (text?: string) => void;
}

interface Case {
  readonly what: string;
  readonly given: (given: Given) => void | Promise<void>;
  /** The line, where a command has to say it, by command or for all. */
  readonly says: RegExp;
  /** Commands that look at what is missing; all when absent. The others must not call it clean by accident either. */
  readonly only?: readonly string[];
  /** Other exit codes than 2, with their reason. */
  readonly codes?: Readonly<Record<string, readonly [code: number, why: string]>>;
}

const CASES: readonly Case[] = [
  {
    what: "no kubeconfig",
    given: ({ kubeconfig }) => kubeconfig(),
    says: /kubeconfig \S+kubeconfig\.yaml: there is no such file/,
  },
  {
    what: "a kubeconfig that is none",
    given: ({ kubeconfig }) => kubeconfig(`users: [{token: ${WATCHED}\n`),
    says: /kubeconfig \S+: not YAML: .* in line \d/,
  },
  {
    what: "no cluster",
    given: ({ kubeconfig }) => kubeconfig(kubeconfigText(`http://127.0.0.1:${REFUSED_PORT}`)),
    says: /API server http:\/\/127\.0\.0\.1:\d+: connection refused: nothing listens there/,
  },
  {
    what: "a server that is no API server",
    given: ({ cluster }) => void cluster.api.replies.set(cluster.paths.system, { text: "<html>welcome</html>" }),
    says: /answers, but not as a Kubernetes API server/,
  },
  {
    what: "expired credentials",
    given: ({ cluster }) => {
      const json = { kind: "Status", reason: "Unauthorized", message: "Unauthorized" };
      cluster.api.replies.set(cluster.paths.system, { status: 401, json });
    },
    says: /expired or wrong credentials \(401 Unauthorized\)/,
  },
  {
    what: "another cluster",
    given: ({ cluster }) =>
      cluster.api.object(cluster.paths.system, {
        metadata: { name: "kube-system", uid: "11111111-2222-4333-8444-555555555555" },
      }),
    says: /UID 11111111-2222-4333-8444-555555555555: this is another cluster/,
    codes: { gate: [1, "a gate says no-go: what follows it would write"] },
  },
  {
    what: "no right to read the cluster's identity",
    given: ({ cluster }) => void cluster.api.replies.set(cluster.paths.system, forbidden("get", "namespaces", "")),
    says: /missing right: user "ci" may not get namespaces in the cluster/,
  },
  {
    what: "no right to list pods",
    given: ({ cluster }) => void cluster.api.replies.set(cluster.paths.pods, forbidden("list", "pods", "", NS)),
    says: /missing right: user "ci" may not list pods in namespace financial-ml/,
    only: ["validate", "diagnose"],
  },
  {
    what: "no right to forward ports",
    given: ({ cluster }) => void (cluster.api.refuseUpgrade = 403),
    says: /missing right: may not get or create pods\/portforward in namespace financial-ml/,
    only: ["validate"],
  },
  {
    what: "no right to list Secrets",
    given: ({ cluster }) =>
      void cluster.api.replies.set(`/api/v1/namespaces/${NS}/secrets`, forbidden("list", "secrets", "", NS)),
    says: /missing right: user "ci" may not list secrets in namespace financial-ml/,
    only: ["drift"],
  },
  {
    what: "no right to list runtimes",
    given: ({ cluster }) =>
      void cluster.api.replies.set(cluster.paths.runtimes, forbidden("list", "seldonruntimes", "mlops.seldon.io", NS)),
    says: /missing right: user "ci" may not list seldonruntimes\.mlops\.seldon\.io in namespace financial-ml/,
    only: ["gate"],
  },
  {
    what: "Seldon's CRDs absent",
    given: ({ cluster }) => {
      for (const path of cluster.api.replies.keys()) if (path.startsWith(SELDON)) cluster.api.replies.delete(path);
    },
    says: /Seldon is half-installed: the CRDs of models, servers, seldonruntimes are absent|knows no (Model|Server) of mlops\.seldon\.io\/v1alpha1: the CRD is absent/,
    only: ["validate", "gate", "drift"],
  },
  {
    what: "Seldon half-installed",
    given: ({ cluster }) =>
      cluster.api.object(SELDON, { resources: [{ name: "models", kind: "Model", namespaced: true }] }),
    says: /Seldon is half-installed: the CRDs of servers, seldonruntimes are absent|knows no Server of mlops\.seldon\.io\/v1alpha1: the CRD is absent \(half-installed\?\)/,
    only: ["validate", "gate", "drift"],
  },
  {
    what: "Calico's CRDs absent",
    given: () => undefined,
    says: /knows no Installation of operator\.tigera\.io\/v1: the CRD is absent \(half-installed\?\)/,
    only: ["drift"],
  },
  {
    what: "an API server that stalls",
    given: ({ cluster }) => void cluster.api.replies.set(cluster.paths.system, "stall"),
    says: /no answer within 5 s to GET \/api\/v1\/namespaces\/kube-system/,
  },
  {
    what: "an API server that stalls in the middle of an answer",
    given: ({ cluster }) => void cluster.api.replies.set(cluster.paths.system, "stall midway"),
    says: /no answer within 5 s to GET \/api\/v1\/namespaces\/kube-system/,
  },
];

describe("bad input", () => {
  let cluster: SeldonCluster;
  let folder: string;
  let kubeconfig: string;
  beforeEach(async () => {
    cluster = await SeldonCluster.start();
    folder = mkdtempSync(join(tmpdir(), "bad-input-"));
    kubeconfig = join(folder, "kubeconfig.yaml");
    writeFileSync(kubeconfig, kubeconfigText(cluster.api.url));
    writeFileSync(join(folder, "Pulumi.test.yaml"), STACK_FILE);
  });
  afterEach(async () => {
    await cluster.api.close();
    rmSync(folder, { recursive: true });
  });

  /** How a command is started: by stack, but for the one that a deployment starts. */
  function argumentsOf(command: string): { argv: string[]; stdin: string } {
    if (command !== "gate") {
      return {
        argv: [command, "test", "--config-file", join(folder, "Pulumi.test.yaml"), "--kubeconfig", kubeconfig],
        stdin: "",
      };
    }
    const subject = { ...cluster.subject, kubeconfig, timeoutSeconds: 1 };
    return { argv: ["gate", "seldon-runtime-ready"], stdin: JSON.stringify(subject) };
  }

  async function run(command: string): Promise<{ code: number; printed: string }> {
    const { argv, stdin } = argumentsOf(command);
    let printed = "";
    const stream = { write: (text: string) => (printed += text) };
    const code = await runCommand(argv, {
      stdin: Readable.from([stdin]),
      stdout: stream,
      stderr: stream,
      env: {},
      signal: new AbortController().signal,
    });
    return { code, printed };
  }

  it.each(CASES)(
    "$what",
    async ({ given, says, only = COMMAND_NAMES, codes = {} }) => {
      await given({
        cluster,
        kubeconfig: (text) => (text === undefined ? rmSync(kubeconfig) : writeFileSync(kubeconfig, text)),
      });
      const ended = await Promise.all(only.map(async (command) => ({ command, ...(await run(command)) })));
      for (const { command, code, printed } of ended) {
        const line = printed.split("\n").find((one) => says.test(one));
        expect([command, line ?? printed]).toEqual([command, expect.stringMatching(says)]);
        expect([command, code]).toEqual([command, codes[command]?.[0] ?? 2]);
        expect(printed).not.toContain(WATCHED);
        // A stack trace is no line for a person.
        expect(printed).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
      }
      expect(cluster.api.requests.filter((line) => !/^(GET|UPGRADE) |^PATCH \S*[?&]dryRun=All&/.test(line))).toEqual(
        [],
      );
    },
    60_000,
  );

  it("is tried with every command", () => {
    const tried = new Set(CASES.flatMap(({ only = COMMAND_NAMES }) => only));
    expect(COMMAND_NAMES.filter((name) => !tried.has(name))).toEqual([]);
    expect(COMMAND_NAMES).toEqual(expect.arrayContaining(["validate", "preflight", "drift", "gate"]));
  });
});
