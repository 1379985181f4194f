/** The request to `hosts/k3s`: what K3s on one machine is installed from, and what it is made with. Pure. */
import type { DeclaredHost } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { fileLines, renderRequest, type RequestValues } from "../machines/request";
import { expectationsOf } from "./cni";
import type { HostFile } from "./hosts";
import { CONFIG_FILE, serverSettings, type SettingsInput, TOKEN_FILE } from "./settings";

/** Where declared settings go on a machine whose `config.yaml` somebody else wrote, once `hosts.converge` asks for it. */
export const OVERLAY_FILE = `${CONFIG_FILE}.d/50-seldon-k3s.yaml`;
const REGISTRIES_FILE = "/etc/rancher/k3s/registries.yaml";

/** Settings that a cluster keeps from its first start: read from it, compared, and never written to it. */
const FIXED = ["cluster-cidr", "cluster-dns", "cluster-domain", "secrets-encryption", "service-cidr"] as const;

/** What {@link k3sRequest} needs. */
export interface K3sRequestInput extends SettingsInput {
  readonly cni: StackConfig["cni"];
  /** The machine's own files; the first one is `config.yaml`. */
  readonly files: readonly HostFile[];
}

/** What K3s is installed from; nothing where the stack has no pins, and then nothing can be installed. */
function pins({ install }: StackConfig["k3s"]): RequestValues {
  if (install === undefined) return {};
  const { installer, binary, images = {}, folder } = install;
  const file = (key: string, pinned?: { url: string; sha256: string }): RequestValues =>
    pinned === undefined ? {} : { [key.replace("@", "url")]: pinned.url, [key.replace("@", "sha256")]: pinned.sha256 };
  return {
    ...file("installer-@", installer),
    ...file("binary-@-amd64", binary.amd64),
    ...file("binary-@-arm64", binary.arm64),
    ...file("images-@-amd64", images.amd64),
    ...file("images-@-arm64", images.arm64),
    folder,
  };
}

function fixedValues({ host, role }: DeclaredHost, input: K3sRequestInput): string[] {
  const name = `node-name ${host.name}`;
  if (role === "agent") return [name];
  const settings = serverSettings(host, input);
  return [
    ...FIXED.map((key) => `${key} ${String(settings[key])}`),
    `datastore ${input.k3s.datastore}`,
    `node-cidr-mask-size ${input.network.nodeCidrMaskSize}`,
    name,
  ];
}

/** The other servers of a cluster, which must be Ready before a machine's K3s is restarted. */
export const otherServers = (name: string, { servers }: SettingsInput["hosts"]): string[] =>
  servers.map((server) => server.name).filter((other) => other !== name);

/**
 * The request for one machine. It holds no secret, so that a preview can show what changes: the token has a command of its
 * own, see {@link tokenRequest}.
 *
 * The CNI's two settings are here too, as files, for an empty machine; on one that runs K3s they are `NodeNetwork`'s
 * alone, and the program leaves them be.
 */
export function k3sRequest(declared: DeclaredHost, input: K3sRequestInput): string {
  const { host, role } = declared;
  const { k3s, cni, hosts, files } = input;
  const registries = k3s.install?.registries;
  const config = files.find(({ path }) => path === CONFIG_FILE);
  return renderRequest(
    {
      host: host.name,
      role,
      first: hosts.servers[0]?.name === host.name,
      version: k3s.version,
      converge: hosts.converge,
      ...expectationsOf(cni.leaving ?? cni.provider),
      fixed: fixedValues(declared, input),
      "other-server": otherServers(host.name, hosts),
      ...pins(k3s),
    },
    ...files.map((file) => fileLines(file)),
    ...(registries === undefined
      ? []
      : [fileLines({ path: REGISTRIES_FILE, mode: "0600", content: `${registries.trimEnd()}\n` })]),
    ...(config === undefined ? [] : [fileLines({ ...config, path: OVERLAY_FILE }, "overlay-file")]),
  );
}

/**
 * The request to `hosts/token`: the file that `token-file` names. A secret. `hosts.converge` is in it so that a machine
 * that was installed anew gets its token back.
 */
export const tokenRequest = ({ host }: DeclaredHost, converge: number, token: string): string =>
  renderRequest(
    { host: host.name, converge },
    fileLines({ path: TOKEN_FILE, mode: "0600", content: `${token}\n` }, "secret-file"),
  );
