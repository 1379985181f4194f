/** A machine that is nothing but an SSH server in the test's own process: what is run on it is recorded and answered. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type Client, Server, type ServerChannel } from "ssh2";
import type { AddressInfo } from "node:net";
import type { SshTarget } from "../../../ssh/client";
import { KeyRing } from "../../ssh/support/sshd";

export interface Ran {
  readonly command: string;
  readonly stdin: Buffer;
}

export interface Reply {
  readonly code?: number;
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
}

export class SshHost {
  readonly ran: Ran[] = [];
  /** Answers a command once its input has ended; "hang" never answers, "cut" drops the connection. */
  reply: (ran: Ran) => Reply | "hang" | "cut" | Promise<Reply | "hang" | "cut"> = () => ({});
  private hostKey = "";
  private server: Server | undefined;
  private port = 0;

  private constructor(private readonly name: string) {}

  /** @param keys with a started agent that holds a key; any key may log in. */
  static async start(name: string, keys: KeyRing): Promise<SshHost> {
    const host = new SshHost(name);
    const key = keys.key(`host-${name}`);
    host.hostKey = keys.publicKey(key);
    host.server = new Server({ hostKeys: [readFileSync(key)] }, (client) => {
      client.on("error", () => undefined);
      // As sshd does; otherwise each small answer waits for the other side's delayed acknowledgement. @types/ssh2 lacks it here.
      (client as unknown as Pick<Client, "setNoDelay">).setNoDelay(true);
      client.on("authentication", (context) =>
        context.method === "publickey" ? context.accept() : context.reject(["publickey"]),
      );
      client.on("session", (accept) => {
        accept().on("exec", (acceptExec, _, { command }) => {
          void host.exec(acceptExec(), command, () => client.end());
        });
      });
    });
    await new Promise<void>((done) => host.server!.listen(0, "127.0.0.1", done));
    host.port = (host.server.address() as AddressInfo).port;
    return host;
  }

  get target(): SshTarget {
    return { name: this.name, address: "127.0.0.1", port: this.port, user: "root", hostKey: this.hostKey };
  }

  /** Programs that were run, with their requests. */
  get programs(): string[] {
    return this.ran.map(({ command, stdin }) => `${command}: ${stdin.toString("utf8").trim().replaceAll("\n", ", ")}`);
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => (this.server === undefined ? done() : this.server.close(() => done())));
  }

  private async exec(channel: ServerChannel, command: string, cut: () => void): Promise<void> {
    const chunks: Buffer[] = [];
    // Not by iterating: that would close the channel, which is its own input.
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(channel, "end");
    const ran = { command, stdin: Buffer.concat(chunks) };
    this.ran.push(ran);
    const reply = await this.reply(ran);
    if (reply === "hang") return;
    if (reply === "cut") return cut();
    channel.stderr.write(reply.stderr ?? "");
    channel.stdout.write(reply.stdout ?? "");
    channel.exit(reply.code ?? 0);
    channel.end();
  }
}

/** An agent with one key, and its socket in the environment. */
export async function startAgent(): Promise<{ readonly keys: KeyRing; readonly stop: () => Promise<void> }> {
  const keys = new KeyRing();
  await keys.startAgent();
  keys.add(keys.key("login"));
  const before = process.env["SSH_AUTH_SOCK"];
  process.env["SSH_AUTH_SOCK"] = keys.socket;
  return {
    keys,
    stop: async () => {
      if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
      else process.env["SSH_AUTH_SOCK"] = before;
      await keys.stop();
    },
  };
}
