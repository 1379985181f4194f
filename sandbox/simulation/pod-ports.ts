/** Real processes behind the ports of simulated server pods. */
import type { KubernetesObject } from "../api/objects";
import { SandboxError } from "../failure";

/** One port of every simulated server pod and the address of the process behind it. */
export interface PodPort {
  readonly port: number;
  readonly address: string;
  readonly targetPort: number;
}

const PAIR = /^(\d+)=([\w.-]+):(\d+)$/;

/** Reads `9000=127.0.0.1:19000,9500=127.0.0.1:19500`. @throws SandboxError naming the part that is wrong. */
export function parsePodPorts(text: string): PodPort[] {
  return text.split(",").map((part) => {
    const [, port, address = "", targetPort] = PAIR.exec(part.trim()) ?? [];
    const numbers = [Number(port), Number(targetPort)];
    if (!numbers.every((number) => number >= 1 && number <= 65535)) {
      throw new SandboxError(
        `--pod-ports: "${part}" is no PORT=ADDRESS:PORT, such as 9000=127.0.0.1:19000; separate several by commas`,
      );
    }
    return { port: Number(port), address, targetPort: Number(targetPort) };
  });
}

/** KWOK's setting that forwards port-forward requests to the server pods to the processes. */
export function podPortForward(ports: readonly PodPort[], pods: readonly string[]): KubernetesObject {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "ClusterPortForward",
    metadata: { name: "real-processes" },
    spec: {
      selector: { matchNames: [...pods] },
      forwards: ports.map(({ port, address, targetPort }) => ({
        ports: [port],
        target: { port: targetPort, address },
      })),
    },
  };
}
