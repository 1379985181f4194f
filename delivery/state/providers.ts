/**
 * The secrets providers: how each is named, what it needs, what makes its key. Pure.
 *
 * Source: pulumi 3.259, `pkg/secrets`, and its gocloud.dev. Tried with that CLI: passphrase, awskms (moto), hashivault
 * (a stand-in that speaks transit). azurekeyvault and gcpkms were read, not run.
 */
import { AWS_NEEDS, awsRegion, AZURE_NEEDS, type Complaint, GOOGLE_NEEDS, regionOf } from "./backends";
import type { Step } from "./step";
import type { Need } from "./variables";

export interface SecretsProvider {
  readonly scheme: string;
  /** The shape of its address. */
  readonly shape: string;
  readonly faults: (url: URL, env: NodeJS.ProcessEnv) => readonly Complaint[];
  readonly needs: readonly Need[];
  readonly create: (url: URL, env: NodeJS.ProcessEnv) => readonly Step[];
  /** Who can decrypt. */
  readonly who: string;
}

const shaped = (right: boolean, shape: string): readonly Complaint[] =>
  right ? [] : [{ problem: "is not of its shape", allowed: shape, fix: "name the key as shown" }];

/** The parts of `projects/P/locations/L/keyRings/R/cryptoKeys/K`, or undefined. */
const googleKey = (url: URL) =>
  /^projects\/(?<project>[^/]+)\/locations\/(?<location>[^/]+)\/keyRings\/(?<ring>[^/]+)\/cryptoKeys\/(?<key>[^/]+)$/.exec(
    `${url.host}${url.pathname}`,
  )?.groups as Readonly<Record<"project" | "location" | "ring" | "key", string>> | undefined;

const AWS = "awskms://alias/NAME?region=REGION";
const AZURE = "azurekeyvault://VAULT.vault.azure.net/keys/KEY";
const GOOGLE = "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K";
const VAULT = "hashivault://KEY";

export const PROVIDERS: readonly SecretsProvider[] = [
  {
    scheme: "passphrase",
    shape: "passphrase",
    faults: ({ href }) =>
      href === "passphrase:"
        ? []
        : [
            {
              problem: "has something behind the word: a passphrase on a command line is in the process list",
              allowed: "the word alone",
              fix: "put the passphrase into a file of mode 0600 and name it by PULUMI_CONFIG_PASSPHRASE_FILE",
            },
          ],
    needs: [{ what: "passphrase", anyOf: [["PULUMI_CONFIG_PASSPHRASE_FILE"], ["PULUMI_CONFIG_PASSPHRASE"]] }],
    create: (_, { PULUMI_CONFIG_PASSPHRASE_FILE: file = "" }) =>
      file === ""
        ? []
        : [
            {
              argv: ["openssl", "rand", "-base64", "-out", file, "32"],
              why: "make a passphrase that nobody has to remember; keep a copy where the state is not",
              unless: ["test", "-s", file],
            },
          ],
    who: "who has the passphrase",
  },
  {
    scheme: "awskms",
    shape: AWS,
    faults: (url, env) => [...shaped(`${url.host}${url.pathname}`.length > 1, AWS), ...awsRegion(url, env)],
    needs: AWS_NEEDS,
    create: (url, env) => {
      const key = `${url.host}${url.pathname}`.replace(/^\//, "");
      const kms = ["aws", "--region", regionOf(url, env) ?? "<region>", "kms"] as const;
      const there = [...kms, "describe-key", "--key-id", key] as const;
      if (url.host !== "alias") return [];
      return [
        {
          argv: [...kms, "create-key", "--description", "secrets of a Pulumi stack"],
          why: "make the key; its id stands in the answer",
          unless: [...there],
        },
        {
          argv: [...kms, "create-alias", "--alias-name", key, "--target-key-id", "<key id>"],
          why: "give it its name",
          unless: [...there],
        },
        {
          argv: [...kms, "enable-key-rotation", "--key-id", "<key id>"],
          why: "renew it every year; old versions still decrypt",
        },
      ];
    },
    who: "who may use the key; every use is in the audit log",
  },
  {
    scheme: "azurekeyvault",
    shape: AZURE,
    faults: (url) => shaped(/^\/keys\/[^/]+(\/[^/]+)?$/.test(url.pathname) && url.host.includes("."), AZURE),
    needs: AZURE_NEEDS,
    create: (url) => {
      const vault = url.host.split(".", 1)[0] ?? "";
      const key = ["--vault-name", vault, "--name", url.pathname.split("/")[2] ?? ""];
      return [
        {
          argv: ["az", "keyvault", "update", "--name", vault, "--enable-purge-protection", "true"],
          why: "whoever deletes the key cannot destroy it at once; this cannot be taken back",
        },
        {
          argv: ["az", "keyvault", "key", "create", ...key, "--kty", "RSA", "--size", "3072"].concat(
            "--ops",
            "encrypt",
            "decrypt",
          ) as [string, ...string[]],
          why: "make the key",
          unless: ["az", "keyvault", "key", "show", ...key],
        },
      ];
    },
    who: "who may use the key; every use is in the audit log",
  },
  {
    scheme: "gcpkms",
    shape: GOOGLE,
    faults: (url) => shaped(googleKey(url) !== undefined, GOOGLE),
    needs: GOOGLE_NEEDS,
    create: (url) => {
      const { project, location, ring, key } = googleKey(url)!;
      const at = ["--project", project, "--location", location];
      return [
        {
          argv: ["gcloud", "kms", "keyrings", "create", ring, ...at],
          why: "make the key ring",
          unless: ["gcloud", "kms", "keyrings", "describe", ring, ...at],
        },
        {
          argv: ["gcloud", "kms", "keys", "create", key, "--keyring", ring, "--purpose", "encryption", ...at],
          why: "make the key",
          unless: ["gcloud", "kms", "keys", "describe", key, "--keyring", ring, ...at],
        },
      ];
    },
    who: "who may use the key; every use is in the audit log",
  },
  {
    scheme: "hashivault",
    shape: VAULT,
    faults: (url) => shaped(url.host !== "" && url.pathname.replace("/", "") === "", VAULT),
    needs: [
      { what: "server", anyOf: [["VAULT_ADDR"], ["VAULT_SERVER_URL"]] },
      // Pulumi reads no ~/.vault-token.
      { what: "token", anyOf: [["VAULT_TOKEN"], ["VAULT_SERVER_TOKEN"]] },
    ],
    create: (url) => [
      {
        argv: ["vault", "secrets", "enable", "transit"],
        why: "turn Vault's encryption service on",
        unless: ["vault", "read", "sys/mounts/transit"],
      },
      {
        argv: ["vault", "write", "-f", `transit/keys/${url.host}`],
        why: "make the key",
        unless: ["vault", "read", `transit/keys/${url.host}`],
      },
    ],
    who: "who may use the key; every use is in the audit log",
  },
];
