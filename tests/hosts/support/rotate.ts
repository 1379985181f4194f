/** What the tests of `hosts/rotate` share. */
import { type FixtureHost, request, type Result } from "./host";

export const STATE = "/var/lib/seldon-k3s";
export const DATA = "/var/lib/rancher/k3s";
export const LEAF = `${DATA}/agent/client-kubelet.crt`;

export interface Wish {
  readonly role?: string;
  readonly first?: string;
  readonly name?: string;
  readonly more?: readonly string[];
}

export const rotate = (
  host: FixtureHost,
  what: string,
  action: string,
  { role = "server", first = "yes", name = "r1", more = [] }: Wish = {},
): Result =>
  host.run(
    "rotate",
    request(
      "host s1",
      `role ${role}`,
      `first ${first}`,
      `rotation ${name}`,
      "poll-seconds 0.05",
      "timeout-seconds 10",
      "reencrypt-seconds 2",
      ...more,
    ),
    what,
    action,
  );

export const refused = (result: Result, ...texts: readonly string[]) => {
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toContain(text);
};
export const done = (result: Result, text: string) => {
  expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining(text) as string });
};
/** An agent's process may write down its start a moment after it was found running. */
export const untilStarted = (host: FixtureHost) => host.sh("until grep -q '^started' /fake/calls; do sleep 0.01; done");
/** What was done to K3s. */
export const deeds = (host: FixtureHost) =>
  host.calls().filter((call) => /^(k3s |started|systemctl (stop|start|restart))|ended/.test(call));
/** The program that is called `name` kills whoever called it, at the point where it would do its work or has done it. */
export function killedAt(host: FixtureHost, name: string, when: string, moment: "before" | "after"): () => void {
  const path = host.has(`/fake/bin/${name}`) ? `/fake/bin/${name}` : `/usr/bin/${name}`;
  const real = `/fake/real/${name}`;
  const text = path.startsWith("/fake") ? host.read(path) : "";
  host.sh(`mkdir -p /fake/real && cp ${path} ${real}`);
  const blow = `for process in /proc/[0-9]*; do if grep -qs seldon-k3s/rotate $process/cmdline; then kill -9 "\${process##*/}"; fi; done`;
  host.write(
    `/fake/bin/${name}`,
    `#!/bin/sh\ncase "$*" in\n${when})\n  ${moment === "after" ? `${real} "$@"` : ":"}\n  ${blow}\n  exit 1\n  ;;\nesac\nexec ${real} "$@"\n`,
    0o755,
  );
  return () => {
    if (text === "") host.remove(`/fake/bin/${name}`);
    else host.write(`/fake/bin/${name}`, text, 0o755);
  };
}
