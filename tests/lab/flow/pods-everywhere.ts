/** A pod with a host port on every node, so that what the first pod of a node brings is there before hosts are compared. */
import { NODE_IMAGE } from "../image/contents";
import type { Lab } from "../lab";

/** As K3s' ServiceLB has them: portmap's own chains are there on either CNI. */
const HOST_PORTS = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "host-port", namespace: "default" },
  spec: {
    selector: { matchLabels: { app: "host-port" } },
    template: {
      metadata: { labels: { app: "host-port" } },
      spec: {
        containers: [
          {
            name: "serve",
            image: NODE_IMAGE,
            command: ["labtool", "serve", "--listen=:8080"],
            ports: [{ containerPort: 8080, hostPort: 8088 }],
          },
        ],
      },
    },
  },
};

/** Starts them, and waits until they are Ready. */
export async function podsEverywhere(lab: Lab): Promise<void> {
  await lab.kubectl(["apply", "-f", "-"], JSON.stringify(HOST_PORTS));
  await lab.kubectl(["rollout", "status", "daemonset/host-port", "--timeout=120s"]);
}
