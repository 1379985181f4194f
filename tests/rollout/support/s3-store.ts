/**
 * A stand-in for S3 on loopback: one bucket in memory and the requests that a backup makes. It answers as Amazon's API
 * reference says, and is strict where a stand-in could flatter: signatures are computed anew by another implementation
 * than the client's, bodies and parts are compared with their SHA-256, and an upload is as its parts say.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { sign } from "aws4";

export const ACCESS_KEY = "AKIDMARKACCESS";
export const SECRET_KEY = "MARKSECRET/secret+key";
const REGION = "eu-central-1";
const BUCKET = "copies";
const SKEW_MS = 15 * 60 * 1000;

export interface S3Request {
  /** As in the API reference: CreateMultipartUpload, UploadPart, ... */
  readonly operation: string;
  readonly key: string;
  readonly headers: IncomingMessage["headers"];
  readonly part: number;
}
/** An answer that is not the regular one; "hang" never answers, "cut" drops the connection. */
export type Twist = { readonly status: number; readonly code: string; readonly message?: string } | "hang" | "cut";

interface Stored {
  body: Buffer;
  readonly headers: IncomingMessage["headers"];
}
interface Unfinished {
  readonly key: string;
  readonly headers: IncomingMessage["headers"];
  readonly parts: Map<number, Buffer>;
}

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string = code,
  ) {
    super(message);
  }
}

const base64 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("base64");
const tag = (text: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];

export class S3Store {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Unfinished>();
  readonly requests: S3Request[] = [];
  /** Looks at a request before it is done. */
  twist: (request: S3Request) => Twist | undefined | void = () => undefined;
  /** What the store's clock shows, and what it says in its answers: both the time, unless a test sets them. */
  clock = { judgesBy: () => Date.now(), says: () => Date.now() };
  private server: Server | undefined;
  private ids = 0;

  static async start(): Promise<S3Store> {
    const store = new S3Store();
    store.server = createServer((request, response) => void store.answer(request, response));
    await new Promise<void>((done) => store.server!.listen(0, "127.0.0.1", done));
    return store;
  }

  get target() {
    const { port } = this.server!.address() as AddressInfo;
    return {
      bucket: BUCKET,
      region: REGION,
      prefix: "backups/k3s",
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
    };
  }

  get operations(): string[] {
    return this.requests.map(({ operation }) => operation);
  }

  reset(): void {
    this.objects.clear();
    this.uploads.clear();
    this.requests.length = 0;
    this.twist = () => undefined;
    this.clock = { judgesBy: () => Date.now(), says: () => Date.now() };
  }

