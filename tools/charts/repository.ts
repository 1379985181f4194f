/** The Helm repository protocol: an index.yaml that names archives. */
import { load } from "js-yaml";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";
import { ask, bodyOf } from "./http";
import { fetchOci, isOci } from "./oci";
import type { PinnedChart } from "./pinned";

/** The parts of an index.yaml that are read. */
interface Index {
  readonly entries?: Readonly<Record<string, readonly { readonly version: string; readonly urls: readonly string[] }[]>>;
}

/** Repositories and archives by HTTP, each index fetched once; registries by their own protocol. */
export class ChartSource {
  readonly #indexes = new Map<string, Promise<Index>>();

  constructor(readonly signal: AbortSignal) {}

  /**
   * The chart's archive.
   *
   * @throws ToolError with exit code 2 when the repository cannot be reached, 1 when it does not have the chart.
   */
  async fetch(pinned: PinnedChart): Promise<Buffer> {
    if (isOci(pinned)) return await fetchOci(pinned, this.signal);
    const { chart, version, repository } = pinned;
    const base = `${repository.replace(/\/+$/, "")}/`;
    const index = await (this.#indexes.get(base) ?? this.#loadIndex(base));
    // Calico writes its chart versions with a leading v, Seldon without.
    const versions = index.entries?.[chart] ?? [];
    const url = versions.find((entry) => entry.version.replace(/^v/, "") === version)?.urls[0];
    if (url === undefined) {
      const known = versions.slice(0, 10).map((entry) => entry.version);
      const detail = known.length > 0 ? `it has ${known.join(", ")}` : "it does not know the chart";
      throw new ToolError(`${chart} ${version}: not in ${base}; ${detail}`, EXIT.failed);
    }
    return this.#get(new URL(url, base).href);
  }

  #loadIndex(base: string): Promise<Index> {
    const index = this.#get(new URL("index.yaml", base).href).then((bytes) => load(bytes.toString("utf8")) as Index);
    this.#indexes.set(base, index);
    return index;
  }

  async #get(url: string): Promise<Buffer> {
    return bodyOf(url, await ask(url, this.signal));
  }
}
