/** Turns what the API server, or the way to it, answers into one clear line. Pure. */
import { messageOf } from "../../config/thrown";
import { redact } from "../evidence/redact";
import { LookError } from "../verdict";
import { parseStatus } from "./status";

/** What was asked: the words of the message come from it. */
export interface Asked {
  readonly server: string;
  readonly path: string;
  /** @default GET */
  readonly method?: "GET" | "PATCH";
}

const requestOf = ({ method = "GET", path }: Asked): string => `${method} ${path}`;

const UNREACHABLE: Record<string, string> = {
  ECONNREFUSED: "connection refused: nothing listens there",
  ENOTFOUND: "the host name does not resolve",
  EAI_AGAIN: "the host name does not resolve now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "the connection timed out",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection broke",
};

const CERTIFICATE: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed and not the kubeconfig's authority",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the kubeconfig's authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the kubeconfig's authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by the kubeconfig's authority",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the kubeconfig's authority",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet (is the clock right?)",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate does not hold this host name or address",
};

const NETWORK_FIX = "check that the API server runs, that this machine reaches it, and cluster.endpoint";
const KUBECONFIG_FIX = "fetch the kubeconfig again from a server and check cluster.endpoint and tlsSans";
const CREDENTIAL_FIX = "fetch the kubeconfig again: its certificate or token has expired or belongs to another cluster";

/** The error of a request that got no answer. */
export function connectionError(asked: Asked, error: unknown): LookError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const prefix = `API server ${asked.server}`;
  const certificate = CERTIFICATE[code];
  if (certificate !== undefined) {
    return new LookError(`${prefix}: ${certificate}`, { fix: KUBECONFIG_FIX, final: true, cause: error });
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    const message = `${prefix}: refused our client certificate (${code})`;
    return new LookError(message, { fix: CREDENTIAL_FIX, final: true, cause: error });
  }
  const message = messageOf(error);
  return new LookError(`${prefix}: ${UNREACHABLE[code] ?? message}`, { fix: NETWORK_FIX, cause: error });
}

/** The error of an API server that accepts the request and stays silent. */
export const stalled = (asked: Asked, milliseconds: number): LookError =>
  new LookError(`API server ${asked.server}: no answer within ${milliseconds / 1000} s to ${requestOf(asked)}`, {
    fix: "look at the API server and its datastore: it accepts connections but does not answer",
  });

/** The user and the right from the server's own words; undefined where they have another form. */
const FORBIDDEN =
  /User "(?<user>[^"]*)" cannot (?<verb>\S+) resource "(?<resource>[^"]*)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]*)")?/;

function forbidden(asked: Asked, message: string): LookError {
  const right = FORBIDDEN.exec(message)?.groups;
  if (right === undefined) {
    return new LookError(`API server ${asked.server}: forbidden: ${message}`, {
      fix: "use a kubeconfig whose user may read this",
      final: true,
    });
  }
  const { user = "", verb = "", resource = "", group = "", namespace } = right;
  const what = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === undefined ? "in the cluster" : `in namespace ${namespace}`;
  return new LookError(`missing right: user "${user}" may not ${verb} ${what} ${where}`, {
    fix: `give that user the verb "${verb}" on "${what}" ${where} by a Role and RoleBinding, or use another kubeconfig`,
    final: true,
  });
}

/** The error of an answer that is no success. A missing object (not a missing kind) never comes here. */
export function statusError(asked: Asked, status: number, body: string): LookError {
  const message = statusMessage(asked, body);
  if (status === 401) {
    // Its words are about our credentials; its reason is enough.
    const { reason = "" } = parseStatus(body) ?? {};
    return new LookError(`API server ${asked.server}: expired or wrong credentials (${`401 ${reason}`.trim()})`, {
      fix: CREDENTIAL_FIX,
      final: true,
    });
  }
  if (status === 403) return forbidden(asked, message);
  if (status === 404) {
    return new LookError(`the API server knows no ${asked.path}: the CRD is absent (half-installed?)`, {
      fix: "install the release that brings the CRDs (pulumi up), and see that it is not being deleted",
    });
  }
  return new LookError(`API server ${asked.server}: answered ${status} to ${requestOf(asked)}: ${message}`, {
    fix: "look at the API server's own health: GET /readyz?verbose",
  });
}

/** The error of a success that is not JSON: another kind of server stands there. */
export const notKubernetes = (asked: Asked): LookError =>
  new LookError(`${asked.server} answers, but not as a Kubernetes API server (${requestOf(asked)} gave no JSON)`, {
    fix: "check the server of the kubeconfig and any proxy in between",
    final: true,
  });

/** Whether a 404 means that the object is absent, its kind being known. */
export function isMissingObject(body: string): boolean {
  const status = parseStatus(body);
  return status?.reason === "NotFound" && status.details?.name !== undefined && status.details.name !== "";
}

/**
 * What the API server has against an applied object itself: a field that its kind does not have, a value that is not
 * allowed, or one that can never be changed. Undefined where the answer is about something else, such as a right.
 */
export function objectionOf(asked: Asked, status: number, body: string): string | undefined {
  const message = statusMessage(asked, body);
  // A webhook that cannot take part in a dry run says nothing about the object.
  if (/does not support dry run/.test(body)) return undefined;
  return status === 400 || status === 422 || /failed to create typed patch object/.test(body) ? message : undefined;
}

/** What was sent, or is there, under a path of Secrets: words about it may quote it. A right that is missing is told as ever. */
const isAboutSecret = ({ path, method }: Asked): boolean => method === "PATCH" && /\/secrets\/[^/]+$/.test(path);

function statusMessage(asked: Asked, body: string): string {
  const { message = body, reason = "no reason" } = parseStatus(body) ?? {};
  if (isAboutSecret(asked) && !FORBIDDEN.test(message)) {
    return `${reason} (the server's words are not shown: they may quote the Secret)`;
  }
  return redact(message).replace(/\s+/g, " ").trim().slice(0, 300) || "no message";
}
