/** Where the new token is put on the runner, for the stack's secret: a file that only its owner reads. */
import { chmod, open, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import type { Tokens } from "./rotating-host";

/** The token as the stack's secret k3sToken holds it: in the form that the first server's own file has. */
export const stackToken = ({ form, new: token }: Tokens): string =>
  form === "secure" ? token : token.replace(/^K10[0-9a-f]+::(?:[a-z]+:)?/, "");

export class TokenFile {
  /** Whether this run made the file: then it goes again where nothing was written to it. */
  private made = false;

  constructor(readonly path: string) {}

  /**
   * Finds out that it can be written, before anything is rotated: afterwards the token would be nowhere but on machines.
   * @throws ToolError
   */
  async claim(resumed: boolean): Promise<void> {
    try {
      const handle = await open(this.path, "wx", 0o600);
      await handle.close();
      this.made = true;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") {
        throw new ToolError(
          `the file for the new token cannot be made: ${message}; fix: name another by --token-file`,
          EXIT.failed,
        );
      }
      if (!resumed && (await stat(this.path)).size > 0) {
        throw new ToolError(
          `${this.path} is there already and would be overwritten; fix: name another file by --token-file`,
          EXIT.failed,
        );
      }
    }
  }

  /** @throws ToolError where it holds something else. */
  async keep(token: string): Promise<void> {
    const there = await readFile(this.path, "utf8");
    if (there !== "" && there !== `${token}\n`) {
      throw new ToolError(
        `${this.path} holds something else than the new token; fix: run this again with another --token-file`,
        EXIT.failed,
      );
    }
    await chmod(this.path, 0o600);
    await writeFile(this.path, `${token}\n`, { mode: 0o600 });
    this.made = false;
  }

  /** Removes an empty file that this run has made. */
  async tidy(): Promise<void> {
    if (this.made) await unlink(this.path).catch(() => undefined);
  }
}
