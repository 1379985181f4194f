/** A flow whose stack has the cluster's token, which machines need that are to join. */
import type { Lab } from "../lab";
import { DEFAULT_VERSION, INSTALLER, PINNED_FOLDER } from "../host-files";
import type { LabHost } from "../host";
import { Flow, pinOf } from "./flow";
import { join } from "node:path";

/** @param token The cluster's token, as `k3sToken` of the stack. */
export const tokenFlow = (lab: Lab, token: string, values: Flow["values"], say?: (line: string) => void): Flow =>
  new Flow(lab, values, say, { k3sToken: token });

/** A host of the lab as `hosts.servers` and `hosts.agents` name it. */
export const machineOf = ({ name, address, hostKey }: LabHost) => ({ name, address, hostKey });

/** `k3s.version` and `k3s.install` for files that lie in a folder of every host. */
export function pinned(lab: Lab, version = DEFAULT_VERSION, folder = PINNED_FOLDER): Record<string, unknown> {
  const [first] = lab.hosts;
  const files = join(first?.files ?? "", folder);
  const file = (name: string) => ({ url: `https://lab.invalid/${name}`, sha256: pinOf(join(files, name)) });
  return {
    version,
    install: {
      installer: { url: "https://lab.invalid/install.sh", sha256: pinOf(INSTALLER) },
      binary: { amd64: file("k3s") },
      images: { amd64: file("k3s-airgap-images-amd64.tar.zst") },
      folder,
    },
  };
}
