/** A real Kubernetes control plane on loopback ports of this machine. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { messageOf } from "../config/thrown";
import { ApiClient } from "./api/client";
import { renderKubeconfig } from "./api/kubeconfig";
import type { ToolPaths } from "./build-tools";
import {
  certificateOf,
  controllers,
  storeAndServer,
  type ClusterNetwork,
  type ControlPlaneFiles,
  type Ports,
} from "./control-plane/launches";
import { SandboxError } from "./failure";
import { freePorts, type PortRange } from "./ports";
import type { RunFolder } from "./run-folder";
import { logTail, Supervisor } from "./supervisor";

export interface ControlPlaneOptions {
  readonly run: RunFolder;
  readonly tools: ToolPaths;
  readonly network: ClusterNetwork;
  readonly ports?: PortRange;
  /** Further flags of the API server. @default none */
  readonly apiServerFlags?: Readonly<Record<string, string>> | undefined;
  /** Ends the wait for readiness, on Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Called with the supervisor of each attempt, so that the caller can stop it at any moment. */
  readonly onSupervisor?: (supervisor: Supervisor) => void;
}

export interface ControlPlane {
  readonly supervisor: Supervisor;
  readonly client: ApiClient;
  /** Path of a kubeconfig for a cluster administrator, mode 0600. */
  readonly kubeconfig: string;
  readonly server: string;
  /** What /version says, such as v1.33.13. */
  readonly version: string;
  /** UID of the namespace kube-system, the cluster's identity. */
  readonly uid: string;
  readonly ports: Ports;
  readonly files: ControlPlaneFiles;
}

const ATTEMPTS = 3;
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 100;

/**
 * Starts etcd, the API server, the controller manager and the scheduler, and waits until the API server is ready.
 *
 * @throws SandboxError when no ports are free, or when a process ends or is not ready in time; nothing runs then.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    const supervisor = new Supervisor(options.run.logs);
    options.onSupervisor?.(supervisor);
    try {
      return await startOnce(options, supervisor, attempt);
    } catch (error) {
      await supervisor.stop();
      // Somebody took a port between the moment when it was found free and the moment when it was used.
      if (attempt === ATTEMPTS || !messageOf(error).includes("address already in use")) throw error;
    }
  }
}

async function startOnce(options: ControlPlaneOptions, supervisor: Supervisor, attempt: number): Promise<ControlPlane> {
  const { run, tools, network } = options;
  const [etcd = 0, etcdPeer = 0, apiServer = 0, kubelet = 0] = await freePorts(4, options.ports);
  const ports = { etcd, etcdPeer, apiServer, kubelet };
  const token = randomBytes(24).toString("hex");
  const files = writeFiles(run, token, attempt);
  const binaries = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, tool.path]));
  const input = { binaries, network, ports, files, apiServerFlags: options.apiServerFlags };
  for (const launch of storeAndServer(input)) await supervisor.start(launch);
  run.record(supervisor.running, false);

  const server = `https://127.0.0.1:${apiServer}`;
  const client = await untilReady({ server, token, files, supervisor, signal: options.signal });
  run.write(
    "kubeconfig",
    renderKubeconfig("sandbox", { server, ca: readFileSync(certificateOf(files), "utf8"), token }),
  );
  for (const launch of controllers(input)) await supervisor.start(launch);
  run.record(supervisor.running, false);
  const version = (await client.get("/version")) as { gitVersion: string };
  const uid = await kubeSystemUid(client);
  return { supervisor, client, kubeconfig: files.kubeconfig, server, version: version.gitVersion, uid, ports, files };
}

function writeFiles(run: RunFolder, token: string, attempt: number): ControlPlaneFiles {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  return {
    etcdData: run.folder(`etcd-${attempt}`),
    certificates: run.folder(`certificates-${attempt}`),
    // Kubernetes' static token file: token, user, uid, groups.
    tokens: run.write("tokens.csv", `${token},sandbox,sandbox,"system:masters"\n`),
    serviceAccountKey: run.write("service-account.key", privateKey),
    kubeconfig: run.file("kubeconfig"),
  };
}

interface Readiness {
  readonly server: string;
  readonly token: string;
  readonly files: ControlPlaneFiles;
  readonly supervisor: Supervisor;
  readonly signal?: AbortSignal;
}

async function untilReady({ server, token, files, supervisor, signal }: Readiness): Promise<ApiClient> {
  const certificate = certificateOf(files);
  let last = "it has made no certificate yet";
  for (let waited = 0; waited < READY_TIMEOUT_MS; waited += POLL_MS) {
    signal?.throwIfAborted();
    supervisor.death.throwIfAborted();
    const ca = existsSync(certificate) ? readFileSync(certificate, "utf8") : "";
    // The file is written in one go but not atomically: it is whole when its last certificate ends.
    if (ca.trimEnd().endsWith("-----END CERTIFICATE-----")) {
      const client = new ApiClient({ server, token, ca });
      try {
        await client.get("/readyz");
        return client;
      } catch (error) {
        client.close();
        last = messageOf(error);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const log = supervisor.running.find(({ name }) => name === "kube-apiserver")?.log ?? "";
  throw new SandboxError(
    `the API server was not ready within ${READY_TIMEOUT_MS / 1000} s (${last}); the end of its log:\n${logTail(log)}`,
  );
}

/** The namespace is made by a controller inside the API server, a moment after it is ready. */
async function kubeSystemUid(client: ApiClient): Promise<string> {
  for (let waited = 0; waited < READY_TIMEOUT_MS; waited += POLL_MS) {
    const found = (await client.get("/api/v1/namespaces/kube-system")) as { metadata: { uid: string } } | undefined;
    if (found) return found.metadata.uid;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new SandboxError("the namespace kube-system does not appear in the new control plane");
}
