/**
 * Every place that a secret comes in by, and the marker that is planted there. `inputs.test.ts` compares these tables with the
 * schema and the code: a new secret without a marker fails there by its name.
 */
import type { SecretKey } from "../../config/schema";
import { type Marker, markerOf } from "./marker";

/** A secret of the stack's configuration: its markers, and the value that holds them in the form that the key wants. */
interface PlantedKey {
  readonly markers: readonly Marker[];
  readonly value: string;
}

function planted(key: SecretKey, hold: (value: string) => string = (value) => value): PlantedKey {
  const marker = markerOf(`configuration: ${key}`, { plain: key === "k3sToken" });
  return { markers: [marker], value: hold(marker.value) };
}

/** Every secret key of the configuration. */
export const SECRET_CONFIG: Readonly<Record<SecretKey, PlantedKey>> = {
  k3sToken: planted("k3sToken"),
  etcdS3AccessKey: planted("etcdS3AccessKey"),
  etcdS3SecretKey: planted("etcdS3SecretKey"),
  storageCredentials: planted("storageCredentials", (value) =>
    JSON.stringify({ s3: { access_key_id: `id-${value}`, secret_access_key: value } }),
  ),
  kafkaPassword: planted("kafkaPassword"),
  calicoPullSecret: planted("calicoPullSecret", (value) =>
    JSON.stringify({ auths: { "registry.example.com": { username: "ci", password: value } } }),
  ),
};

/** Variables of the environment that this project's code, scripts and workflows read. */
export const ENVIRONMENT: Readonly<Record<string, "secret" | "open">> = {
  // The backend and the secrets provider of Pulumi.
  PULUMI_CONFIG_PASSPHRASE: "secret",
  PULUMI_CONFIG_PASSPHRASE_FILE: "open",
  AWS_ACCESS_KEY_ID: "secret",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_DEFAULT_REGION: "open",
  AWS_PROFILE: "open",
  AWS_REGION: "open",
  AWS_ROLE_ARN: "open",
  AWS_WEB_IDENTITY_TOKEN_FILE: "open",
  AZURE_CLIENT_ID: "open",
  AZURE_CLIENT_SECRET: "secret",
  AZURE_FEDERATED_TOKEN_FILE: "open",
  AZURE_STORAGE_ACCOUNT: "open",
  AZURE_STORAGE_CONNECTION_STRING: "secret",
  AZURE_STORAGE_KEY: "secret",
  AZURE_STORAGE_SAS_TOKEN: "secret",
  AZURE_TENANT_ID: "open",
  GOOGLE_APPLICATION_CREDENTIALS: "open",
  GOOGLE_CREDENTIALS: "secret",
  PGPASSFILE: "open",
  PGPASSWORD: "secret",
  VAULT_ADDR: "open",
  VAULT_SERVER_TOKEN: "secret",
  VAULT_SERVER_URL: "open",
  VAULT_TOKEN: "secret",
  PULUMI_BACKEND_URL: "open",
  PULUMI_OPTION_VERBOSE: "open",
  PULUMI_LOGFLAGS: "open",
  PULUMI_SKIP_UPDATE_CHECK: "open",
  PULUMI_DEBUG_PROMISE_LEAKS: "open",
  // The cluster and its machines.
  KUBECONFIG: "secret",
  KUBECONFIG_CONTENT: "secret",
  KUBECONFIG_PREVIEW: "secret",
  SSH_PRIVATE_KEY: "secret",
  SSH_PRIVATE_KEY_DRIFT: "secret",
  SSH_AUTH_SOCK: "open",
  SSH_AGENT_PID: "open",
  APPROVAL: "open",
  CNI_WINDOW: "open",
  // GitHub.
  GITHUB_TOKEN: "secret",
  GITHUB_REPOSITORY: "open",
  GITHUB_RUN_ID: "open",
  GITHUB_API_URL: "open",
  GITHUB_STEP_SUMMARY: "open",
  PULL_REQUEST: "open",
  POST: "open",
};

/**
 * What comes from files, machines and the cluster, by the name that findings use. The files of a machine have markers of their
 * own in tests/hosts/inspect.test.ts, the credentials of a bucket in tests/rollout/backup-s3.test.ts.
 */
export const OTHER_INPUTS = [
  "kubeconfig: token",
  "kubeconfig: client-key-data",
  "kubeconfig: password",
  "cluster: data of a Secret",
  "cluster: values of a Helm release",
  "cluster: environment of a container",
  "cluster: log of a container",
  "machine: what a program says on standard error",
  "rotation: old token",
  "rotation: new token",
  "SSH: private key",
] as const;
export type OtherInput = (typeof OTHER_INPUTS)[number];

/** Marker of a variable or of another input. */
export const markerFor = (input: OtherInput | `environment: ${string}`): Marker =>
  markerOf(input, { plain: !input.startsWith("cluster") });

/** All that may be found nowhere. */
export const ALL_MARKERS: readonly Marker[] = [
  ...Object.values(SECRET_CONFIG).flatMap(({ markers }) => markers),
  ...Object.entries(ENVIRONMENT)
    .filter(([, kind]) => kind === "secret")
    .map(([name]) => markerFor(`environment: ${name}`)),
  ...OTHER_INPUTS.map(markerFor),
];
