/** Real processes on loopback that stand behind forwarded ports: one of each kind for a whole suite. */
import { REFUSED_PORT } from "../../support/ports";
import { grpcServer, httpServer, type Standing, tcpServer } from "./servers";

export interface Stands {
  readonly ports: Readonly<
    Record<"live" | "grpc" | "rclone" | "ready" | "waiting" | "gone" | "refused" | "hangsUp", number>
  >;
  close(): Promise<void>;
}

export async function standBehind(): Promise<Stands> {
  const answers = (status: number, text: string): Promise<Standing> =>
    httpServer((_, response) => response.writeHead(status, { "content-type": "text/plain" }).end(text));
  const standing = {
    live: await answers(200, "{}"),
    grpc: await grpcServer(true),
    rclone: await answers(200, "{}"),
    ready: await answers(200, "The agent and its dependent sub-services are ready"),
    // The agent's own words (Seldon Core 2.10.2, readyservice/server.go).
    waiting: await answers(503, "The agent is not ready"),
    gone: await answers(404, "No service monitored for readiness by this endpoint"),
    hangsUp: await tcpServer((socket) => void socket.once("data", () => socket.destroy())),
  };
  const ports = Object.fromEntries(Object.entries(standing).map(([name, { port }]) => [name, port]));
  return {
    ports: { ...ports, refused: REFUSED_PORT } as Stands["ports"],
    close: async () => {
      await Promise.all(Object.values(standing).map((one) => one.close()));
    },
  };
}
