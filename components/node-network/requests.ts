/** Requests to the programs on machines that change, guard or clean a node's network. Pure. */
import type { DeclaredHost } from "../../config/derive";
import type { Cni, StackConfig } from "../../config/schema";
import { CNI, expectationsOf, type Leftovers, POLICY_CONTROLLER } from "../k3s/cni";
import type { HostFile } from "../k3s/hosts";
import { otherServers } from "../k3s/request";
import { fileLines, renderRequest, type RequestValues } from "../machines/request";

type Hosts = NonNullable<StackConfig["hosts"]>;

/** One of the two settings that select the CNI, as a machine shows that it is in force. */
export type Expectation = keyof ReturnType<typeof expectationsOf>;

/** What decides one setting of one machine. */
export interface SettingInput {
  readonly declared: DeclaredHost;
  readonly hosts: Hosts;
  /** The CNI that the setting is for. */
  readonly cni: Cni;
  /** The drop-in, on servers. */
  readonly file: HostFile | undefined;
}

/** Request to `hosts/settings`: the machine's K3s runs with one of the CNI's two settings. */
export function settingRequest(expectation: Expectation, { declared, hosts, cni, file }: SettingInput): string {
  const { host, role } = declared;
  return renderRequest(
    {
      host: host.name,
      role,
      [expectation]: expectationsOf(cni)[expectation],
      "move-unit-flags": hosts.moveUnitFlags,
      // Only Flannel's flags were ever moved: the stack's settings for Flannel are what a unit says by hand.
      "put-back-unit-flags": cni === "flannel",
      converge: hosts.converge,
      "other-server": otherServers(host.name, hosts),
    },
    // Agents learn both settings from their server, and would not start with them in a file of their own.
    ...(role === "server" && file !== undefined ? [fileLines(file)] : []),
  );
}

function leftoverValues({ paths, chains, ipsets, routeProtocol }: Leftovers): RequestValues {
  return { path: paths, chain: chains, ipset: ipsets, "route-protocol": routeProtocol };
}

/** Request to `hosts/guard`; `present` or `absent` is the program's argument. */
export const guardRequest = ({ host }: DeclaredHost, hosts: Hosts, files: readonly HostFile[]): string =>
  renderRequest({ host: host.name, converge: hosts.converge }, ...files.map((file) => fileLines(file)));

/**
 * Request to `hosts/clean`: everything that a CNI leaves on a node, as its row says. What K3s' policy controller leaves goes
 * with Flannel, beside which it runs.
 *
 * @param inUse what to do where live pods still use the CNI's devices: `refuse` fails, `skip` leaves everything as it is.
 */
export function cleanRequest({ host }: DeclaredHost, cni: Cni, inUse: "refuse" | "skip"): string {
  const row = CNI[cni];
  const own = leftoverValues(row.leftovers);
  const controller = cni === "flannel" ? leftoverValues(POLICY_CONTROLLER) : {};
  const both = (key: string): readonly string[] =>
    [own, controller].flatMap((values) => (values[key] as readonly string[] | undefined) ?? []);
  return renderRequest({
    host: host.name,
    "in-use": inUse,
    network: row.networkName,
    link: row.links,
    path: both("path"),
    "shared-path": row.leftovers.sharedPaths,
    chain: both("chain"),
    ipset: both("ipset"),
    comment: row.leftovers.comments,
    "route-protocol": own["route-protocol"],
  });
}
