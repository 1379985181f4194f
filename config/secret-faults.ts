import type { Fault } from "./faults";
import { SECRET_KEYS } from "./schema";

/** A secret that everybody who reads the file can read. Its value is not shown. */
export const openSecretFault = (key: string): Fault => ({
  path: key,
  problem: "is a secret in clear text",
  allowed: "an encrypted value (`secure:` in the stack file)",
  fix: `pulumi config set --secret ${key}, and change the secret: it has been readable`,
  rule: "secrets.in-clear",
});

/** An encrypted value where none is expected: the program would write its parts into the open. */
export const misplacedSecretFault = (key: string): Fault => ({
  path: key,
  problem: "holds an encrypted value, but is no secret key",
  allowed: `encrypted values in ${Object.keys(SECRET_KEYS).join(", ")} only`,
  fix: "move the secret to its key, or write the value in clear",
  rule: "secrets.misplaced",
});
