/** A stand-in for GitHub's REST API on loopback: comments, issues, pull requests and reviews of one repository, in memory. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const REPOSITORY = "example/seldon-k3s";
/** Of the run that the runner is in. */
export const RUN_ID = "7";
/** Who writes with the token of a workflow. */
export const BOT = "github-actions[bot]";
/** GitHub refuses longer bodies with 422. */
const LONGEST = 65_536;

interface Entry {
  readonly id: number;
  readonly user: { readonly login: string };
  body: string;
}

export interface Issue extends Entry {
  readonly number: number;
  title: string;
  state: string;
  labels: readonly { readonly name: string }[];
  readonly pull_request?: object;
}

interface Pull {
  readonly number: number;
  readonly head: { readonly sha: string; readonly label: string };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Body = Readonly<Record<string, unknown>>;

const textOf = (body: Body, key: string): string => {
  const value = body[key];
  return typeof value === "string" ? value : "";
};

export class GitHubServer {
  readonly issues: Issue[] = [];
  readonly pulls: Pull[] = [];
  /** Comments by the number of their issue or pull request. */
  readonly comments = new Map<number, Entry[]>();
  /** Reviews of runs by the number of the run. */
  readonly approvals = new Map<string, readonly object[]>();
  /** `METHOD /path` of every call that wrote. */
  readonly writes: string[] = [];
  readonly #server: Server;
  readonly #token: string;
  #ids = 1000;

  private constructor(token: string) {
    this.#token = token;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      });
    });
  }

  static async start(token: string): Promise<GitHubServer> {
    const github = new GitHubServer(token);
    await new Promise<void>((done) => github.#server.listen(0, "127.0.0.1", done));
    return github;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a runner of this repository has in its environment. */
  get env(): Record<string, string> {
    return { GITHUB_API_URL: this.url, GITHUB_REPOSITORY: REPOSITORY, GITHUB_RUN_ID: RUN_ID };
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }

  /** @param label `owner:branch`. */
  openPull(number: number, label: string, sha: string): void {
    const index = this.pulls.findIndex((pull) => pull.number === number);
    if (index >= 0) this.pulls.splice(index, 1);
    this.pulls.push({ number, head: { sha, label } });
  }

  commentsOf(number: number): string[] {
    return (this.comments.get(number) ?? []).map(({ body }) => body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url ?? "/", this.url);
    if (request.headers.authorization !== `Bearer ${this.#token}`) return { status: 401, body: {} };
    const path = url.pathname.replace(`/repos/${REPOSITORY}`, "");
    const method = request.method ?? "GET";
    if (method === "GET") return this.#read(path, url.searchParams);
    this.writes.push(`${method} ${path}`);
    const body = JSON.parse(text) as Body;
    if (textOf(body, "body").length > LONGEST) return { status: 422, body: {} };
    return this.#write(method, path, body);
  }

  #read(path: string, query: URLSearchParams): Answer {
    const comments = /^\/issues\/(\d+)\/comments$/.exec(path);
    const of = (list: readonly unknown[]): Answer => {
      const [size, page] = [Number(query.get("per_page") ?? 30), Number(query.get("page") ?? 1)];
      return { status: 200, body: list.slice((page - 1) * size, page * size) };
    };
    if (comments) return of(this.comments.get(Number(comments[1])) ?? []);
    const reviews = /^\/actions\/runs\/(\d+)\/approvals$/.exec(path);
    if (reviews) return { status: 200, body: this.approvals.get(reviews[1] ?? "") ?? [] };
    if (path === "/pulls") return of(this.pulls.filter(({ head }) => head.label === query.get("head")));
    if (path === "/issues") {
      const label = query.get("labels");
      return of(
        this.issues.filter(
          ({ state, labels }) => state === query.get("state") && labels.some(({ name }) => name === label),
        ),
      );
    }
    return { status: 404, body: {} };
  }

  #write(method: string, path: string, body: Body): Answer {
    const text = textOf(body, "body");
    const [, kind = "", id = "", below = ""] =
      /^\/(issues\/comments|issues)(?:\/(\d+))?(\/comments)?$/.exec(path) ?? [];
    const entry = { id: ++this.#ids, user: { login: BOT }, body: text };
    if (method === "POST" && kind === "issues" && below !== "") {
      this.comments.set(Number(id), [...(this.comments.get(Number(id)) ?? []), entry]);
      return { status: 201, body: entry };
    }
    if (method === "POST" && kind === "issues" && id === "") {
      const labels = (body["labels"] as string[]).map((name) => ({ name }));
      this.issues.push({ ...entry, number: entry.id, title: textOf(body, "title"), state: "open", labels });
      return { status: 201, body: this.issues.at(-1) };
    }
    if (method === "PATCH" && kind === "issues/comments") {
      const comment = [...this.comments.values()].flat().find((one) => one.id === Number(id));
      if (comment === undefined) return { status: 404, body: {} };
      comment.body = text;
      return { status: 200, body: comment };
    }
    const issue = this.issues.find(({ number }) => number === Number(id));
    if (method !== "PATCH" || issue === undefined) return { status: 404, body: {} };
    if (body["state"] !== undefined) issue.state = textOf(body, "state");
    if (body["body"] !== undefined) issue.body = text;
    return { status: 200, body: issue };
  }
}
