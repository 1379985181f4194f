/** How fast a step looks and how patient it is, in milliseconds. Tests are in more of a hurry. */
export interface Pace {
  /** Pause between two looks at something that is waited for. */
  readonly lookMs: number;
  /** The same where a moment is all that it takes: pods of a proof, a new namespace. */
  readonly quickLookMs: number;
  /** Pause before a request is repeated that the API server did not answer. */
  readonly retryMs: number;
  /** Pause before an eviction is asked for again that a disruption budget did not allow. */
  readonly evictMs: number;
  /**
   * How long a replacement must have been Ready before the next pod of its workload goes: kube-proxy gathers changes for
   * a second before it writes rules, so until then some node may know only the pods that are about to go.
   */
  readonly settleMs: number;
  /** How long a workload may lack replicas before its pods are refused to be moved. */
  readonly completeMs: number;
  /**
   * How long a node may take to become Ready after its K3s was restarted. Kubernetes evicts the pods of a node that is not
   * Ready for 5 minutes, so whoever can mend it must be told well before.
   */
  readonly nodeMs: number;
  /** How long pods may take to tell their address, or to go. */
  readonly addressMs: number;
}

export const PACE: Pace = {
  lookMs: 500,
  quickLookMs: 200,
  retryMs: 1_000,
  evictMs: 2_000,
  settleMs: 2_000,
  completeMs: 120_000,
  nodeMs: 180_000,
  // Longer than the grace periods that are in use: Seldon's servers have 120 s.
  addressMs: 600_000,
};
