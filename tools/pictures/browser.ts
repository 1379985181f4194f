/** Pictures of pages by Chromium's own protocol, over a pipe: no port, no package. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { isExecutable } from "../../sandbox/build/executable";
import { ToolError } from "../cli";

/** How a page is looked at. */
export interface Look {
  /** Width of the window in CSS pixels. */
  readonly width: number;
  readonly scheme: "light" | "dark";
  /** The picture ends here, in CSS pixels, where the page is longer. */
  readonly height: number;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser on PATH; undefined where there is none. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Long enough for a cold start on a busy machine. */
const PATIENCE_MS = 60_000;

export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number | string, { resolve: (result: unknown) => void; reject: (why: Error) => void }>();
  #next = 1;
  #session: string | undefined;

  private constructor(executable: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "seldon-k3s-browser-"));
    // No sandbox of the browser's own: it reads one page of ours, and as root it could not have one.
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"];
    this.#child = spawn(executable, [...args, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    let rest = "";
    (this.#child.stdio[4] as Readable).on("data", (chunk: Buffer) => {
      const messages = `${rest}${chunk.toString("utf8")}`.split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#hear(JSON.parse(message) as Answer);
    });
    const end = () => this.#fail(new ToolError("the browser ended before it had answered"));
    this.#child.once("exit", end);
    this.#child.once("error", end);
  }

  /** @throws ToolError where the browser does not answer. */
  static async start(executable: string): Promise<Browser> {
    const browser = new Browser(executable);
    try {
      const { targetId } = (await browser.#ask("Target.createTarget", { url: "about:blank" })) as { targetId: string };
      const attached = await browser.#ask("Target.attachToTarget", { targetId, flatten: true });
      browser.#session = (attached as { sessionId: string }).sessionId;
      await browser.#ask("Page.enable");
      return browser;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** The page as PNG. @param address Such as a file:// URL. */
  async picture(address: string, { width, scheme, height }: Look): Promise<Buffer> {
    // A low window: a page is at least as high as its window.
    const window = { width, height: 400, deviceScaleFactor: 1, mobile: false };
    await this.#ask("Emulation.setDeviceMetricsOverride", window);
    await this.#ask("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ],
    });
    const loaded = this.#wait("Page.loadEventFired");
    await this.#ask("Page.navigate", { url: address });
    await loaded;
    const { cssContentSize } = (await this.#ask("Page.getLayoutMetrics")) as { cssContentSize: { height: number } };
    const clip = { x: 0, y: 0, width, height: Math.min(height, Math.ceil(cssContentSize.height)), scale: 1 };
    const shot = await this.#ask("Page.captureScreenshot", { format: "png", clip, captureBeyondViewport: true });
    return Buffer.from((shot as { data: string }).data, "base64");
  }

  /** Ends the browser with all its processes, which write into the profile until they end. */
  async close(): Promise<void> {
    this.#session = undefined;
    const ended = new Promise((done) => this.#child.once("exit", done));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await this.#ask("Browser.close").catch(() => this.#child.kill("SIGKILL"));
      await ended;
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = this.#next++;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return this.#wait(id, method);
  }

  #wait(key: number | string, what = String(key)): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new ToolError(`the browser did not answer ${what} within ${PATIENCE_MS / 1000} s`)),
        PATIENCE_MS,
      );
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#waiting.delete(key);
          done(value);
        };
      this.#waiting.set(key, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  #hear({ id, method, result, error }: Answer): void {
    const waiting = this.#waiting.get(id ?? method ?? "");
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new ToolError(`the browser refused: ${error.message}`));
  }

  #fail(why: Error): void {
    for (const { reject } of [...this.#waiting.values()]) reject(why);
  }
}
