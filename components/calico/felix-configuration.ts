/** The `FelixConfiguration` named `default`: what Felix, Calico's agent on every node, must know before it starts. Pure. */
import type { CalicoVersion } from "../../config/compatibility";
import type { StackConfig } from "../../config/schema";
import { failsafePorts, type FailsafePort } from "./host-rules";

/**
 * Bits of the packet mark that Felix may use. Felix' own default, 0xffff0000, covers 0x10000 and 0x20000, which belong
 * to K3s' policy controller (kube-router): the two would read each other's marks while both run. Below that lie
 * kube-proxy's 0x4000 and 0x8000 and portmap's 0x2000. What is left above is enough: Felix wants 8 bits.
 *
 * - 3.31: 0xfff00000, measured beside kube-router 2.5 (Felix 3.31.7 then uses 0x100000 and up).
 * - 3.32: the same without the top bit. The CRD says `format: int32`, and Kubernetes 1.36, which this line runs on and
 *   3.31 does not, enforces that: "Checked value must be of type integer with format int32" (validated with
 *   apiextensions-apiserver 0.36.4; 0.33.13 and 0.34.9 ignore the format and take both values).
 */
export const MARK_MASK: Readonly<Record<CalicoVersion, number>> = {
  "3.31.7": 0xfff00000,
  "3.32.1": 0x7ff00000,
};

/** Fields of FelixConfiguration `default` that the stack owns. The operator adds its own and keeps these (measured). */
export interface FelixConfigurationSpec {
  /**
   * For the data plane iptables. Not for eBPF: its programs take 0x1ff00000 for themselves, and Felix needs six bits beside
   * those or panics (felix/dataplane/driver.go, 3.31.7 and 3.32.1); its own default leaves seven. In nftables mode Felix reads
   * `nftablesMarkMask` instead, whose default is right there, because K3s' policy controller does not run with Calico.
   */
  readonly iptablesMarkMask?: number;
  /** Pods' traffic between nodes goes through WireGuard, where both nodes can; by default it is not encrypted. */
  readonly wireguardEnabled?: true;
  /** What host endpoints never close. Stands before the first of them exists. */
  readonly failsafeInboundHostPorts?: readonly FailsafePort[];
}

/**
 * Only what must be right before Felix starts, because changing it later restarts Felix on every node. What the
 * Installation decides (MTU, metrics port, data plane) is not repeated here.
 */
export function felixConfigurationSpec(
  config: Pick<StackConfig, "network" | "calico" | "hosts">,
): FelixConfigurationSpec {
  const { version, dataplane, wireguard, hostEndpoints } = config.calico;
  return {
    ...(dataplane === "bpf" ? {} : { iptablesMarkMask: MARK_MASK[version] }),
    ...(wireguard ? { wireguardEnabled: true } : {}),
    ...(hostEndpoints.mode === "off" ? {} : { failsafeInboundHostPorts: failsafePorts(config) }),
  };
}
