/** Line differences of two texts, for people. */

type Edit = { readonly kind: " " | "-" | "+"; readonly line: string };

/** Longest common subsequence of the lines, after what both texts begin and end with has been set aside. */
function edits(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  const same = (line: string): Edit => ({ kind: " ", line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  // lengths[i][j]: common lines of before[i..] and after[j..].
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const result: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [left, right] = [before[i], after[j]];
    if (left !== undefined && left === right) {
      result.push({ kind: " ", line: left });
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && at(i + 1, j) >= at(i, j + 1))) {
      result.push({ kind: "-", line: left ?? "" });
      i++;
    } else {
      result.push({ kind: "+", line: right });
      j++;
    }
  }
  return result;
}

/**
 * Lines that differ, `-` before and `+` after, with their neighbours; `...` where equal lines are left out. Empty when
 * the texts are equal.
 *
 * @param context number of equal lines shown round each difference.
 */
export function lineDiff(before: string, after: string, context = 3): string {
  const all = edits(before.split("\n"), after.split("\n"));
  const near = new Set<number>();
  all.forEach(({ kind }, index) => {
    for (let i = index - context; kind !== " " && i <= index + context; i++) near.add(i);
  });
  const shown = all.flatMap(({ kind, line }, index) => {
    if (near.has(index)) return [`${kind} ${line}`];
    return near.has(index + 1) ? ["..."] : [];
  });
  return near.size === 0 ? "" : shown.join("\n");
}
