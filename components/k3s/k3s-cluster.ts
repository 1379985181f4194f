import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../config/schema";
import { token } from "../component";
import { isMixed, renderDropIns } from "../node-network/drop-ins";
import { mergeHostFiles, renderHosts, type HostFile } from "./hosts";
import { describeMismatches, findMismatches, MAY_DIFFER_WHILE_MIXED } from "./must-match";

/** Arguments of {@link K3sCluster}. */
export interface K3sClusterArgs extends Pick<StackConfig, "cluster" | "k3s" | "network" | "cni"> {
  /** The machines. @default none: the cluster exists already, and only objects inside it are managed */
  readonly hosts?: StackConfig["hosts"] | undefined;
  /** Token by which machines join; a secret. @default the first server makes one */
  readonly token?: pulumi.Output<string> | undefined;
}

/** A {@link HostFile} whose content may be a secret output. */
export interface DeclaredFile extends Omit<HostFile, "content"> {
  readonly content: pulumi.Input<string>;
}

/** Stands for the token while files are rendered and compared. */
const TOKEN_PLACEHOLDER = "[secret]";

/**
 * The K3s cluster: configuration of its servers and agents, from which the first server starts a cluster and all other
 * machines join it.
 *
 * Before anything is declared, the files of all servers are compared: settings that K3s wants equal on all servers and
 * that are not end the deployment here, with their names and values.
 *
 * Files are declared and rendered; no machine is contacted.
 */
export class K3sCluster extends pulumi.ComponentResource {
  /** K3s' files by machine, servers first. A token's content is a secret; everything else is plain. */
  readonly files: Readonly<Record<string, readonly DeclaredFile[]>>;

  /** @throws ResourceError when settings differ between servers that must not. */
  constructor(name: string, args: K3sClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // Marked here again: what a component is given is stored with it.
    const joinToken = args.token === undefined ? undefined : pulumi.secret(args.token);
    super(token("K3sCluster"), name, { ...args, token: joinToken }, opts);

    const rendered = renderHosts({ ...args, token: joinToken && TOKEN_PLACEHOLDER });
    const servers = (args.hosts?.servers ?? []).map((host) => host.name);
    const mismatches = findMismatches(
      mergeHostFiles(rendered, renderDropIns(args)),
      servers,
      isMixed(args) ? MAY_DIFFER_WHILE_MIXED : [],
    );
    if (mismatches.length > 0) throw new pulumi.ResourceError(describeMismatches(mismatches), this, true);

    const secretContent = joinToken === undefined ? "" : pulumi.interpolate`${joinToken}\n`;
    this.files = Object.fromEntries(
      Object.entries(rendered).map(([host, files]) => [
        host,
        files.map((file) => (file.secret === true ? { ...file, content: secretContent } : file)),
      ]),
    );
    this.registerOutputs({ files: this.files });
  }
}
