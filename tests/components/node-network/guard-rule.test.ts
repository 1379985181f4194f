import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FOREIGN_MARKS } from "../../../components/k3s/cni";
import {
  GUARD_SCRIPT,
  renderGuard,
  renderGuardScript,
  renderGuardUnit,
} from "../../../components/node-network/guard-rule";
import { HOSTS, networkStack } from "../../support/network-stack";

const TAIL = '-m comment --comment "seldon-k3s pod source guard" -m mark --mark 0x0/0x6000 -j RETURN';
const RULE = `-s 10.42.0.0/16 -d 10.42.0.0/16 ${TAIL}`;
const OUTSIDE = `! -s 10.42.0.0/16 -d 10.42.0.0/16 -o cali+ ${TAIL}`;
const FLANNEL = '-m comment --comment "flanneld masq" -j FLANNEL-POSTRTG';
const KUBE = '-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING';

/** An `iptables` that keeps one chain in a file, a rule a line, and logs what it was asked. */
const FAKE_IPTABLES = `#!/bin/sh
set -eu
dir=$(dirname "$0")
[ "$1 $2 $3 $4" = "-w 10 -t nat" ] || { echo "unexpected: $*" >&2; exit 64; }
shift 4
op=$1; chain=$2; shift 2
[ "$chain" = POSTROUTING ] || exit 64
if [ "$op" = -S ]; then sed 's/^/-A POSTROUTING /' "$dir/chain"; exit 0; fi
echo "$op" >> "$dir/log"
if [ "$op" = -I ]; then [ "$1" = 1 ] || exit 64; shift; fi
rule=
for word in "$@"; do case $word in *" "*) rule="$rule \\"$word\\"" ;; *) rule="$rule $word" ;; esac; done
rule=\${rule# }
case $op in
-C) grep -qxF -e "$rule" "$dir/chain" ;;
-I) { printf '%s\\n' "$rule"; cat "$dir/chain"; } > "$dir/new"; mv "$dir/new" "$dir/chain" ;;
-D) awk -v rule="$rule" '!done && $0 == rule { done = 1; next } { print }' "$dir/chain" > "$dir/new"; mv "$dir/new" "$dir/chain" ;;
*) exit 64 ;;
esac
`;

