/**
 * Stands in for the operators whose pods are only simulated: gives KWOK the stages of every kind that the API server
 * has come to know, and makes the objects that the operators would make, for as long as it runs.
 */
import { join } from "node:path";
import type { ApiClient } from "../api/client";
import type { KubernetesObject } from "../api/objects";
import { readDocuments } from "./documents";
import { SIMULATED_OPERATORS, type SimulatedOperator } from "./operators/table";

const FIELD_MANAGER = "simulated-operator";
const CORE_KINDS = new Set(["Node", "Pod"]);
/** KWOK looks for a kind once a Stage event comes, and finds it only when its schema is published, a moment after the CRD. */
const STAGE_TOUCHES = 4;
const TOUCH_EVERY_ROUNDS = 4;

interface StageState {
  readonly stage: KubernetesObject;
  touches: number;
}

const resourceOf = (stage: KubernetesObject) => stage.spec?.["resourceRef"] as { apiGroup: string; kind: string };

/** Stages for built-in kinds, and for kinds that charts bring. */
export function loadStages(): { readonly core: KubernetesObject[]; readonly custom: KubernetesObject[] } {
  const stages = readDocuments(join(__dirname, "stages"));
  const isCore = (stage: KubernetesObject) => CORE_KINDS.has(resourceOf(stage).kind);
  return { core: stages.filter(isCore), custom: stages.filter((stage) => !isCore(stage)) };
}

export class Simulator {
  readonly #client: ApiClient;
  readonly #stages: StageState[] = loadStages().custom.map((stage) => ({ stage, touches: 0 }));
  /** What was applied last, by owner and object, so that a round without changes writes nothing. */
  readonly #applied = new Map<string, string>();
  #round = 0;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Looks at everything once. */
  async round(): Promise<void> {
    await this.#applyStages();
    for (const operator of SIMULATED_OPERATORS) await this.#reconcile(operator);
    this.#round++;
  }

  async #applyStages(): Promise<void> {
    const served = new Map<string, ReadonlySet<string>>();
    for (const state of this.#stages) {
      if (state.touches >= STAGE_TOUCHES || (state.touches > 0 && this.#round % TOUCH_EVERY_ROUNDS !== 0)) continue;
      const { apiGroup, kind } = resourceOf(state.stage);
      if (!served.has(apiGroup)) served.set(apiGroup, await this.#kindsOf(apiGroup));
      if (!served.get(apiGroup)?.has(kind)) continue;
      state.touches++;
      const annotations = { "seldon-k3s/touched": String(state.touches) };
      const touched = { ...state.stage, metadata: { ...state.stage.metadata, annotations } };
      await this.#client.apply(touched, { fieldManager: FIELD_MANAGER });
    }
  }

  async #kindsOf(groupVersion: string): Promise<ReadonlySet<string>> {
    const answer = await this.#client.get(`/apis/${groupVersion}`);
    return new Set(
      ((answer as { resources?: { kind: string }[] } | undefined)?.resources ?? []).map(({ kind }) => kind),
    );
  }

  async #reconcile({ apiVersion, kind, plural, objectsFor }: SimulatedOperator): Promise<void> {
    for (const resource of await this.#client.list(`/apis/${apiVersion}/${plural}`)) {
      if (resource.metadata.deletionTimestamp) continue;
      // Items of a list come without their type.
      const owner = { ...resource, apiVersion, kind };
      for (const object of objectsFor(owner)) await this.#applyOnce(owner, withOwner(object, owner));
    }
  }

  async #applyOnce(owner: KubernetesObject, object: KubernetesObject): Promise<void> {
    const { kind, metadata } = object;
    const key = `${owner.metadata.uid ?? ""} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
    const content = JSON.stringify(object);
    if (this.#applied.get(key) === content) return;
    await this.#client.apply(object, { fieldManager: FIELD_MANAGER, kindTimeout: 0 });
    this.#applied.set(key, content);
  }
}

/** Kinds that stay when their maker's resource goes: Calico's pools (measured with the real operator), and its configuration. */
const STAYING = new Set(["IPPool", "KubeControllersConfiguration"]);

/** Owned objects go when their owner goes. */
function withOwner(object: KubernetesObject, owner: KubernetesObject): KubernetesObject {
  if (STAYING.has(object.kind)) return object;
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [reference] } as KubernetesObject["metadata"] };
}
