/** Which key a stack file names, whether it is the state's, and whether it can be used. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { load } from "js-yaml";
import { redact } from "../../checks/evidence/redact";
import { isTree } from "../../config/tree";
import type { StackName } from "./backup-file";
import type { State } from "./document";
import type { Engine } from "./engine";
import { openPart } from "./urls";

/** What a stack file says of its key. */
export interface StackKey {
  readonly secretsprovider?: string;
  readonly encryptedkey?: string;
  readonly encryptionsalt?: string;
}

const KEYS = ["secretsprovider", "encryptedkey", "encryptionsalt"] as const;

export function readStackKey(file: string): StackKey {
  let document: unknown;
  try {
    document = load(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
  if (!isTree(document)) return {};
  const found = KEYS.flatMap((key) => (typeof document[key] === "string" ? [[key, document[key]] as const] : []));
  return Object.fromEntries(found);
}

/** The provider as `--secrets-provider` names it; undefined where the stack has no key yet. */
export const providerOf = ({ secretsprovider, encryptionsalt }: StackKey): string | undefined =>
  secretsprovider ?? (encryptionsalt === undefined ? undefined : "passphrase");

/** Whether the state's secrets are under the stack file's key; undefined where the state has none. */
export function isKeyOf(
  { secretsprovider, encryptedkey, encryptionsalt }: StackKey,
  { secrets }: State,
): boolean | undefined {
  if (secrets === undefined) return undefined;
  const { type, state } = secrets;
  if (type === "passphrase") return state["salt"] === encryptionsalt;
  if (type === "cloud") return state["url"] === secretsprovider && state["encryptedkey"] === encryptedkey;
  return false;
}

export interface KeyCheck {
  readonly provider?: string;
  readonly works: boolean;
  readonly problem?: string;
}

/**
 * Encrypts a word with the stack's key and decrypts it again, in a file of its own beside nothing: the stack file stays
 * as it is, and no secret of the stack is read.
 */
export async function checkKey(engine: Engine, { project, stack }: StackName, key: StackKey): Promise<KeyCheck> {
  const provider = providerOf(key);
  if (provider === undefined) {
    return { works: false, problem: `Pulumi.${stack}.yaml names no key; fix: npm run state -- ${stack} setup` };
  }
  const folder = mkdtempSync(path.join(tmpdir(), "seldon-k3s-key-"));
  try {
    const file = path.join(folder, `Pulumi.${stack}.yaml`);
    writeFileSync(file, `${JSON.stringify(key)}\n`, { mode: 0o600 });
    const word = randomBytes(12).toString("hex");
    const about = [`${project}:state-probe`, "--config-file", file, "--stack", stack];
    for (const [args, stdin, wanted] of [
      [["config", "set", "--secret", ...about], word, ""],
      [["config", "get", ...about], "", word],
    ] as const) {
      const { code, stdout, stderr } = await engine.pulumi(args, { stdin });
      if (code !== 0 || (wanted !== "" && stdout.trim() !== wanted)) {
        return { provider: openPart(provider), works: false, problem: redact(stderr.trim().split("\n").at(-1) ?? "") };
      }
    }
    return { provider: openPart(provider), works: true };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
