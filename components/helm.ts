import { isAbsolute } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** How long Helm waits for what a chart brings, in seconds; images are pulled within it. */
export const RELEASE_TIMEOUT_SECONDS = 600;

/** How many revisions Helm keeps of one release: enough to roll back, without a Secret for every `up`. */
export const RELEASE_HISTORY = 5;

/** Arguments of {@link release}. */
export interface ReleaseArgs {
  /** Folder that `npm run charts` fills: relative to the project folder, or absolute. */
  readonly folder: string;
  /** Name of the chart in its repository. */
  readonly chart: string;
  /** Version of the chart as the configuration writes it, without a leading `v`. */
  readonly version: string;
  /** Name of the release, explicit: a generated one differs between two stacks and cannot be looked up by hand. */
  readonly releaseName: string;
  /** Namespace of the release; it must exist. A resource's name makes the release wait for it. */
  readonly namespace: pulumi.Input<string>;
  /** Values over those of the chart. @default none */
  readonly values?: pulumi.Inputs;
  /**
   * Adopt objects of the same name that no release owns, instead of refusing them.
   *
   * @default false
   */
  readonly takeOwnership?: boolean;
}

/**
 * Path of a chart's unpacked folder: `./<folder>/<chart>-<version>`.
 *
 * The leading `./` makes Helm fail with `path "..." not found` when the folder is absent; without it, Helm would take
 * the text for a repository's chart and look for it on the network (provider 4.34, `helm_release.go` locateChart).
 */
export function chartPath(folder: string, chart: string, version: string): string {
  const root = folder.replace(/\/+$/, "");
  const path = `${root}/${chart}-${version}`;
  return isAbsolute(path) || root.startsWith("./") || root.startsWith("../") ? path : `./${path}`;
}

/**
 * A Helm release from a local chart folder. Previews need no network, and the chart's bytes are those that
 * `npm run charts` has checked.
 */
export function release(name: string, args: ReleaseArgs, opts: pulumi.CustomResourceOptions): k8s.helm.v3.Release {
  return new k8s.helm.v3.Release(
    name,
    {
      chart: chartPath(args.folder, args.chart, args.version),
      name: args.releaseName,
      namespace: args.namespace,
      values: args.values ?? {},
      timeout: RELEASE_TIMEOUT_SECONDS,
      maxHistory: RELEASE_HISTORY,
      skipAwait: false,
      createNamespace: false,
      ...(args.takeOwnership === true ? { takeOwnership: true } : {}),
    },
    opts,
  );
}
