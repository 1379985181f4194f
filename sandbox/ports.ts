/** Free TCP ports on the loopback interface. */
import { createServer } from "node:net";
import { SandboxError } from "./failure";

/** First and last port that may be used, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Below Linux' range of ephemeral ports (32768 up), so that no outgoing connection takes a port between the moment
 * when it is found free and the moment when its server listens.
 */
export const DEFAULT_PORTS: PortRange = { first: 20_000, last: 31_999 };

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * Finds free ports, from a random start on, so that runs side by side rarely meet. Nothing is reserved: whoever uses
 * them must be ready to try again with others.
 *
 * @throws SandboxError when the range does not hold as many free ports.
 */
export async function freePorts(count: number, { first, last }: PortRange = DEFAULT_PORTS): Promise<number[]> {
  const size = last - first + 1;
  const start = Math.floor(Math.random() * size);
  const found: number[] = [];
  for (let step = 0; step < size && found.length < count; step++) {
    const port = first + ((start + step) % size);
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) {
    throw new SandboxError(
      `no free port: the sandbox needs ${count} ports on 127.0.0.1 between ${first} and ${last}, and ${found.length} ` +
        "are free; stop what holds them, or name another range with --ports FIRST-LAST",
    );
  }
  return found;
}
