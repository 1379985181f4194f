/** What a store's answers mean: what was refused, what it said, and what mends it. */
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { type BucketTarget, placeOf } from "./target";

/** The rights that a backup needs; docs/runbooks/machines.md has the policy. */
const RIGHTS = "s3:ListBucket, s3:GetObject, s3:PutObject and s3:AbortMultipartUpload, and of a KMS key its use";

interface Meaning {
  /** Names of errors: the store's codes, those of the SDK, and Node.js' own codes. */
  readonly names: RegExp;
  readonly problem: string;
  readonly fix: (target: BucketTarget) => string;
  /** Nobody answered, so nothing is known. */
  readonly couldNotLook?: true;
}

const MEANINGS: readonly Meaning[] = [
  {
    names: /^(NoSuchBucket|InvalidBucketName)$/,
    problem: "there is no such bucket",
    fix: ({ bucket }) => `make the bucket ${bucket}, or correct hosts.backup.s3.bucket or its endpoint`,
  },
  {
    names: /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/,
    problem: "the bucket is in another region",
    fix: ({ region }) => `set hosts.backup.s3.region (${region} now) to the bucket's own`,
  },
  {
    names: /^(CredentialsProviderError|TokenProviderError)$/,
    problem: "the runner's environment has no credentials",
    fix: () =>
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run with a role; they belong in no stack file",
    couldNotLook: true,
  },
  {
    names:
      /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|InvalidClientTokenId|TokenRefreshRequired|UnrecognizedClientException)$/,
    problem: "the credentials of the runner's environment are refused",
    fix: () => "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile that is in use",
  },
  {
    names: /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)$/,
    problem: "the clocks of the runner and of the store differ by more than 15 minutes",
    fix: () => "set the runner's clock (timedatectl set-ntp true)",
  },
  {
    names: /^(KMS\.|InvalidEncryption|ServerSideEncryption|NotImplemented$|InvalidStorageClass$)/,
    problem: "the store does not encrypt as it is asked to",
    fix: ({ kmsKeyId }) =>
      kmsKeyId === undefined
        ? "turn the store's server-side encryption (AES256) on, or name a key by hosts.backup.s3.kmsKeyId"
        : "correct hosts.backup.s3.kmsKeyId, or let the credentials use the key",
  },
  {
    names: /^(AccessDenied|AllAccessDisabled|AccountProblem|Forbidden|403)$/,
    problem: "the credentials may not do that",
    fix: ({ bucket }) => `grant them ${RIGHTS} on the bucket ${bucket}`,
  },
  {
    names: /^(SlowDown|ServiceUnavailable|InternalError|RequestTimeout|5\d\d)$/,
    problem: "the store is not able to do that now",
    fix: () => "run this again",
    couldNotLook: true,
  },
  {
    names:
      /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$)/,
    problem: "its certificate is not trusted",
    fix: () => "correct hosts.backup.s3.endpoint, or name the CA's certificate by NODE_EXTRA_CA_CERTS",
    couldNotLook: true,
  },
  {
    names:
      /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|TimeoutError|HPE_.*|UND_.*)$/,
    problem: "it cannot be reached",
    fix: ({ endpoint }) =>
      endpoint === undefined
        ? "correct hosts.backup.s3.region, or open the way from the runner to Amazon S3"
        : "correct hosts.backup.s3.endpoint, or open the way from the runner to it",
    couldNotLook: true,
  },
];

interface StoreError {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Every name that an error has, the most telling first. */
function namesOf(error: StoreError): string[] {
  const inner = [error.cause, ...(error.errors ?? [])].filter((one) => typeof one === "object" && one !== null);
  const status = error.$metadata?.httpStatusCode;
  // An error that the SDK has wrapped has its code in its text only.
  const [, told] = /: connect (E[A-Z]+) /.exec(error.message ?? "") ?? [];
  const own = [error.Code, error.code ?? told, error.name, status === undefined ? undefined : String(status)];
  return [...own.filter((name) => name !== undefined), ...inner.flatMap((one) => namesOf(one as StoreError))];
}

/** The store's own code of an error, such as NoSuchKey. */
export const codeOf = (error: unknown): string => (error as StoreError).Code ?? (error as StoreError).name ?? "";

/**
 * A message for a person.
 * @param doing What was tried, such as "reading".
 */
export function storeFault(error: unknown, doing: string, target: BucketTarget): ToolError {
  const names = namesOf(error as StoreError);
  const meaning = names
    .map((name) => MEANINGS.find((each) => each.names.test(name)))
    .find((found) => found !== undefined);
  const { message = String(error), $metadata } = error as StoreError;
  const status = $metadata?.httpStatusCode === undefined ? "" : `, HTTP ${$metadata.httpStatusCode}`;
  // One line: a store that is none answers with a whole page.
  const said = message.replaceAll(/\s+/g, " ").slice(0, 300);
  const got = `got ${names[0] ?? "an error"}${status}: ${said}`;
  const fix = meaning?.fix(target) ?? "correct hosts.backup.s3: is this the endpoint of a store that speaks S3?";
  return new ToolError(
    `${placeOf(target)}: ${doing}: ${meaning?.problem ?? "the answer is not understood"}; ${got}; fix: ${fix}`,
    meaning?.couldNotLook === true ? EXIT.couldNotLook : EXIT.failed,
  );
}
