/** What people do to a machine behind the stack's back, and what `npm run drift` says of it. */
import type { DriftClass } from "../../../checks/drift/objects/classes";
import { PINNED_FOLDER } from "../host-files";

export interface HostDrift {
  /** The class of drift in people's words. */
  readonly kind: string;
  readonly injected: string;
  readonly host: "s1" | "a1";
  readonly check: string;
  readonly class: DriftClass;
  readonly found: RegExp;
  /** Run as root on the machine. */
  readonly inject: string;
  /** The command on the machine that undoes it. @default a run of the stack that looks at the machines again */
  readonly mend?: string;
}

const DROP_IN = "/etc/rancher/k3s/config.yaml.d/90-cni.yaml";
const UNIT = "/etc/systemd/system/k3s.service.d";
const FOREIGN = "/etc/cni/net.d/10-flannel.conflist";
const K3S = "/usr/local/bin/k3s";
const CONFLIST = '{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"flannel"}]}';

export const HOST_DRIFT: readonly HostDrift[] = [
  {
    kind: "host drop-in edited",
    injected: `\`flannel-backend: vxlan\` in \`${DROP_IN}\``,
    host: "s1",
    check: "settings-files",
    class: "configuration",
    found: /90-cni\.yaml says flannel-backend: vxlan; declared is flannel-backend: "none"/,
    inject: `printf 'flannel-backend: vxlan\\n' >${DROP_IN}`,
  },
  {
    kind: "K3s flag changed",
    injected: "`--flannel-backend=vxlan` in a drop-in of the unit",
    host: "s1",
    check: "settings-in-force",
    class: "configuration",
    found: /flannel-backend is vxlan \(the unit's flags\); declared is none/,
    inject: `mkdir -p ${UNIT} && printf '[Service]\\nExecStart=\\nExecStart=${K3S} server --flannel-backend=vxlan\\n' >${UNIT}/10-by-hand.conf`,
    mend: `rm ${UNIT}/10-by-hand.conf`,
  },
  {
    kind: "Flannel leftover",
    injected: "the device `flannel.1`",
    host: "a1",
    check: "leftovers",
    class: "policy",
    found: /1 link \(flannel\.1\)/,
    inject: "ip link add flannel.1 type vxlan id 1 dstport 8472 dev eth0",
    mend: "ip link delete flannel.1",
  },
  {
    kind: "Flannel leftover",
    injected: `its CNI configuration, \`${FOREIGN}\``,
    host: "a1",
    check: "cni-files",
    class: "configuration",
    found: /10-flannel\.conflist/,
    inject: `printf '%s' '${CONFLIST}' >${FOREIGN}`,
    mend: `rm ${FOREIGN}`,
  },
  {
    kind: "K3s of another version",
    injected: "another program in place of `k3s`",
    host: "a1",
    check: "k3s-version",
    class: "version",
    found: /^v1\.32\.5\+k3s1; declared is v1\.33\.1\+k3s1/,
    inject: `cp -p ${K3S} ${K3S}.new && printf '\\nlab-k3s-version=v1.32.5+k3s1\\n' >>${K3S}.new && mv ${K3S}.new ${K3S}`,
    mend: `cp -p ${PINNED_FOLDER}/k3s ${K3S}.new && mv ${K3S}.new ${K3S}`,
  },
  {
    kind: "kernel value changed",
    injected: "`net.ipv4.ip_forward=0`",
    host: "a1",
    check: "sysctls",
    class: "configuration",
    found: /net\.ipv4\.ip_forward=0/,
    inject: "sysctl -q -w net.ipv4.ip_forward=0",
    mend: "sysctl -q -w net.ipv4.ip_forward=1",
  },
  {
    kind: "program changed",
    injected: "a line in `/usr/local/lib/seldon-k3s/inspect`",
    host: "a1",
    check: "programs",
    class: "version",
    found: /inspect/,
    inject: "printf '# by hand\\n' >>/usr/local/lib/seldon-k3s/inspect",
  },
];
