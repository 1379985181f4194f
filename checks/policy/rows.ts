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
    ...allowRows(context, sites),
    ...outside.filter(isAllowed),
    ...denyRows(context, sites),
    ...egressRows(context, sites),
    ...outside.filter((row) => !isAllowed(row)),
  ];
}

/** Whether the flow table allows a line. */
export const isAllowed = ({ flow }: Row): boolean => flow !== undefined;
