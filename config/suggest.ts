import { distance } from "fastest-levenshtein";

/**
 * The candidate that a mistyped word most likely stands for, or undefined when none is near. Case does not count;
 * up to a third of the letters may differ (at least one, so that short words can be helped too).
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}