describe("the guard's script", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "pod-source-guard-"));
    writeFileSync(join(dir, "iptables"), FAKE_IPTABLES);
    chmodSync(join(dir, "iptables"), 0o755);
    writeFileSync(join(dir, "guard"), renderGuardScript("10.42.0.0/16"));
    writeFileSync(join(dir, "log"), "");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function run(chain: readonly string[], ...verbs: readonly string[]) {
    writeFileSync(join(dir, "chain"), chain.map((rule) => `${rule}\n`).join(""));
    const env = { PATH: `${dir}:/usr/bin:/bin` };
    const results = verbs.map((verb) => spawnSync("/bin/sh", [join(dir, "guard"), verb], { env, encoding: "utf8" }));
    return {
      status: results.map(({ status }) => status),
      stderr: results.map(({ stderr }) => stderr).join(""),
      chain: readFileSync(join(dir, "chain"), "utf8").split("\n").filter(Boolean),
      log: readFileSync(join(dir, "log"), "utf8").split("\n").filter(Boolean),
    };
  }

  it.each([
    ["on an empty chain", [], [RULE, OUTSIDE]],
    ["in front of Flannel's jump", [KUBE, FLANNEL], [RULE, OUTSIDE, KUBE, FLANNEL]],
    ["again where they had come to stand behind it", [FLANNEL, RULE, OUTSIDE, KUBE], [RULE, OUTSIDE, FLANNEL, KUBE]],
    ["once where they stood behind it twice", [FLANNEL, RULE, RULE, OUTSIDE], [RULE, OUTSIDE, FLANNEL]],
    ["again where one of them is missing", [RULE, FLANNEL], [RULE, OUTSIDE, FLANNEL]],
  ])("adds the rules %s", (_, before, after) => {
    const result = run(before, "add", "check");
    expect(result).toMatchObject({ status: [0, 0], stderr: "", chain: after });
  });

  it.each([[[RULE, OUTSIDE, FLANNEL]], [[OUTSIDE, KUBE, RULE, FLANNEL]], [[KUBE, RULE, OUTSIDE]]])(
    "touches nothing when they are in force: %j",
    (chain) => {
      expect(run(chain, "add", "add")).toMatchObject({ status: [0, 0], chain, log: [] });
    },
  );

  it.each([
    ["absent", [KUBE, FLANNEL]],
    ["behind Flannel's jump", [FLANNEL, RULE, OUTSIDE]],
    ["half there", [RULE, FLANNEL]],
  ])("tells that the rules are not in force when they are %s", (_, chain) => {
    expect(run(chain, "check")).toMatchObject({ status: [1], chain });
  });

  it("removes every copy of its rules and no other", () => {
    expect(run([RULE, KUBE, OUTSIDE, RULE, FLANNEL], "remove", "remove")).toMatchObject({
      status: [0, 0],
      chain: [KUBE, FLANNEL],
    });
  });

  it("says how it is used, with exit code 2", () => {
    const result = run([], "nonsense");
    expect(result.status).toEqual([2]);
    expect(result.stderr).toMatch(/^usage: .* add\|check\|follow\|watch\|remove\n$/);
  });

  it("fails where iptables fails, and says so", () => {
    writeFileSync(join(dir, "iptables"), "#!/bin/sh\necho 'no such table' >&2\nexit 3\n");
    const result = run([], "add");
    expect(result.status).not.toEqual([0]);
    expect(result.stderr).toContain("no such table");
  });

  it("is POSIX sh", () => {
    execFileSync("/bin/sh", ["-n", join(dir, "guard")]);
    expect(renderGuardScript("10.42.0.0/16")).toMatch(/^#!\/bin\/sh\n/);
  });
});

describe("the guard's unit", () => {
  it("asserts the rule before K3s starts, at every boot", () => {
    const unit = renderGuardUnit();
    for (const line of [
      "Before=k3s.service k3s-agent.service",
      `ExecStartPre=/bin/sh ${GUARD_SCRIPT} add`,
      `ExecStart=/bin/sh ${GUARD_SCRIPT} watch`,
      "Restart=always",
      "WantedBy=multi-user.target",
    ]) {
      expect(unit.split("\n")).toContain(line);
    }
  });
});

describe("renderGuard", () => {
  it.each([
    { provider: "calico", leaving: "flannel" },
    { provider: "flannel", leaving: "calico" },
    { provider: "calico", leaving: "flannel", upTo: 0 },
  ])("gives every node script and unit for $leaving -> $provider", (cni) => {
    const files = renderGuard(networkStack({ hosts: HOSTS, cni, network: { clusterCidr: "10.64.0.0/12" } }));
    expect(Object.keys(files)).toEqual(["server-1", "server-2", "server-3", "agent-1", "agent-2"]);
    for (const own of Object.values(files)) {
      expect(own.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
        "0755 /usr/local/lib/seldon-k3s/pod-source-guard",
        "0644 /etc/systemd/system/seldon-k3s-pod-source-guard.service",
      ]);
      expect(own[0]?.content).toContain("\npods=10.64.0.0/12\n");
    }
  });

  it.each(["calico", "flannel"])("gives nothing to a cluster that runs %s and leaves nothing", (provider) => {
    expect(renderGuard(networkStack({ hosts: HOSTS, cni: { provider } }))).toEqual({});
  });

  it("lets through exactly what kube-proxy and portmap mark for masquerading", () => {
    expect(FOREIGN_MARKS["kube-proxy: masquerade"]! | FOREIGN_MARKS["portmap: masquerade a host port"]!).toBe(0x6000);
    expect(renderGuardScript("10.42.0.0/16")).toContain("-m mark --mark 0x0/0x6000");
  });
});
