/**
 * Takes away what the portmap plugin keeps for sandboxes that are gone: after a change of the CNI a sandbox is taken
 * down under the new CNI's network name, so the entry that was made under the old one stays, stands first, and leads the
 * host port to a dead address.
 */
import { CNI } from "../../components/k3s/cni";
import type { Cni } from "../../config/schema";
import type { OnHost } from "./on-host";

export class HostPorts {
  private last: Promise<void> = Promise.resolve();

  /** @param left The CNI that is being left: its network name is what its entries are filed under. */
  constructor(
    private readonly host: OnHost,
    private readonly left: Cni,
  ) {}

  /** One clean-up at a time; each begins after it was asked for. @throws SshError | ToolError */
  clean(): Promise<void> {
    const request = `network ${CNI[this.left].networkName}\n`;
    const next = this.last
      .catch(() => undefined)
      .then(async () => void (await this.host.program("host-ports", request)));
    this.last = next;
    return next;
  }
}
