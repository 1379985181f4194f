/**
 * The backends that keep a state without Pulumi's service: how each is named, what it needs and what makes it. Pure.
 *
 * Source: pulumi 3.259, `pkg/backend/diy`, and its gocloud.dev. Tried with that CLI: files, S3 (gofakes3), Azure
 * (Azurite), Google (fake-gcs-server), PostgreSQL 15.
 */
import type { Step } from "./step";
import type { Need } from "./variables";

export interface Backend {
  readonly name: string;
  readonly scheme: string;
  /** The shape of its URL. */
  readonly shape: string;
  /** What is wrong with a URL of this scheme, beyond what holds for all (urls.ts). */
  readonly faults: (url: URL, env: NodeJS.ProcessEnv) => readonly Complaint[];
  readonly needs: readonly Need[];
  /** What makes the place. Each step may be repeated. */
  readonly create: (url: URL, env: NodeJS.ProcessEnv) => readonly Step[];
  /** What keeps older versions of the state. */
  readonly versions: string;
}

/** What is wrong, what is allowed and what mends it; the URL itself is shown beside it, without credentials. */
export interface Complaint {
  readonly problem: string;
  readonly allowed: string;
  readonly fix: string;
}

export const AWS_NEEDS: readonly Need[] = [
  {
    what: "credentials",
    anyOf: [
      ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      ["AWS_PROFILE"],
      ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
    ],
    otherwise: "the role of the machine, or the default profile",
  },
];

export const AZURE_NEEDS: readonly Need[] = [
  {
    what: "identity",
    anyOf: [
      ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"],
      ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
    ],
    otherwise: "the managed identity of the machine, or `az login`",
  },
];

export const GOOGLE_NEEDS: readonly Need[] = [
  {
    what: "credentials",
    anyOf: [["GOOGLE_CREDENTIALS"], ["GOOGLE_APPLICATION_CREDENTIALS"]],
    otherwise: "workload identity, or `gcloud auth application-default login`",
  },
];

