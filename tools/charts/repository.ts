/** The Helm repository protocol: an index.yaml that names archives. */
import { isNativeError } from "node:util/types";
import { load } from "js-yaml";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";
import type { PinnedChart } from "./pinned";

/** No chart of ours has a megabyte; an answer beyond this is no chart. */
const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** The parts of an index.yaml that are read. */
interface Index {
  readonly entries?: Readonly<Record<string, readonly { readonly version: string; readonly urls: readonly string[] }[]>>;
}

/** Repositories and archives by HTTP, each index fetched once. */
export class ChartSource {
  readonly #indexes = new Map<string, Promise<Index>>();

  constructor(readonly signal: AbortSignal) {}

  /**
   * The chart's archive.
   *
   * @throws ToolError with exit code 2 when the repository cannot be reached, 1 when it does not have the chart.
   */
  async fetch({ chart, version, repository }: PinnedChart): Promise<Buffer> {
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
    let response: Response;
    try {
      response = await fetch(url, { signal: AbortSignal.any([this.signal, AbortSignal.timeout(TIMEOUT_MS)]) });
      if (response.ok) return await boundedBody(response, url);
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      if (error instanceof ToolError) throw error;
      throw new ToolError(
        `cannot reach ${url}: ${reasonOf(error)}. Without the network: fetch the charts elsewhere (\`helm pull\`) and ` +
          "run with --from <folder>.",
      );
    }
    throw new ToolError(`${url} answered ${response.status} ${response.statusText}`);
  }
}

async function boundedBody(response: Response, url: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    size += (part as Uint8Array).length;
    if (size > MAX_BYTES) throw new ToolError(`${url}: more than ${MAX_BYTES} bytes; that is no chart`, EXIT.failed);
  }
  return Buffer.concat(parts);
}

/** undici says only "fetch failed"; the reason is the cause. */
function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  return isNativeError(error.cause) ? error.cause.message || error.cause.name : error.message;
}
