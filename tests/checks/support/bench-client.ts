/** The program of the pods that measure, run as the process that it is. Needs python3 on this machine. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { CLIENT_COMMAND } from "../../../checks/bench/client-program";
import { pause } from "../../../checks/engine/bounded";
import { freePort } from "../../support/ports";

/** Why these tests cannot run here; absent where they can. */
export const whyNoClient = (): string | undefined =>
  spawnSync("python3", ["--version"]).status === 0 ? undefined : "there is no python3 on this machine";

export interface Client {
  readonly control: number;
  close(): Promise<void>;
}

/** Starts it and waits until it can be asked. @param bind Address on which it answers others, on `ports`. */
export async function startClient(bind: string, ports: readonly number[]): Promise<Client> {
  const control = await freePort();
  const [program, ...args] = CLIENT_COMMAND;
  const env = { ...process.env, PROBE_BIND: bind, PROBE_PORTS: ports.join(" "), PROBE_CONTROL: String(control) };
  const child: ChildProcess = spawn(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const never = new AbortController().signal;
  while (!(await accepts(control))) {
    if (child.exitCode !== null) throw new Error(`the client ended with ${child.exitCode}`);
    await pause(20, never);
  }
  return {
    control,
    close: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
