import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { type ApiRequest, GitHub, httpTransport, type Transport } from "../../delivery/github/client";
import {
  applyIssueAction,
  openIssue,
  pullRequestOf,
  upsertComment,
  WORKFLOW_AUTHOR,
} from "../../delivery/github/threads";

const MARK = "<!-- seldon-k3s:plan -->";
const bot = { login: WORKFLOW_AUTHOR };

/** A GitHub whose lists are given, by path without query; what is written is kept. */
function fake(lists: Readonly<Record<string, object[]>>) {
  const written: ApiRequest[] = [];
  const transport: Transport = (request) => {
    const url = new URL(request.path, "http://x");
    if (request.method !== "GET") {
      written.push(request);
      return Promise.resolve({ status: 200, text: "{}" });
    }
    const entries = lists[url.pathname.replace("/repos/o/r", "")];
    if (entries === undefined) return Promise.resolve({ status: 404, text: "secret-body" });
    const page = Number(url.searchParams.get("page"));
    return Promise.resolve({ status: 200, text: JSON.stringify(entries.slice((page - 1) * 100, page * 100)) });
  };
  return { github: new GitHub("o/r", transport), written };
}

const upsert = (comments: object[]) => {
  const { github, written } = fake({ "/issues/5/comments": comments });
  return upsertComment(github, { issue: 5, mark: MARK, text: `${MARK}\nnew` }).then((result) => ({ result, written }));
};

test("a comment is made once and then written over, on whatever page it is", async () => {
  const others = Array.from({ length: 150 }, (_, id) => ({ id, user: { login: "a" }, body: "hello" }));
  expect((await upsert(others)).written).toMatchObject([{ method: "POST", path: "/repos/o/r/issues/5/comments" }]);
  const again = await upsert([...others, { id: 900, user: bot, body: `${MARK}\nold` }]);
  expect(again.result).toBe("updated");
  expect(again.written).toEqual([
    { method: "PATCH", path: "/repos/o/r/issues/comments/900", body: { body: `${MARK}\nnew` } },
  ]);
  expect(await upsert([{ id: 900, user: bot, body: `${MARK}\r\nnew` }])).toEqual({ result: "unchanged", written: [] });
});

test("a mark in somebody else's comment, or in the middle of one, is not ours", async () => {
  const { written } = await upsert([
    { id: 1, user: { login: "mallory" }, body: `${MARK}\nold` },
    { id: 2, user: bot, body: `quoted ${MARK}` },
  ]);
  expect(written[0]?.method).toBe("POST");
});

test("a fork's pull request is found by branch and newest commit", async () => {
  const { github } = fake({
    "/pulls": [
      { number: 3, head: { sha: "old" } },
      { number: 4, head: { sha: "new" } },
    ],
  });
  expect(await pullRequestOf(github, "fork:branch", "new")).toBe(4);
  expect(await pullRequestOf(github, "fork:branch", "gone")).toBeUndefined();
});

test("an issue is opened, updated and closed", async () => {
  const mark = "<!-- seldon-k3s:drift:prod -->";
  const { github, written } = fake({
    "/issues": [
      { number: 8, user: bot, body: `${mark}\n`, pull_request: {} },
      { number: 9, user: bot, body: `${mark}\nx` },
    ],
  });
  expect(await openIssue(github, mark)).toEqual({ number: 9, body: `${mark}\nx` });
  expect(await openIssue(github, "<!-- seldon-k3s:drift:other -->")).toBeUndefined();
  await applyIssueAction(github, { kind: "open", title: "t", body: "b" });
  await applyIssueAction(github, { kind: "update", issue: 9, body: "b", comment: "c" });
  await applyIssueAction(github, { kind: "close", issue: 9, comment: "c" });
  await applyIssueAction(github, { kind: "none", why: "" });
  expect(written.map(({ method, path }) => `${method} ${path.replace("/repos/o/r", "")}`)).toEqual([
    "POST /issues",
    "PATCH /issues/9",
    "POST /issues/9/comments",
    "POST /issues/9/comments",
    "PATCH /issues/9",
  ]);
});

test("a refusal names the call and what mends it, not what GitHub sent", async () => {
  const { github } = fake({});
  const error = await upsertComment(github, { issue: 5, mark: MARK, text: MARK }).catch((thrown: Error) => thrown);
  expect(String(error)).toContain("GitHub answered 404");
  expect(String(error)).not.toContain("secret-body");
  expect(() => new GitHub("nonsense", () => Promise.reject(new Error()))).toThrow("allowed is owner/name");
});

test("the real transport sends the token as a header alone and follows no redirect", async () => {
  const seen: { url?: string; authorization?: string }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization ?? "" });
    if (request.url === "/away") response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
    else response.end("[]");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const transport = httpTransport(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, "planted-token");
    expect(await transport({ method: "GET", path: "/x" })).toEqual({ status: 200, text: "[]" });
    expect(seen).toEqual([{ url: "/x", authorization: "Bearer planted-token" }]);
    // Not by instanceof: the error is of Node's own realm.
    const error = await transport({ method: "GET", path: "/away" }).then(() => "followed", String);
    expect(error).toContain("fetch failed");
    expect(error).not.toContain("planted-token");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
