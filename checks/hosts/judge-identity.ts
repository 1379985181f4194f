/** Whether a machine is the one that is meant: its address, its role, root's rights. */
import type { Findings } from "./judgement";
import { isEmpty, type Found } from "./take-over";

export function judgeIdentity({ declared, facts }: Found, findings: Findings): void {
  const { host, role, path } = declared;
  if (facts.uid !== 0) {
    findings.contradict(
      `the look at it ran as user id ${facts.uid} and not as root`,
      `log in as root, or give "${host.user ?? "the login"}" sudo without a password`,
    );
  }
  const addresses = facts.interfaces.map(({ address }) => address.split("/")[0]);
  if (!addresses.includes(host.address)) {
    findings.contradict(
      `the declared address ${host.address} is on none of its interfaces (${[...new Set(addresses)].join(", ") || "none"}; host name ${facts.hostname}): another machine may answer here`,
      `correct ${path}.address or ${path}.sshAddress`,
    );
  }
  if (!isEmpty(facts) && facts.role !== role) {
    findings.contradict(
      `runs K3s as ${facts.role} (unit ${facts.k3s.unit}); declared is ${role}`,
      `move it to hosts.${facts.role}s, or remove it from the cluster and uninstall K3s first: a node does not change its role`,
    );
  }
}
