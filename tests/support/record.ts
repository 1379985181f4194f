/** Component tests' harness: runs a constructor on the recording monitor and answers questions about what it declared. */
import * as pulumi from "@pulumi/pulumi";
import type { RecordedResource, ResourceEngine } from "../../inprocess/engine";
import { PlanEngine } from "../../inprocess/plan-engine";
import { runProgram } from "../../inprocess/run-program";

export interface RecordOptions {
  /** @default "test" */
  readonly stack?: string;
  /** @default false */
  readonly preview?: boolean;
  /** Project configuration by key. @default none */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Configuration of other packages by full key. @default none */
  readonly other?: Readonly<Record<string, string>>;
  /** @default none */
  readonly secretKeys?: readonly string[];
  /** @default a PlanEngine */
  readonly engine?: ResourceEngine;
}

/** What a run declared. */
export class Recording {
  constructor(
    /** All resources but the stack, in order of registration. */
    readonly resources: readonly RecordedResource[],
    /** What the tested function returned, unless it was a resource (stack outputs). */
    readonly outputs: Readonly<Record<string, unknown>>,
  ) {}

  /** The resources of a type; the whole token (`kubernetes:core/v1:Namespace`) or its last part (`Namespace`). */
  ofType(type: string): RecordedResource[] {
    return this.resources.filter((resource) => resource.type === type || resource.type.endsWith(`:${type}`));
  }

  /** The one resource of that type (and name). Throws, with what there is, when there is none or more than one. */
  one(type: string, name?: string): RecordedResource {
    const found = this.ofType(type).filter((resource) => name === undefined || resource.name === name);
    const [only] = found;
    if (only && found.length === 1) return only;
    const listed = this.resources.map((resource) => `  ${resource.type} ${resource.name}`).join("\n");
    throw new Error(`expected one ${type}${name ? ` "${name}"` : ""}, found ${found.length} among\n${listed}`);
  }

  /** The resource with that logical name. */
  named(name: string): RecordedResource {
    const found = this.resources.filter((resource) => resource.name === name);
    const [only] = found;
    if (only && found.length === 1) return only;
    const listed = this.resources.map((resource) => `  ${resource.type} ${resource.name}`).join("\n");
    throw new Error(`expected one resource named "${name}", found ${found.length} among\n${listed}`);
  }

  /** Direct children. */
  childrenOf(resource: RecordedResource): RecordedResource[] {
    return this.resources.filter((child) => child.parent === resource.urn);
  }

  /** Whether `later` cannot be created before `earlier`: by a dependency, direct or through others, or a parent's. */
  isAfter(later: RecordedResource, earlier: RecordedResource): boolean {
    const byUrn = new Map(this.resources.map((resource) => [resource.urn, resource]));
    const seen = new Set<string>();
    const queue = [later.urn];
    for (let urn = queue.pop(); urn !== undefined; urn = queue.pop()) {
      const resource = byUrn.get(urn);
      if (!resource || seen.has(urn)) continue;
      seen.add(urn);
      const before = [...resource.dependencies, ...(resource.provider ? [resource.provider] : [])];
      if (resource.parent) before.push(resource.parent);
      if (before.includes(earlier.urn)) return true;
      queue.push(...before);
    }
    return false;
  }
}

/**
 * Runs `build` (usually `() => new X("x", args)`) as a program and returns what it declared.
 *
 * @example
 * const recording = await recordComponent(() => new Calico("calico", args));
 * expect(recording.one("Namespace").inputs).toMatchObject({ metadata: { name: "tigera-operator" } });
 */
export async function recordComponent(build: () => unknown, options: RecordOptions = {}): Promise<Recording> {
  const { resources, outputs } = await runProgram({
    project: "seldon-k3s",
    stack: options.stack ?? "test",
    preview: options.preview ?? false,
    config: options.config ?? {},
    other: options.other ?? {},
    secretKeys: options.secretKeys ?? [],
    engine: options.engine ?? new PlanEngine(),
    // A component as a stack output would be unfolded field by field.
    program: async () => {
      const result = await build();
      return pulumi.Resource.isInstance(result) ? undefined : result;
    },
  });
  return new Recording(
    resources.filter((resource) => resource.parent !== undefined),
    outputs,
  );
}
