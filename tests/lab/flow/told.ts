/** What an `up` said, as tests want it. */
import type { UpResult } from "./flow";

/** The lines that tell what went wrong; nothing where nothing did. */
export const explained = ({ code, log }: UpResult): string => (code === 0 ? "" : log.split("\n").slice(-40).join("\n"));

/** What a report wraps, in one line. */
export const unwrapped = (log: string): string => log.replace(/\n[^|\n]*\|\s*/g, " ").replace(/\s+/g, " ");

/** Machines whose K3s was restarted, in that order. */
export const restarts = ({ log }: UpResult): string[] =>
  [...log.matchAll(/seldon-k3s: (\w+): restarting k3s/g)].map(([, name]) => name!);
