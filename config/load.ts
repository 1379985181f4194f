/** The one place that reads Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { decodeValue } from "./decode";
import { ConfigError, type Fault } from "./faults";
import { parseConfig } from "./parse";
import { SECRET_KEYS, type SecretKey, type StackConfig } from "./schema";
import { misplacedSecretFault } from "./secret-faults";

/** Everything that decides what a stack declares. */
export interface LoadedConfig {
  readonly stack: string;
  readonly config: StackConfig;
  /** The secret keys that are set, as secret Outputs. */
  readonly secrets: Partial<Record<SecretKey, pulumi.Output<string>>>;
}

/**
 * Whether the engine passed a key as secret; undefined when the SDK does not tell. The function is in the SDK's module
 * but not in its types.
 */
function isEncrypted(key: string): boolean | undefined {
  const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
  return isConfigSecret?.(key);
}

const isSecretKey = (key: string): key is SecretKey => key in SECRET_KEYS;

const PROVIDER_SWITCH = "pulumi:disable-default-providers";

/**
 * A resource without our provider would otherwise go, silently, to whatever cluster the machine's kubeconfig names.
 * Pulumi.yaml switches the default provider off; a stack file could switch it on again.
 */
function providerFaults(all: Readonly<Record<string, string>>): Fault[] {
  const disabled = decodeValue(all[PROVIDER_SWITCH] ?? "[]");
  if (Array.isArray(disabled) && (disabled.includes("kubernetes") || disabled.includes("*"))) return [];
  return [
    {
      path: PROVIDER_SWITCH,
      problem: "leaves the default Kubernetes provider on, which writes to the cluster of the machine's own kubeconfig",
      got: disabled,
      allowed: "a list with kubernetes",
      fix: `remove ${PROVIDER_SWITCH} from the stack file: Pulumi.yaml sets it`,
      rule: "cluster.default-provider",
    },
  ];
}

/**
 * Reads, parses and checks the configuration of the stack that is being evaluated.
 * @throws ConfigError with every fault.
 */
export function loadConfig(): LoadedConfig {
  const stack = pulumi.getStack();
  const prefix = `${pulumi.getProject()}:`;
  const all = pulumi.runtime.allConfig();
  const pulumiConfig = new pulumi.Config();
  const raw: Record<string, unknown> = {};
  const secrets: LoadedConfig["secrets"] = {};
  const faults = providerFaults(all);
  for (const [fullKey, text] of Object.entries(all)) {
    if (!fullKey.startsWith(prefix)) continue;
    const key = fullKey.slice(prefix.length);
    raw[key] = decodeValue(text);
    if (!isSecretKey(key)) {
      if (isEncrypted(fullKey) === true) faults.push(misplacedSecretFault(key));
      // Pulumi.yaml makes secrets optional by an empty default, so empty means absent.
    } else if (text !== "" && isEncrypted(fullKey) !== false) {
      secrets[key] = pulumiConfig.requireSecret(key);
    }
  }
  const misplaced = faults.some(({ rule }) => rule === "secrets.misplaced");
  // With a decrypted value among the open ones, messages about those would show it.
  const parsed = misplaced ? { faults: [] } : parseConfig(raw, new Set(Object.keys(secrets)));
  faults.push(...parsed.faults);
  if (parsed.config === undefined || faults.length > 0) {
    throw new ConfigError(`configuration of stack "${stack}"`, faults);
  }
  return { stack, config: parsed.config, secrets };
}
