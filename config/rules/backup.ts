import { declaredHosts } from "../derive";
import type { Rule } from "./rule";

/** Where the copy of the datastore goes. */
export const BACKUP_RULES: readonly Rule[] = [
  {
    id: "hosts.backup-target",
    *check({ hosts, cni }) {
      if (hosts === undefined) return;
      const { to, s3 } = hosts.backup;
      const names = declaredHosts({ hosts }).map(({ host }) => host.name);
      const [first, second] = hosts.servers;
      if (to === first?.name || (to !== undefined && !names.includes(to))) {
        yield {
          path: "hosts.backup.to",
          problem:
            to === first?.name
              ? "is the machine that the copy is made of: both would be lost together"
              : "is no declared machine",
          got: to,
          allowed: names.filter((name) => name !== first?.name).join(", ") || "another machine, declared in hosts",
          fix: "name another machine, or a bucket by hosts.backup.s3",
        };
      } else if (to === undefined && s3 === undefined && second === undefined && cni.leaving !== undefined) {
        yield {
          path: "hosts.backup.to",
          problem:
            "is missing: with one server the copy of its datastore needs another place before the CNI is changed",
          got: to,
          allowed: `${names.slice(1).join(", ") || "a second machine, declared in hosts"}, or hosts.backup.s3 instead`,
          fix: "name the machine that keeps the copy, or a bucket by hosts.backup.s3",
        };
      }
    },
  },
  {
    id: "hosts.backup-twice",
    *check({ hosts }) {
      const { to, s3 } = hosts?.backup ?? {};
      if (to === undefined || s3 === undefined) return;
      yield {
        path: "hosts.backup.s3",
        problem: `and hosts.backup.to are both set, and the copy goes to one place`,
        got: `to ${to} and s3 ${s3.bucket}`,
        allowed: "one of hosts.backup.to and hosts.backup.s3",
        fix: "remove one of them",
      };
    },
  },
];
