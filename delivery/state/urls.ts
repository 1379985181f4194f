/** What a backend's and a secrets provider's address may be. Refuses before anything runs; shows no credential. Pure. */
import { ConfigError, type Fault } from "../../config/faults";
import { suggest } from "../../config/suggest";
import { BACKENDS, type Backend, type Complaint, folderOf } from "./backends";
import { PROVIDERS, type SecretsProvider } from "./providers";
import { missing } from "./variables";

export interface Chosen<Row> {
  readonly row: Row;
  readonly url: URL;
  /** As it was given. */
  readonly text: string;
}

/** A URL without what may be a credential: user, and the values of parameters that have such names. */
export function openPart(text: string): string {
  const [address = "", query] = text.split(/\?(.*)/s, 2);
  const shown = address.replace(/^([a-z0-9+.-]+:\/\/)[^/]*@/i, "$1[...]@").replace(/^(passphrase):.+$/s, "$1:[...]");
  if (query === undefined) return shown;
  const words = query.split("&").map((word) => {
    const [name = ""] = word.split("=", 1);
    return holdsSecret(name) ? `${name}=[...]` : word;
  });
  return `${shown}?${words.join("&")}`;
}

/** Parameters that name files, not secrets. */
const FILES = new Set(["sslkey", "sslcert", "sslrootcert", "passfile"]);

const holdsSecret = (parameter: string): boolean =>
  !FILES.has(parameter) && /pass|secret|token|credential|key|^sig$|^pwd$/i.test(parameter);

const LOOPBACK = /^(https?:\/\/)?(127\.|localhost\b|\[::1\])/i;

/** What holds for every address: no credential in it, and nothing in clear over a network. */
function commonFaults(url: URL, fix: string): readonly Complaint[] {
  const plain = (name: string, is: (value: string) => boolean) => is(url.searchParams.get(name) ?? "");
  // A database has users; whoever writes a name elsewhere means a credential.
  const hasUser = url.username !== "" && url.protocol !== "postgres:";
  const where = url.searchParams.get("endpoint") ?? url.searchParams.get("domain") ?? url.host;
  const open =
    plain("endpoint", (value) => value.startsWith("http:")) ||
    plain("disableSSL", (value) => value === "true") ||
    plain("disable_https", (value) => value === "true") ||
    plain("protocol", (value) => value === "http") ||
    plain("sslmode", (value) => value === "disable");
  return [
    ...(url.password !== "" || hasUser || [...url.searchParams.keys()].some(holdsSecret)
      ? [
          {
            problem: "holds a credential, which the process list, logs and the lock's message would show",
            allowed: "an address without one",
            fix,
          },
        ]
      : []),
    ...(open && !LOOPBACK.test(where)
      ? [
          {
            problem: "would send the state and its credentials over the network in clear",
            allowed: "TLS, or a server on this machine",
            fix: "take out what turns TLS off",
          },
        ]
      : []),
  ];
}

const parse = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** Refuses with every fault at once. */
function refuse(subject: string, rule: string, text: string, complaints: readonly Complaint[]): void {
  if (complaints.length === 0) return;
  throw new ConfigError(
    subject,
    complaints.map((complaint): Fault => ({ path: subject, ...complaint, got: openPart(text), rule })),
  );
}

/**
 * @param projectDir The state must not lie below it: it would come into the repository.
 * @throws ConfigError
 */
export function chooseBackend(text: string, env: NodeJS.ProcessEnv, projectDir: string): Chosen<Backend> {
  const url = parse(text);
  const row = BACKENDS.find(({ scheme }) => scheme === url?.protocol);
  if (url === undefined || row === undefined) {
    const near = suggest(
      text.split("://", 1)[0] ?? "",
      BACKENDS.map(({ scheme }) => scheme.slice(0, -1)),
    );
    refuse("backend", "state.backend", text, [
      {
        problem: "is no backend that keeps a state without Pulumi's service",
        allowed: BACKENDS.map(({ shape }) => shape).join(" | "),
        fix: near === undefined ? "choose one of these" : `Did you mean "${near}://"?`,
      },
    ]);
    throw new Error("unreachable");
  }
  const inside = row.scheme === "file:" && `${folderOf(url, env)}/`.startsWith(`${projectDir}/`);
  refuse("backend", "state.backend", text, [
    ...commonFaults(url, `give it by the environment: ${row.needs.flatMap(({ anyOf }) => anyOf[0] ?? []).join(", ")}`),
    ...row.faults(url, env),
    ...(inside
      ? [
          {
            problem: "lies in the repository, where a commit takes the state along",
            allowed: "a folder outside of it",
            fix: "use file:///var/lib/pulumi or a bucket",
          },
        ]
      : []),
    ...missingFaults(row, env),
  ]);
  return { row, url, text };
}

/** @throws ConfigError */
export function chooseProvider(text: string, env: NodeJS.ProcessEnv): Chosen<SecretsProvider> {
  const scheme = text.split(":", 1)[0] ?? "";
  const row = PROVIDERS.find((provider) => provider.scheme === scheme);
  const url = parse(row?.scheme === text ? `${text}:` : text);
  if (row === undefined || url === undefined) {
    const near = suggest(
      scheme,
      PROVIDERS.map((provider) => provider.scheme),
    );
    refuse("secrets provider", "state.secrets-provider", text, [
      {
        problem:
          scheme === "default" ? "is Pulumi's service, which these backends do not have" : "is no secrets provider",
        allowed: PROVIDERS.map(({ shape }) => shape).join(" | "),
        fix: near === undefined ? "choose one of these" : `Did you mean "${near}"?`,
      },
    ]);
    throw new Error("unreachable");
  }
  refuse("secrets provider", "state.secrets-provider", text, [
    ...commonFaults(url, `give it by the environment: ${row.needs.flatMap(({ anyOf }) => anyOf[0] ?? []).join(", ")}`),
    ...row.faults(url, env),
    ...missingFaults(row, env),
  ]);
  return { row, url, text };
}

const missingFaults = ({ needs }: Pick<Backend, "needs">, env: NodeJS.ProcessEnv): readonly Complaint[] =>
  missing(needs, env).map(({ what, names }) => ({
    problem: `lacks its ${what}: the environment has none`,
    allowed: names,
    fix: `set ${names} in the environment, never on a command line`,
  }));
