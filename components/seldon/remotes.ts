/**
 * Remotes of rclone. An agent reads the Secrets that its configuration lists when it starts, each by name: one key, whose
 * value is a remote as `{name, type, parameters}` with text for every parameter (2.9.1 and 2.10.2,
 * `scheduler/pkg/agent/{k8s/secrets,rclone/rclone}.go`). It looks at no label. A listed Secret that is absent stops it.
 */
import type { StackConfig } from "../../config/schema";
import { SECRET_PLACEHOLDER } from "../../config/stack-file";
import { labels } from "../component";
import type { Metadata } from "./resources";

type Remote = StackConfig["seldon"]["storage"]["remotes"][number];
type Parameters = Readonly<Record<string, string>>;

/** Key of the Secret's only entry. */
export const REMOTE_KEY = "remote";

/** Name of a remote's Secret. */
export const remoteSecretName = ({ name }: Remote): string => `seldon-remote-${name}`;

/** Type of rclone's backend, the parameters that the kind brings, and those that the credentials must hold. */
const KINDS: {
  readonly [K in Remote["kind"]]: {
    readonly type: string;
    readonly parameters: (remote: Extract<Remote, { kind: K }>) => Parameters;
    readonly credentials: readonly string[];
  };
} = {
  s3: {
    type: "s3",
    parameters: ({ region }) => ({ provider: "AWS", env_auth: "false", region }),
    credentials: ["access_key_id", "secret_access_key"],
  },
  minio: {
    type: "s3",
    parameters: ({ endpoint }) => ({ provider: "Minio", env_auth: "false", endpoint }),
    credentials: ["access_key_id", "secret_access_key"],
  },
  gcs: {
    type: "google cloud storage",
    parameters: () => ({ bucket_policy_only: "true" }),
    credentials: ["service_account_credentials"],
  },
};

/** The remotes of one runtime. */
export const remotesOf = ({ storage }: StackConfig["seldon"], namespace: string): Remote[] =>
  storage.remotes.filter(({ namespaces }) => namespaces?.includes(namespace) ?? true);

/** A remote's Secret without its content. */
export const remoteSecret = (namespace: string, remote: Remote): { readonly metadata: Metadata } => ({
  metadata: { name: remoteSecretName(remote), namespace, labels: labels() },
});

/**
 * The Secret's value, as the agent reads it (JSON, which is YAML too).
 *
 * @param secret content of the secret key `storageCredentials`: JSON, by remote and parameter.
 * @throws Error without any part of the credentials in its text.
 */
export function remoteText(remote: Remote, secret: string): string {
  // A plan is made from the stack file alone, which only the engine can decrypt.
  if (secret === SECRET_PLACEHOLDER) return secret;
  const kind = KINDS[remote.kind];
  const own = credentialsOf(remote.name, secret);
  const missing = kind.credentials.filter((key) => own[key] === undefined);
  if (missing.length > 0) {
    throw new Error(
      `storageCredentials: ${remote.name} has no ${missing.join(", ")}; allowed: for ${remote.kind} ${kind.credentials.join(", ")}, and further parameters of rclone as text; fix: set the secret again (docs/seldon.md, "Models from object storage")`,
    );
  }
  const brought = (kind.parameters as (remote: Remote) => Parameters)(remote);
  const parameters = { ...brought, ...remote.parameters, ...own };
  return JSON.stringify({ name: remote.name, type: kind.type, parameters });
}

function credentialsOf(name: string, secret: string): Parameters {
  const refused = (what: string): Error =>
    new Error(
      `storageCredentials: ${what}; allowed: JSON such as {"${name}": {"access_key_id": "...", "secret_access_key": "..."}} with text for every value; fix: pulumi config set --secret storageCredentials < file.json`,
    );
  let all: unknown;
  try {
    all = JSON.parse(secret);
  } catch {
    // The parser's own message quotes the text.
    throw refused("is no JSON");
  }
  const own: unknown = isMapping(all) ? all[name] : undefined;
  if (!isMapping(own)) throw refused(`has no mapping ${name}`);
  if (!Object.values(own).every((value) => typeof value === "string")) {
    throw refused(`has a value that is no text in ${name}`);
  }
  return own as Parameters;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
