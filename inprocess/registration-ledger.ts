import * as pulumi from "@pulumi/pulumi";
import type { RecordedResource } from "./engine";

interface Entry {
  readonly resource: pulumi.Resource;
  readonly label: string;
  readonly dependsOn: pulumi.ResourceOptions["dependsOn"];
}

/**
 * Every resource from the moment its constructor runs. A registration request is sent only when all inputs are there,
 * so what is in this ledger and not on the monitor names what a program is waiting for.
 */
export class RegistrationLedger {
  readonly #entries: Entry[] = [];

  /** Number of resources constructed so far. */
  get size(): number {
    return this.#entries.length;
  }

  /** Starts to listen; to be called inside the stack, before the program. */
  listen(): void {
    pulumi.runtime.registerStackTransformation(({ resource, type, name, opts }) => {
      this.#entries.push({ resource, label: `${type} "${name}"`, dependsOn: opts.dependsOn });
      return undefined;
    });
  }

  /** Labels of the resources that were constructed but never reached the monitor. */
  missing(records: readonly RecordedResource[]): string[] {
    const arrived = new Map<string, number>();
    for (const { type, name } of records) {
      const label = `${type} "${name}"`;
      arrived.set(label, (arrived.get(label) ?? 0) + 1);
    }
    return this.#entries
      .map(({ label }) => label)
      .filter((label) => {
        const count = arrived.get(label) ?? 0;
        arrived.set(label, count - 1);
        return count <= 0;
      })
      .sort();
  }

  /**
   * The records with their `dependsOn` option. The request carries only the expanded dependencies; what the program
   * named is known here. To be called when every resource is registered.
   */
  async complete(records: readonly RecordedResource[]): Promise<RecordedResource[]> {
    const declared = new Map<string, string[]>();
    for (const { resource, dependsOn } of this.#entries) {
      if (dependsOn === undefined) continue;
      const named: readonly Named[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
      const targets = (await Promise.all(named.map(resourcesOf))).flat();
      const urns = await Promise.all(targets.map((target) => settled(target.urn)));
      if (urns.length > 0) declared.set(await settled(resource.urn), urns.sort());
    }
    return records.map((record) => {
      const dependsOn = declared.get(record.urn);
      return dependsOn ? { ...record, options: { ...record.options, dependsOn } } : record;
    });
  }
}

type Settled<T> = T extends pulumi.Resource | readonly pulumi.Resource[] ? T : pulumi.Unwrap<T>;

type Named = pulumi.Input<pulumi.Resource> | pulumi.Input<pulumi.Input<pulumi.Resource>[]>;

/**
 * A resource as it is: an output of one is searched for unknown values, and with it all resources that it leads to, which
 * grows with the square of their number.
 */
async function resourcesOf(named: Named): Promise<pulumi.Resource[]> {
  return pulumi.Resource.isInstance(named) ? [named] : [await settled<unknown>(named)].flat();
}

function settled<T>(input: pulumi.Input<T>): Promise<Settled<T>> {
  return new Promise((resolve) => pulumi.output(input).apply((value) => resolve(value as Settled<T>)));
}
