/** The command that lists host ports, run for real with stand-ins for the two tools. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOST_PORTS_COMMAND, hostPortEntries } from "../../../checks/evidence/host-ports";

it("asks every backend once for the NAT table, and prints each entry once", () => {
  const folder = mkdtempSync(join(tmpdir(), "host-ports-"));
  const dump = [
    "*nat",
    ":CNI-DN-aa - [0:0]",
    "-A CNI-DN-aa -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.5:80",
    '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"5b1e\\"" -m multiport --dports 80 -j CNI-DN-aa',
    "-A POSTROUTING -j FLANNEL-POSTRTG",
    "COMMIT",
  ].join("\n");
  for (const tool of ["iptables-nft-save", "iptables-save"]) {
    const path = join(folder, tool);
    writeFileSync(path, `#!/bin/sh\n[ "$*" = "-t nat" ] || exit 1\ncat <<'END'\n${dump}\nEND\n`);
    chmodSync(path, 0o755);
  }
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const printed = execFileSync("sh", ["-c", HOST_PORTS_COMMAND], { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  expect(printed.trim().split("\n")).toHaveLength(2);
  expect(hostPortEntries(printed)).toEqual([{ network: "cbr0", sandbox: "5b1e", destination: "10.42.0.5:80" }]);
});
