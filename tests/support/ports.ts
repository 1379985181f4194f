/** Ports of loopback for tests. */
import { freePorts } from "../../sandbox/ports";

/** Nothing listens there. Below 1024 none is given by chance. */
export const REFUSED_PORT = 2;

/** A port to listen on. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}
