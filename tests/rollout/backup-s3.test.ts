import { createHash, randomBytes } from "node:crypto";
import { programVersion } from "../../config/version";
import { describeWithSshd } from "../ssh/support/sshd";
import { rollout } from "./support/io";
import { MiniCluster, UID } from "./support/mini-cluster";
import { ACCESS_KEY, S3Store, SECRET_KEY, type S3Request, type Twist } from "./support/s3-store";
import { type Ran, type Reply, SshHost, startAgent } from "./support/ssh-host";

jest.setTimeout(60_000);

/** More than two parts of 8 MiB. */
const CONTENT = randomBytes(17 * 2 ** 20);
const SHA = createHash("sha256").update(CONTENT).digest("hex");

/** The whole environment of the SDK: nothing of the machine that runs the test. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: SECRET_KEY,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_SHARED_CREDENTIALS_FILE: "/nonexistent/credentials",
  AWS_CONFIG_FILE: "/nonexistent/config",
  // The stack file says where a copy goes, not this.
  AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9",
  AWS_REGION: "us-west-2",
};

describeWithSshd("backup to a store (a stand-in for S3 on loopback)", () => {
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let server: SshHost;
  let cluster: MiniCluster;
  let store: S3Store;
  const before = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith("AWS_"))
      .map((name) => [name, process.env[name]]),
  );

  const setEnvironment = (values: Readonly<Record<string, string | undefined>>): void => {
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    for (const [name, value] of Object.entries(values)) if (value !== undefined) process.env[name] = value;
  };
  const make = ({ stdin }: Ran): Reply => {
    const name = /^name (.*)$/m.exec(stdin.toString())?.[1];
    return { stdout: `backup /var/lib/seldon-k3s/backups/${name}.tar ${SHA} ${CONTENT.length}\n` };
  };
  const sending =
    (reply: Reply | "cut") =>
    (ran: Ran): Reply | "cut" =>
      ran.command.includes("backup send") ? reply : make(ran);

  beforeAll(async () => {
    agent = await startAgent();
    server = await SshHost.start("s1", agent.keys);
    cluster = await MiniCluster.start();
    store = await S3Store.start();
  });
  afterAll(async () => {
    setEnvironment(before);
    await Promise.all([server.stop(), cluster.stop(), store.stop()]);
    await agent.stop();
  });
  beforeEach(() => {
    setEnvironment(ENVIRONMENT);
    server.ran.length = 0;
    server.reply = sending({ stdout: CONTENT });
    store.reset();
  });

  const subject = (s3 = {}, more = {}) => ({
    stack: "prod",
    kubeconfig: cluster.kubeconfig,
    uid: UID,
    timeoutSeconds: 30,
    source: server.target,
    s3: { ...store.target, ...s3 },
    name: "before-flannel-to-calico",
    ...more,
  });
  const once = (operation: string, twist: Twist) => {
    let left = 1;
    return (request: S3Request): Twist | undefined =>
      request.operation === operation && left-- > 0 ? twist : undefined;
  };
  const always = (operation: string, twist: Twist) => (request: S3Request) =>
    request.operation === operation ? twist : undefined;
  const nothingIsLeft = (): void => {
    expect([...store.objects.keys()]).toEqual([]);
    expect([...store.uploads.values()].map(({ key }) => key)).toEqual([]);
  };

  test("goes into the bucket whole and encrypted, is read back, and passes no output", async () => {
    const done = await rollout("backup", subject());
    expect(done.stderr).toContain(`SHA-256 ${SHA} on s1`);
    expect(done).toMatchObject({
      exitCode: 0,
      stdout: `the datastore of s1 is kept on bucket copies (${store.target.endpoint})\n`,
    });
    const [[key, object] = ["", undefined], ...others] = [...store.objects];
    expect(others).toEqual([]);
    expect(key).toMatch(/^backups\/k3s\/prod\/before-flannel-to-calico-\d{8}T\d{6}Z\.tar$/);
    expect(object?.body.equals(CONTENT)).toBe(true);
    expect(object?.headers["x-amz-server-side-encryption"]).toBe("AES256");
    expect(object?.headers["x-amz-meta-sha256"]).toBe(SHA);
    expect(object?.headers["x-amz-meta-program"]).toBe(programVersion());
    expect([...store.uploads]).toEqual([]);
    expect(store.requests.filter(({ operation }) => operation === "UploadPart").map(({ part }) => part)).toEqual([
      1, 2, 3,
    ]);
    expect(store.operations.at(-1)).toBe("GetObject");

    const { endpoint } = store.target;
    expect(done.stderr).toContain(
      `mkdir -m 0700 restore && aws s3 cp 's3://copies/${key}' restore/backup.tar --region eu-central-1 --endpoint-url ${endpoint}`,
    );
    expect(done.stderr).toContain(`echo '${SHA}  restore/backup.tar' | sha256sum -c && tar -C restore -xf`);
    const said = done.stdout + done.stderr + server.programs.join("\n");
    expect(said).not.toContain("MARK");
  });

  test("a KMS key encrypts where one is named", async () => {
    const kmsKeyId = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    expect(await rollout("backup", subject({ kmsKeyId }))).toMatchObject({ exitCode: 0 });
    const [object] = [...store.objects.values()];
    expect(object?.headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": kmsKeyId,
    });
  });

  const noCredentials = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
  const day = 24 * 60 * 60 * 1000;
  test.each<[string, object, object, (() => void) | undefined, number, readonly string[]]>([
    [
      "another bucket",
      { bucket: "elsewhere" },
      {},
      undefined,
      1,
      ["bucket elsewhere (http", "there is no such bucket; got NoSuchBucket, HTTP 404", "hosts.backup.s3.bucket"],
    ],
    [
      "another region",
      { region: "eu-west-1" },
      {},
      undefined,
      1,
      ["expecting 'eu-central-1'", "fix: set hosts.backup.s3.region (eu-west-1 now)"],
    ],
    [
      "no credentials",
      {},
      noCredentials,
      undefined,
      2,
      ["the runner's environment has no credentials", "fix: set AWS_ACCESS_KEY_ID"],
    ],
    [
      "an unknown key",
      {},
      { AWS_ACCESS_KEY_ID: "AKIDOTHER" },
      undefined,
      1,
      ["credentials of the runner's environment are refused; got InvalidAccessKeyId", "fix: renew"],
    ],
    [
      "a wrong secret",
      {},
      { AWS_SECRET_ACCESS_KEY: "MARKOTHER" },
      undefined,
      1,
      ["credentials of the runner's environment are refused; got SignatureDoesNotMatch"],
    ],
    [
      "an endpoint where nobody listens",
      { endpoint: "http://127.0.0.1:1" },
      {},
      undefined,
      2,
      ["(http://127.0.0.1:1): reading: it cannot be reached; got ECONNREFUSED", "hosts.backup.s3.endpoint"],
    ],
    [
      "a clock that is wrong, and a store that does not tell the time",
      {},
      {},
      () => (store.clock = { judgesBy: () => Date.now() + day, says: () => Date.now() }),
      1,
      ["differ by more than 15 minutes; got RequestTimeTooSkewed", "fix: set the runner's clock"],
    ],
    [
      "no right to read",
      {},
      {},
      () => (store.twist = always("GetObject", { status: 403, code: "AccessDenied" })),
      1,
      [
        "reading: the credentials may not do that; got AccessDenied, HTTP 403",
        "grant them s3:ListBucket, s3:GetObject",
      ],
    ],
    [
      "no right to write",
      {},
      {},
      () => (store.twist = always("CreateMultipartUpload", { status: 403, code: "AccessDenied" })),
      1,
      ["beginning an upload: the credentials may not do that", "on the bucket copies"],
    ],
    [
      "a store that cannot encrypt",
      {},
      {},
      () => (store.twist = always("CreateMultipartUpload", { status: 501, code: "NotImplemented" })),
      1,
      ["does not encrypt as it is asked to; got NotImplemented", "hosts.backup.s3.kmsKeyId"],
    ],
  ])("%s is told before the server begins", async (_, s3, environment, prepare, exitCode, texts) => {
    prepare?.();
    setEnvironment({ ...ENVIRONMENT, ...environment });
    const done = await rollout("backup", subject(s3));
    for (const text of texts) expect(done.stderr).toContain(text);
    expect(done.exitCode).toBe(exitCode);
    expect(done.stderr).not.toContain("MARK");
    expect(server.ran).toEqual([]);
    nothingIsLeft();
  });

  test("a clock that is wrong is no matter where the store tells the time", async () => {
    store.clock = { judgesBy: () => Date.now() + day, says: () => Date.now() + day };
    expect((await rollout("backup", subject())).exitCode).toBe(0);
    expect(store.objects.size).toBe(1);
  });

  test.each<[string, () => void, string]>([
    [
      "a part is refused",
      () => (store.twist = always("UploadPart", { status: 400, code: "BadDigest", message: "differs" })),
      "sending part 1: the answer is not understood; got BadDigest",
    ],
    [
      "the store fails for good on the way",
      () => (store.twist = (one) => (one.part === 2 ? { status: 500, code: "InternalError" } : undefined)),
      "sending part 2: the store is not able to do that now",
    ],
    [
      "the completion is refused",
      () => (store.twist = always("CompleteMultipartUpload", { status: 403, code: "AccessDenied" })),
      "completing the upload: the credentials may not do that",
    ],
    ["the source's connection is cut", () => (server.reply = sending("cut")), "s1: the SSH connection was lost"],
    [
      "the source's program fails in the middle",
      () => (server.reply = sending({ stdout: CONTENT.subarray(0, 9 * 2 ** 20), code: 1, stderr: "read error\n" })),
      "s1: backup send ended with 1: read error",
    ],
    [
      "the source sends something else",
      () => (server.reply = sending({ stdout: CONTENT.subarray(1) })),
      `and its own copy has ${SHA}; fix: look for a faulty disk`,
    ],
    [
      "what is read back differs",
      () =>
        (store.twist = ({ operation, key }) => {
          const object = store.objects.get(key);
          if (operation === "GetObject" && object !== undefined) object.body = Buffer.from("something else");
        }),
      `and s1 says and sent ${SHA}`,
    ],
    [
      "what was kept cannot be read back",
      () =>
        (store.twist = ({ operation, key }) =>
          operation === "GetObject" && store.objects.has(key) ? { status: 403, code: "AccessDenied" } : undefined),
      "reading back: the credentials may not do that",
    ],
  ])("nothing is left where %s", async (_, prepare, text) => {
    prepare();
    const done = await rollout("backup", subject());
    expect(done.stderr).toContain(text);
    expect([1, 2]).toContain(done.exitCode);
    expect(store.operations).toContain("CreateMultipartUpload");
    nothingIsLeft();

    store.twist = () => undefined;
    server.reply = sending({ stdout: CONTENT });
    expect((await rollout("backup", subject())).exitCode).toBe(0);
    expect(store.objects.size).toBe(1);
  });

  test.each(["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "GetObject"])(
    "nothing is left after Ctrl-C during %s",
    async (operation) => {
      const interrupt = new AbortController();
      let seen = 0;
      store.twist = (request) => {
        seen += request.operation === operation ? 1 : 0;
        // The second one: the first is the look before the server begins.
        if (request.operation !== operation || (operation !== "CompleteMultipartUpload" && seen !== 2)) return;
        interrupt.abort(new Error("interrupted by SIGINT"));
        return operation === "UploadPart" || operation === "GetObject" ? "hang" : undefined;
      };
      const done = await rollout("backup", subject(), interrupt.signal);
      expect(done.exitCode).toBe(130);
      expect(interrupt.signal.aborted).toBe(true);
      expect(store.operations).toContain("AbortMultipartUpload");
      nothingIsLeft();
    },
  );

  test("a passing fault of the store is tried again", async () => {
    store.twist = once("UploadPart", { status: 503, code: "SlowDown" });
    expect(await rollout("backup", subject())).toMatchObject({ exitCode: 0 });
    const [object] = [...store.objects.values()];
    expect(object?.body.equals(CONTENT)).toBe(true);
  });

  test("what a killed runner has left is removed by the next run, and nothing of other stacks", async () => {
    const begun = { headers: {}, parts: new Map<number, Buffer>() };
    store.uploads.set("killed", { ...begun, key: "backups/k3s/prod/before-flannel-to-calico-20260101T000000Z.tar" });
    store.uploads.set("other", { ...begun, key: "backups/k3s/prod-2/before-flannel-to-calico-20260101T000000Z.tar" });
    const done = await rollout("backup", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("removed the unfinished upload of backups/k3s/prod/before");
    expect([...store.uploads.keys()]).toEqual(["other"]);
  });

  test("without the right to list uploads it goes on, and says so", async () => {
    store.twist = always("ListMultipartUploads", { status: 403, code: "AccessDenied" });
    const done = await rollout("backup", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("unfinished uploads of earlier runs stay");
  });

  test("a copy that is not proven and cannot be removed is named", async () => {
    store.twist = ({ operation, key }) => {
      const object = store.objects.get(key);
      if (operation === "GetObject" && object !== undefined) object.body = Buffer.from("something else");
      return operation === "DeleteObject" ? { status: 403, code: "AccessDenied" } : undefined;
    };
    const done = await rollout("backup", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/s3:\/\/copies\/backups\/k3s\/prod\/\S+ is not proven and could not be removed/);
  });

  test.each([
    ["both places", { to: { name: "s2", address: "h", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" } }],
    ["neither place", { s3: undefined }],
  ])("a subject with %s is refused", async (_, more) => {
    const done = await rollout("backup", subject({}, more));
    expect(done.exitCode).toBe(2);
    expect(done.stderr).toContain("expected one of `to` (a machine) and `s3` (a bucket)");
  });
});