/** The region that a URL or the environment names. */
export const regionOf = (url: URL, env: NodeJS.ProcessEnv): string | undefined =>
  url.searchParams.get("region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];

const NO_REGION: Complaint = {
  problem: "names no region, and the environment has none",
  allowed: "region=REGION in the URL, or AWS_REGION",
  fix: "add ?region=REGION, so that the stack does not depend on whose environment it is",
};

export const awsRegion = (url: URL, env: NodeJS.ProcessEnv): readonly Complaint[] =>
  regionOf(url, env) === undefined ? [NO_REGION] : [];

const named = (there: boolean, what: string, fix: string): readonly Complaint[] =>
  there ? [] : [{ problem: `names no ${what}`, allowed: `a URL with a ${what}`, fix }];

/** The folder of a file backend; `~` is the home folder. */
export const folderOf = (url: URL, env: NodeJS.ProcessEnv): string =>
  decodeURIComponent(`${url.host === "~" ? (env["HOME"] ?? "~") : url.host}${url.pathname}`);

function s3Steps(url: URL, env: NodeJS.ProcessEnv): readonly Step[] {
  const [bucket, region, endpoint] = [url.host, regionOf(url, env) ?? "us-east-1", url.searchParams.get("endpoint")];
  const aws = (...words: string[]): [string, ...string[]] => [
    "aws",
    ...(endpoint === null ? [] : ["--endpoint-url", /^https?:/.test(endpoint) ? endpoint : `https://${endpoint}`]),
    "--region",
    region,
    "s3api",
    ...words,
    "--bucket",
    bucket,
  ];
  // The first region of S3 refuses its own name as a constraint.
  const place = region === "us-east-1" ? [] : ["--create-bucket-configuration", `LocationConstraint=${region}`];
  const closed = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";
  const sealed = '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}';
  const both: readonly Step[] = [
    { argv: aws("create-bucket", ...place), why: "make the bucket", unless: aws("head-bucket") },
    {
      argv: aws("put-bucket-versioning", "--versioning-configuration", "Status=Enabled"),
      why: "keep every version of the state",
    },
  ];
  // Other servers have their own ways to close and to encrypt, and answer these two with errors.
  if (endpoint !== null) return both;
  return [
    ...both,
    {
      argv: aws("put-public-access-block", "--public-access-block-configuration", closed),
      why: "no public access, whatever an object says",
    },
    {
      argv: aws("put-bucket-encryption", "--server-side-encryption-configuration", sealed),
      why: "encrypt at rest what the state shows in clear",
    },
  ];
}

function azureSteps(url: URL, env: NodeJS.ProcessEnv): readonly Step[] {
  const account = url.searchParams.get("storage_account") ?? env["AZURE_STORAGE_ACCOUNT"] ?? "<storage account>";
  const inGroup = ["--resource-group", "<resource group>"];
  return [
    {
      argv: ["az", "storage", "account", "create", "--name", account, ...inGroup, "--https-only", "true"].concat(
        "--min-tls-version",
        "TLS1_2",
        "--allow-blob-public-access",
        "false",
      ) as [string, ...string[]],
      why: "make the account: TLS only, no public access; Azure encrypts at rest by itself",
      unless: ["az", "storage", "account", "show", "--name", account],
    },
    {
      argv: [
        ...(["az", "storage", "account", "blob-service-properties", "update", "--account-name", account] as const),
        ...inGroup,
        ...["--enable-versioning", "true", "--enable-delete-retention", "true", "--delete-retention-days", "30"],
      ],
      why: "keep every version of the state, and what was deleted for 30 days",
    },
    {
      argv: [
        ...(["az", "storage", "container", "create", "--name", url.host, "--account-name", account] as const),
        ...["--auth-mode", "login", "--public-access", "off"],
      ],
      why: "make the container",
    },
  ];
}

function googleSteps(url: URL): readonly Step[] {
  const bucket = `gs://${url.host}`;
  return [
    {
      argv: [
        ...(["gcloud", "storage", "buckets", "create", bucket, "--location", "<location>"] as const),
        ...["--uniform-bucket-level-access", "--public-access-prevention"],
      ],
      why: "make the bucket, never public; Google encrypts at rest by itself",
      unless: ["gcloud", "storage", "buckets", "describe", bucket],
    },
    {
      argv: ["gcloud", "storage", "buckets", "update", bucket, "--versioning"],
      why: "keep every version of the state",
    },
  ];
}

function postgresSteps(url: URL): readonly Step[] {
  const at = ["--host", url.hostname, "--port", url.port || "5432", "--username", decodeURIComponent(url.username)];
  const database = url.pathname.slice(1);
  return [
    {
      argv: ["createdb", ...at, "--no-password", database],
      why: "make the database; Pulumi makes the table at its first login",
      unless: ["psql", ...at, "--no-password", "--dbname", database, "--command", "SELECT 1"],
    },
  ];
}

export const BACKENDS: readonly Backend[] = [
  {
    name: "files",
    scheme: "file:",
    shape: "file:///ABSOLUTE/FOLDER",
    faults: (url) =>
      url.host === "" || url.host === "~"
        ? named(url.host === "~" || url.pathname.length > 1, "folder", "add it: file:///var/lib/pulumi")
        : [
            {
              problem: "is relative to whatever folder a command is run in",
              allowed: "file:///ABSOLUTE/FOLDER or file://~/FOLDER",
              fix: "write the whole path behind three slashes",
            },
          ],
    needs: [],
    create: (url, env) => [
      { argv: ["mkdir", "-p", "-m", "0700", folderOf(url, env)], why: "make the folder for its owner alone" },
      // Pulumi writes files that others may read; the folder's mode keeps them out.
      { argv: ["chmod", "0700", folderOf(url, env)], why: "keep others out of it" },
    ],
    versions: "nothing but your backup; Pulumi keeps the state before each update below .pulumi/backups",
  },
  {
    name: "S3 and compatible",
    scheme: "s3:",
    shape: "s3://BUCKET?region=REGION, elsewhere than AWS also &endpoint=https://HOST&s3ForcePathStyle=true",
    faults: (url, env) => [
      ...named(url.host !== "", "bucket", "add it: s3://BUCKET?region=REGION"),
      ...awsRegion(url, env),
    ],
    needs: AWS_NEEDS,
    create: s3Steps,
    versions: "versioning of the bucket; elsewhere than on AWS, close and encrypt it by that server's own means",
  },
  {
    name: "Azure",
    scheme: "azblob:",
    shape: "azblob://CONTAINER?storage_account=ACCOUNT",
    faults: (url, env) => [
      ...named(url.host !== "", "container", "add it: azblob://CONTAINER?storage_account=ACCOUNT"),
      ...named(
        (url.searchParams.get("storage_account") ?? env["AZURE_STORAGE_ACCOUNT"] ?? "") !== "",
        "storage account",
        "add ?storage_account=ACCOUNT, or set AZURE_STORAGE_ACCOUNT",
      ),
    ],
    needs: [
      {
        what: "credentials",
        anyOf: [
          ["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY"],
          ["AZURE_STORAGE_SAS_TOKEN"],
          ["AZURE_STORAGE_CONNECTION_STRING"],
          ...AZURE_NEEDS.flatMap(({ anyOf }) => anyOf),
        ],
        otherwise: "the managed identity of the machine, or `az login`",
      },
    ],
    create: azureSteps,
    versions: "versioning of blobs",
  },
  {
    name: "Google",
    scheme: "gs:",
    shape: "gs://BUCKET",
    faults: (url) => named(url.host !== "", "bucket", "add it: gs://BUCKET"),
    needs: GOOGLE_NEEDS,
    create: googleSteps,
    versions: "versioning of the bucket",
  },
  {
    name: "Postgres",
    scheme: "postgres:",
    shape: "postgres://USER@HOST/DATABASE?table=pulumi_state&sslmode=verify-full",
    faults: (url) => {
      const table = url.searchParams.get("table");
      return [
        ...named(url.hostname !== "", "host", "add it: postgres://USER@HOST/DATABASE"),
        ...named(url.username !== "", "user", "add it: postgres://USER@HOST/DATABASE"),
        ...named(/^\/[^/]+$/.test(url.pathname), "database", "add it: postgres://USER@HOST/DATABASE"),
        // Pulumi puts the name into its SQL as it is.
        ...(table === null || /^[a-z_][a-z0-9_]{0,62}$/.test(table)
          ? []
          : [
              {
                problem: "has a table name that is none",
                allowed: "a to z, 0 to 9 and _",
                fix: "use table=pulumi_state",
              },
            ]),
      ];
    },
    needs: [
      {
        what: "password",
        anyOf: [["PGPASSWORD"], ["PGPASSFILE"]],
        otherwise: "~/.pgpass, or a client certificate (sslcert, sslkey)",
      },
    ],
    create: postgresSteps,
    versions: "nothing but the database's own backup",
  },
];
