/** The kinds that an API server knows: their paths and plurals, asked once a group. */
import { LookError } from "../verdict";
import type { ClusterApi } from "./api";
import { groupPath, type ServedKind } from "./paths";

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export class Kinds {
  private readonly groups = new Map<string, Promise<ResourceList>>();

  constructor(private readonly api: ClusterApi) {}

  /** A kind, or undefined where the API server does not serve it. @throws LookError */
  async find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind | undefined> {
    const { resources = [] } = await this.group(apiVersion, signal);
    const found = resources.find((one) => one.kind === kind && !one.name.includes("/"));
    return found === undefined ? undefined : { plural: found.name, namespaced: found.namespaced };
  }

  /** @throws LookError, also where the API server does not serve the kind. */
  async get(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind> {
    const found = await this.find(apiVersion, kind, signal);
    if (found !== undefined) return found;
    throw new LookError(`the API server knows no ${kind} of ${apiVersion}: the CRD is absent (half-installed?)`, {
      fix: "install the release that brings the CRDs (pulumi up), and see that it is not being deleted",
    });
  }

  private group(apiVersion: string, signal: AbortSignal): Promise<ResourceList> {
    const known = this.groups.get(apiVersion);
    if (known !== undefined) return known;
    const path = groupPath(apiVersion);
    // A group that nobody serves is answered with a 404 that names no object.
    const asked = this.api.findIfKnown<ResourceList>(path, signal).then((list) => list ?? {});
    this.groups.set(apiVersion, asked);
    asked.catch(() => this.groups.delete(apiVersion));
    return asked;
  }
}