  async stop(): Promise<void> {
    this.server!.closeAllConnections();
    await new Promise<void>((done) => this.server!.close(() => done()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("date", new Date(this.clock.says()).toUTCString());
    try {
      const body = await buffer(request);
      this.assertSigned(request, body);
      const url = new URL(request.url!, "http://store");
      const [, bucket, ...rest] = url.pathname.split("/");
      const key = decodeURIComponent(rest.join("/"));
      const operation = operationOf(request.method!, url.searchParams, key);
      const seen = { operation, key, headers: request.headers, part: Number(url.searchParams.get("partNumber")) };
      this.requests.push(seen);
      if (bucket !== BUCKET) throw new Refused(404, "NoSuchBucket", "The specified bucket does not exist");
      const twist = this.twist(seen);
      if (twist === "hang") return;
      if (twist === "cut") return void request.socket.destroy();
      if (twist !== undefined) throw new Refused(twist.status, twist.code, twist.message);
      this.serve(seen, url.searchParams, body, response);
    } catch (error) {
      if (!(error instanceof Refused)) return void response.destroy(error as Error);
      response.writeHead(error.status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`);
    }
  }

  private serve(request: S3Request, query: URLSearchParams, body: Buffer, response: ServerResponse): void {
    const { key, headers } = request;
    const id = query.get("uploadId") ?? "";
    const upload = (): Unfinished => {
      const found = this.uploads.get(id);
      if (found?.key !== key) throw new Refused(404, "NoSuchUpload", "The specified upload does not exist.");
      return found;
    };
    const xml = (text: string): void => void response.setHeader("content-type", "application/xml").end(text);
    switch (request.operation) {
      case "GetObject": {
        const object = this.objects.get(key);
        if (object === undefined) throw new Refused(404, "NoSuchKey", "The specified key does not exist.");
        return void response.end(object.body);
      }
      case "DeleteObject":
        this.objects.delete(key);
        return void response.writeHead(204).end();
      case "ListMultipartUploads": {
        const rows = [...this.uploads].filter(([, one]) => one.key.startsWith(query.get("prefix") ?? ""));
        const row = ([uploadId, one]: [string, Unfinished]): string =>
          `<Upload><Key>${one.key}</Key><UploadId>${uploadId}</UploadId></Upload>`;
        return xml(`<ListMultipartUploadsResult>${rows.map(row).join("")}</ListMultipartUploadsResult>`);
      }
      case "CreateMultipartUpload": {
        const encryption = headers["x-amz-server-side-encryption"];
        if (encryption !== undefined) response.setHeader("x-amz-server-side-encryption", encryption);
        this.ids += 1;
        this.uploads.set(`upload-${this.ids}`, { key, headers, parts: new Map() });
        return xml(
          `<InitiateMultipartUploadResult><UploadId>upload-${this.ids}</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      case "UploadPart": {
        const { parts } = upload();
        if (headers["x-amz-checksum-sha256"] !== base64(body)) throw new Refused(400, "BadDigest");
        parts.set(request.part, body);
        return void response.setHeader("etag", `"${request.part}"`).end();
      }
      case "ListParts":
        upload();
        return xml("<ListPartsResult></ListPartsResult>");
      case "AbortMultipartUpload":
        upload();
        this.uploads.delete(id);
        return void response.writeHead(204).end();
      case "CompleteMultipartUpload": {
        const { parts, headers: begun } = upload();
        const wanted = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => {
          const bytes = parts.get(Number(tag(part, "PartNumber")));
          if (bytes === undefined || tag(part, "ChecksumSHA256") !== base64(bytes))
            throw new Refused(400, "InvalidPart");
          return bytes;
        });
        if (wanted.length === 0) throw new Refused(400, "MalformedXML");
        if (wanted.slice(0, -1).some(({ length }) => length < 5 * 2 ** 20)) throw new Refused(400, "EntityTooSmall");
        this.uploads.delete(id);
        this.objects.set(key, { body: Buffer.concat(wanted), headers: begun });
        return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
      }
      default:
        throw new Refused(501, "NotImplemented", `${request.operation} is no part of this stand-in`);
    }
  }

  /** Signature 4, recomputed from what has arrived, with the secret that the client must know. */
  private assertSigned({ headers, method, url }: IncomingMessage, body: Buffer): void {
    const form = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d+\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Sig/;
    const [, accessKeyId, region = "", signed = ""] = form.exec(headers.authorization ?? "") ?? [];
    if (accessKeyId === undefined) throw new Refused(403, "AccessDenied", "no signature");
    if (accessKeyId !== ACCESS_KEY) {
      throw new Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
    }
    if (region !== REGION) {
      throw new Refused(400, "AuthorizationHeaderMalformed", `the region '${region}' is wrong; expecting '${REGION}'`);
    }
    const sha256 = headers["x-amz-content-sha256"];
    if (sha256 !== createHash("sha256").update(body).digest("hex")) throw new Refused(400, "XAmzContentSHA256Mismatch");
    const names = signed.split(";");
    const { headers: anew } = sign(
      {
        service: "s3",
        region,
        host: headers.host!,
        method: method!,
        path: url!,
        headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
        extraHeadersToInclude: Object.fromEntries(names.map((name) => [name, true as const])),
      },
      { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    );
    if (anew.Authorization !== headers.authorization) {
      throw new Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
    }
    const date = String(headers["x-amz-date"]).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
    if (Math.abs(Date.parse(date) - this.clock.judgesBy()) > SKEW_MS) {
      throw new Refused(
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the time is too large",
      );
    }
  }
}

function operationOf(method: string, query: URLSearchParams, key: string): string {
  const one = query.has("uploadId") ? "upload" : query.has("uploads") ? "uploads" : key === "" ? "bucket" : "object";
  const names: Record<string, string> = {
    "GET object": "GetObject",
    "DELETE object": "DeleteObject",
    "GET uploads": "ListMultipartUploads",
    "POST uploads": "CreateMultipartUpload",
    "PUT upload": "UploadPart",
    "GET upload": "ListParts",
    "POST upload": "CompleteMultipartUpload",
    "DELETE upload": "AbortMultipartUpload",
  };
  return names[`${method} ${one}`] ?? `${method} ${one}`;
}
