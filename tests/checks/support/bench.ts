/** Results of benches for tests. */
import type { BenchResult, MeasuredPath, Round } from "../../../checks/bench/result";
import { summarize } from "../../../checks/bench/statistics";

/** A round whose latencies are around some value in ms. */
export const round = (ms: number, perSecond = 1000 / ms, connectMs?: number): Round => ({
  latencyMs: summarize([ms * 0.9, ms, ms, ms * 1.5]),
  ...(connectMs === undefined ? {} : { connectMs: summarize([connectMs]) }),
  perSecond,
  failures: 0,
});

export const path = (id: string, rounds: readonly Round[], more: Partial<MeasuredPath> = {}): MeasuredPath => ({
  id,
  title: `title of ${id}`,
  from: "here",
  to: "there",
  rounds: [...rounds],
  ...more,
});

export const resultOf = (paths: readonly MeasuredPath[], more: Partial<BenchResult> = {}): BenchResult => ({
  version: 1,
  kind: "seldon-k3s.bench-network",
  stack: "staging",
  uid: "1111-2222",
  at: "2026-11-23T02:00:00.000Z",
  cni: "calico",
  kubernetes: "v1.33.8+k3s1",
  image: "mlserver:1.7.1",
  settings: { rounds: 5, requests: 200, concurrency: 8, seconds: 2 },
  paths: [...paths],
  usage: [],
  skipped: [],
  ...more,
});
