/** Charts in an OCI registry (OCI distribution specification 1.1, Helm's media types): a manifest that names one archive. */
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";
import { sha256 } from "./archive";
import { type Answer, ask, bodyOf } from "./http";
import type { PinnedChart } from "./pinned";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

interface Manifest {
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[];
}

/** Whether a repository is one of a registry. */
export const isOci = ({ repository }: PinnedChart): boolean => repository.startsWith("oci://");

/** As registries on this machine are spoken to, and no other. */
const LOOPBACK = /^(127\.0\.0\.1|localhost)(:\d+)?$/;

/**
 * The chart's archive. A registry that wants a password is not asked: `helm pull` there, and hand the archive over with
 * --from.
 *
 * @throws ToolError with exit code 2 when the registry cannot be asked, 1 when what it has is not the chart.
 */
export async function fetchOci(pinned: PinnedChart, signal: AbortSignal): Promise<Buffer> {
  const { chart, version, repository } = pinned;
  const [host = "", ...path] = repository.slice("oci://".length).replace(/\/+$/, "").split("/");
  const base = `${LOOPBACK.test(host) ? "http" : "https"}://${host}/v2/${[...path, chart].join("/")}`;
  const session = new Session(signal);
  // A tag holds no plus sign, so Helm writes an underscore for it; some publishers write a leading v.
  const tag = version.replaceAll("+", "_");
  for (const candidate of [tag, `v${tag}`]) {
    const url = `${base}/manifests/${candidate}`;
    const answer = await session.get(url, MANIFEST);
    if (answer.status === 404) continue;
    const digest = archiveDigest(bodyOf(url, answer), `${repository}/${chart}:${candidate}`);
    const blob = `${base}/blobs/${digest}`;
    const archive = bodyOf(blob, await session.get(blob));
    const got = `sha256:${sha256(archive)}`;
    if (got === digest) return archive;
    throw new ToolError(`${blob}: the registry's own digest is not that of its bytes, which is ${got}`, EXIT.failed);
  }
  throw new ToolError(`${chart} ${version}: not in ${repository}; neither tag ${tag} nor v${tag} is there`, EXIT.failed);
}

function archiveDigest(body: Buffer, what: string): string {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(body.toString("utf8")) as Manifest;
  } catch {
    throw new ToolError(`${what}: the manifest is no JSON`, EXIT.failed);
  }
  const digest = manifest.layers?.find(({ mediaType }) => mediaType === CHART)?.digest;
  if (digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  const kinds = manifest.layers?.map(({ mediaType }) => mediaType).join(", ") ?? "nothing";
  throw new ToolError(`${what}: holds no Helm chart but ${kinds === "" ? "nothing" : kinds}`, EXIT.failed);
}

/** Questions to one registry, with the anonymous token that it hands out when it wants one. */
class Session {
  #token: string | undefined;

  constructor(readonly signal: AbortSignal) {}

  async get(url: string, accept = "*/*"): Promise<Answer> {
    const first = await this.#ask(url, accept);
    const challenge = /^Bearer (.*)$/i.exec(first.headers.get("www-authenticate") ?? "")?.[1];
    if (first.status !== 401 || challenge === undefined || this.#token !== undefined) return first;
    this.#token = await this.#anonymous(challenge, url);
    return await this.#ask(url, accept);
  }

  #ask(url: string, accept: string): Promise<Answer> {
    const token: Record<string, string> = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    return ask(url, this.signal, { accept, ...token });
  }

  async #anonymous(challenge: string, asked: string): Promise<string> {
    const told = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value ?? ""]));
    const realm = told.get("realm");
    if (realm === undefined || !URL.canParse(realm)) throw new ToolError(`${asked}: wants a token and does not say whose`);
    const url = new URL(realm);
    for (const key of ["service", "scope"]) {
      const value = told.get(key);
      if (value !== undefined) url.searchParams.set(key, value);
    }
    const body = bodyOf(url.href, await ask(url.href, this.signal)).toString("utf8");
    const { token, access_token: other } = JSON.parse(body) as { token?: string; access_token?: string };
    const given = token ?? other;
    if (given === undefined) throw new ToolError(`${url.href} gave no token`);
    return given;
  }
}
