/** A machine that keeps the copy, by `backup receive`. */
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { OnHost } from "../hosts/on-host";
import type { Keeper } from "./keeper";
import { assertEnded, startBackup } from "./program";

/** Where `hosts/backup receive` keeps copies. */
const RECEIVED = "/var/lib/seldon-k3s/backups/received";

export function machineKeeper(host: OnHost, signal: AbortSignal): Keeper {
  return {
    place: host.target.name,
    open: async () => void (await host.connection()),
    keep: async (archive, { name, sha256 }) => {
      const target = await startBackup(host, `receive ${name} ${sha256}`, signal);
      const answer = text(target.stdout);
      answer.catch(() => undefined);
      await pipeline(archive, target.stdin, { signal });
      const { code } = await target.ended;
      assertEnded(host, "receive", code, target.stderr());
      return { path: `${RECEIVED}/${name}.tar`, sha256: (await answer).trim() };
    },
    restore: ({ path }, source) => [
      `to go back, as root on ${source}, with the copy from ${host.target.name} if its own is lost:`,
      `  mkdir -m 0700 restore && tar -C restore -xf ${path} && cat restore/RESTORE`,
    ],
  };
}
