import { createHash } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { connect } from "../../ssh/client";
import { describeWithMachines, failure } from "./support/machines";

describeWithMachines("ssh client, commands", (its) => {
  const { options, target, use } = its;

  it("runs a command with input and gives back output, errors and the exit code", async () => {
    const result = await use((session) => session.run("cat; echo oops >&2; exit 3", { stdin: "ärger\n" }));
    expect(result).toEqual({ code: 3, stdout: "ärger\n", stderr: "oops\n" });
  });

  it("runs several commands over one connection, side by side", async () => {
    const results = await use((session) => Promise.all([1, 2, 3, 4].map((n) => session.run(`echo ${n}`))));
    expect(results.map(({ stdout }) => stdout)).toEqual(["1\n", "2\n", "3\n", "4\n"]);
  });

  it("tells lines as they come, and the last one without its end", async () => {
    const lines: string[] = [];
    await use((session) =>
      session.run("printf 'one\\ntwo\\n'; printf warning >&2; printf three", {
        onLine: (line, from) => lines.push(`${from} ${line}`),
      }),
    );
    expect(lines.filter((line) => line.startsWith("stdout"))).toEqual(["stdout one", "stdout two", "stdout three"]);
    expect(lines).toContain("stderr warning");
  });

  it("reads its input from a stream", async () => {
    const stdin = Readable.from(["a", "b", "c"].map((letter) => Buffer.from(letter)));
    expect((await use((session) => session.run("cat", { stdin }))).stdout).toBe("abc");
  });

  it("fails with the input's own error", async () => {
    const stdin = new Readable({ read: () => stdin.destroy(new Error("the disk broke")) });
    const error = await failure(use((session) => session.run("cat >/dev/null; sleep 5", { stdin })));
    expect(error.message).toBe("the disk broke");
  });

  it("lets a command end before it has read its input", async () => {
    const result = await use((session) => session.run("exit 0", { stdin: Buffer.alloc(8 * 1024 * 1024) }));
    expect(result.code).toBe(0);
  });

  it("counts a signal as shells do", async () => {
    expect((await use((session) => session.run("kill -TERM $$"))).code).toBe(143);
  });

  it("streams more than it would keep, both ways, unchanged", async () => {
    const block = Buffer.alloc(1024 * 1024, "0123456789abcdef");
    const hash = createHash("sha256");
    const sent = createHash("sha256");
    let bytes = 0;
    const code = await use(async (session) => {
      const { stdin, stdout, ended } = await session.stream("cat");
      const source = Readable.from(
        (function* () {
          for (let index = 0; index < 24; index += 1) {
            sent.update(block);
            yield block;
          }
        })(),
      );
      const reading = (async () => {
        for await (const chunk of stdout as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          hash.update(chunk);
        }
      })();
      await pipeline(source, stdin);
      await reading;
      return (await ended).code;
    });
    expect({ code, bytes }).toEqual({ code: 0, bytes: 24 * 1024 * 1024 });
    expect(hash.digest("hex")).toBe(sent.digest("hex"));
  });

  it("tells the exit code and errors of a streamed command", async () => {
    await use(async (session) => {
      const command = await session.stream("echo partial; echo 'disk full' >&2; exit 9");
      command.stdin.end();
      expect(await text(command.stdout)).toBe("partial\n");
      expect(await command.ended).toEqual({ code: 9 });
      expect(command.stderr()).toBe("disk full\n");
    });
  });

  it("refuses to keep more output than asked for", async () => {
    const error = await failure(use((session) => session.run("yes", { maxBytes: 100_000 })));
    expect(error.kind).toBe("too-much-output");
    expect(error.message).toBe("node-1: a command printed more than 100000 bytes");
  });

  it("stops waiting when it is called off: before, while dialling and while a command runs", async () => {
    const reason = new Error("enough");
    await expect(connect(target(), { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const silent = net.createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const dialling = new AbortController();
      silent.once("connection", () => dialling.abort(reason));
      const { port } = silent.address() as AddressInfo;
      await expect(connect(target({ port }), { ...options, signal: dialling.signal })).rejects.toBe(reason);
    } finally {
      silent.close();
    }

    const running = new AbortController();
    const run = use((session) =>
      session.run("echo started; sleep 600", { signal: running.signal, onLine: () => running.abort(reason) }),
    );
    await expect(run).rejects.toBe(reason);
  });

  it("tells a connection that is cut in the middle from a command that failed", async () => {
    await use(async (session) => {
      // The parent of the command's shell is the sshd process of this connection.
      const error = await failure(session.run("kill -9 $PPID; sleep 600"));
      expect(error.kind).toBe("lost");
      expect(error.fix).toContain("the next run joins them");
      expect((await failure(session.run("true"))).kind).toBe("lost");
    });
  });

  it("breaks a stream whose connection is cut, instead of ending it", async () => {
    await use(async (session) => {
      const { stdin, stdout, ended } = await session.stream("echo half; sleep 0.2; kill -9 $PPID; sleep 600");
      stdin.end();
      expect((await failure(text(stdout))).kind).toBe("lost");
      expect((await failure(ended)).kind).toBe("lost");
    });
  });
});
