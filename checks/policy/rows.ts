/**
 * The lines of the truth table that are probed. Whether one is allowed says the flow table alone (`reachable`), never a
 * policy. Pure.
 */
import type { PolicyContext } from "../../components/network-policies/context";
import { allowRows } from "./allow-rows";
import { denyRows, egressRows } from "./deny-rows";
import { outsideRows, type Parties } from "./outside-rows";
import { type Row, Sites } from "./row";
import type { Site } from "./sites";

/** All lines, allow rows first. */
export function rowsOf(context: PolicyContext, all: readonly Site[], parties: Parties): Row[] {
  const sites = new Sites(all);
  const outside = outsideRows(context, sites, parties);
  return [
    ...freeRows(sites),
    ...allowRows(context, sites),
    ...outside.filter(isAllowed),
    ...denyRows(context, sites),
    ...egressRows(context, sites),
    ...outside.filter((row) => !isAllowed(row)),
  ];
}

/** Whether a line must be possible. */
export const isAllowed = ({ flow, isFree }: Row): boolean => flow !== undefined || isFree === true;

/** Strangers ask each other, both ways: the baseline of every line across nodes, and where a changed source shows. */
function freeRows(sites: Sites): Row[] {
  const strangers = sites.role("stranger");
  return strangers.flatMap((from) =>
    strangers
      .filter((to) => to !== from)
      .map((to) => ({
        from: from.side,
        to: to.side,
        port: to.ports[0]!,
        isFree: true as const,
        why: "no policy is about either of them: what fails here is the network itself",
        paths: [{ from: from.key, to: to.key }],
      })),
  );
}
