/** Where the bytes come from: a folder, or the network. Every byte is read; nothing is kept. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { isNativeError } from "node:util/types";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";

/** How long an answer may keep silent, in milliseconds. */
const SILENCE_MS = 60_000;

/** What a file turned out to be. */
export interface Measured {
  readonly sha256: string;
  readonly bytes: number;
}

export interface Source {
  /** @param tell Told how many bytes have come so far. @throws ToolError when there is no such file, 2 when it cannot be reached. */
  measure(file: { readonly name: string; readonly url: string }, tell?: (bytes: number) => void): Promise<Measured>;
  /** A small text file; undefined where there is none. */
  text(file: { readonly name: string; readonly url: string }): Promise<string | undefined>;
}

async function digestOf(
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  tell: (bytes: number) => void = () => undefined,
): Promise<Measured> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.byteLength;
    tell(bytes);
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** Files of a folder, under their own names. */
export function folderSource(folder: string, signal: AbortSignal): Source {
  return {
    measure: async ({ name }, tell) => {
      const file = path.join(folder, name);
      if (!existsSync(file)) {
        throw new ToolError(`${folder} has no ${name}; put the file of that name from K3s' release there`, EXIT.failed);
      }
      return digestOf(createReadStream(file), signal, tell);
    },
    text: async ({ name }) => {
      const file = path.join(folder, name);
      return existsSync(file) ? readFile(file, "utf8") : undefined;
    },
  };
}

/** Files by https. */
export function networkSource(signal: AbortSignal): Source {
  const get = async (url: string): Promise<Response> => {
    try {
      return await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]) });
    } catch (error) {
      signal.throwIfAborted();
      const cause = isNativeError(error) && isNativeError(error.cause) ? error.cause.message : String(error);
      throw new ToolError(
        `cannot reach ${url}: ${cause}. Without the network: put the release's files into a folder and run with --from <folder>.`,
        EXIT.couldNotLook,
      );
    }
  };
  return {
    measure: async ({ url }, tell) => {
      const response = await get(url);
      if (!response.ok || response.body === null) {
        throw new ToolError(
          `${url}: answered ${response.status}; is the version right, and does the mirror have it?`,
          EXIT.failed,
        );
      }
      return digestOf(Readable.fromWeb(response.body), signal, tell);
    },
    text: async ({ url }) => {
      const response = await get(url);
      return response.ok ? response.text() : undefined;
    },
  };
}
