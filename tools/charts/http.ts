/** Answers over HTTP, bounded in time and size. */
import { isNativeError } from "node:util/types";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";

/** No chart of ours has a megabyte; an answer beyond this is no chart. */
const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

/**
 * The answer to a GET.
 *
 * @throws ToolError with exit code 2 when nobody answers, 1 when the answer is larger than any chart.
 */
export async function ask(url: string, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const { status, statusText } = response;
    return { status, statusText, headers: response.headers, body: await boundedBody(response, url) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ToolError) throw error;
    throw new ToolError(
      `cannot reach ${url}: ${reasonOf(error)}. Without the network: fetch the charts elsewhere (\`helm pull\`) and ` +
        "run with --from <folder>.",
    );
  }
}

/** The body of a successful answer. @throws ToolError with exit code 2 for any other answer. */
export function bodyOf(url: string, { status, statusText, body }: Answer): Buffer {
  if (status >= 200 && status < 300) return body;
  throw new ToolError(`${url} answered ${status} ${statusText}`);
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
