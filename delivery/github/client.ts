/** The few calls to GitHub's REST API that a delivery makes, over a transport that tests replace. */

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH";
  /** Below the API's address, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** Carries one request; the token is its own affair and never seen elsewhere. */
export type Transport = (request: ApiRequest) => Promise<ApiAnswer>;

/** Bound of one request, milliseconds. */
const TIMEOUT = 30_000;

/** @param api Such as https://api.github.com. @param token Of GITHUB_TOKEN: a header, never part of a message. */
export function httpTransport(api: string, token: string): Transport {
  // fetch would refuse such a header with a message that quotes it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(
      "GITHUB_TOKEN is no token: got a text that is not shown; allowed: letters, digits and signs on one line; fix: set the secret again",
    );
  }
  return async ({ method, path, body }) => {
    const response = await fetch(`${api.replace(/\/+$/, "")}${path}`, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: "error",
    });
    return { status: response.status, text: await response.text() };
  };
}

export class GitHubError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "GitHubError";
  }
}

const PAGE = 100;
/** Pages that are read before a list counts as endless. */
const PAGES = 50;

/** What mends a refusal, by its status. */
const FIXES: Readonly<Record<number, string>> = {
  401: "GITHUB_TOKEN is not valid here",
  403: "the token lacks the permission: see `permissions` of the job",
  404: "no such repository, issue or pull request, or the token cannot see it",
  422: "GitHub refuses the content",
};

export class GitHub {
  /** @param repository `owner/name`. */
  constructor(
    private readonly repository: string,
    private readonly transport: Transport,
  ) {
    if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
      throw new Error(`"${repository}" is no repository; allowed is owner/name (GITHUB_REPOSITORY)`);
    }
  }

  /** One call below the repository. @throws GitHubError for every status but 2xx. */
  async call(method: ApiRequest["method"], path: string, body?: unknown): Promise<unknown> {
    const where = `/repos/${this.repository}${path}`;
    const { status, text } = await this.transport({ method, path: where, ...(body === undefined ? {} : { body }) });
    if (status >= 200 && status < 300) return text === "" ? undefined : JSON.parse(text);
    throw new GitHubError(status, `${method} ${where}: GitHub answered ${status}. ${FIXES[status] ?? "Try again"}.`);
  }

  /** Every entry of a list, page by page. @param query Without page. */
  async list(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let page = 1; page <= PAGES; page++) {
      const words = new URLSearchParams({ ...query, per_page: String(PAGE), page: String(page) });
      const entries = await this.call("GET", `${path}?${words.toString()}`);
      if (!Array.isArray(entries)) throw new Error(`GET ${path}: GitHub answered no list`);
      all.push(...(entries as unknown[]));
      if (entries.length < PAGE) return all;
    }
    throw new Error(`GET ${path}: more than ${PAGE * PAGES} entries`);
  }
}
