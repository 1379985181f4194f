/** Requests to the programs on machines that change, guard or clean a node's network. Pure. */
import type { DeclaredHost } from "../../config/derive";
import type { Cni, StackConfig } from "../../config/schema";
import { CNI, POLICY_CONTROLLER, type Leftovers } from "../k3s/cni";
import type { HostFile } from "../k3s/hosts";
import { otherServers } from "../k3s/request";
import { fileLines, renderRequest, type RequestValues } from "../machines/request";

type Hosts = NonNullable<StackConfig["hosts"]>;

/** What every request to `hosts/settings` says. */
function settingsRequest(
  { host, role }: DeclaredHost,
  hosts: Hosts,
  expect: RequestValues,
  putBack: boolean,
  file: HostFile | undefined,
): string {
  return renderRequest(
    {
      host: host.name,
      role,
      ...expect,
      "move-unit-flags": hosts.moveUnitFlags,
      "put-back-unit-flags": putBack,
      converge: hosts.converge,
      "other-server": otherServers(host.name, { hosts }),
    },
    // Agents learn both settings from their server, and would not start with them in a file of their own.
    ...(role === "server" && file !== undefined ? [fileLines(file)] : []),
  );
}

/** What decides one setting of one machine. */
export interface SettingInput {
  readonly declared: DeclaredHost;
  readonly hosts: Hosts;
  /** The CNI that the setting is for. */
  readonly cni: Cni;
  /** The drop-in, on servers. */
  readonly file: HostFile | undefined;
}

/** The machine's K3s runs with the backend of a CNI: proven by the folders that its containerd takes plugins from. */
export const backendRequest = ({ declared, hosts, cni, file }: SettingInput): string =>
  settingsRequest(
    declared,
    hosts,
    { "expect-backend": CNI[cni].settings["flannel-backend"] },
    // Only Flannel's flags were ever moved: the stack's settings for Flannel are what a unit says by hand.
    cni === "flannel",
    file,
  );

/** The machine's K3s runs with or without its policy controller. */
export const policyRequest = ({ declared, hosts, cni, file }: SettingInput): string =>
  settingsRequest(
    declared,
    hosts,
    { "expect-policy-controller": CNI[cni].settings["disable-network-policy"] ? "off" : "on" },
    cni === "flannel",
    file,
  );

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
    chain: both("chain"),
    ipset: both("ipset"),
    comment: row.leftovers.comments,
    "route-protocol": own["route-protocol"],
  });
}
