/** Input series by name with labels: Prometheus' notation for unit tests, one sample a minute. */
export type Series = Readonly<Record<string, string>>;

/** One alert, seen firing and seen silent. */
export interface AlertCase {
  readonly alert: string;
  readonly fires: {
    readonly when: string;
    readonly series: Series;
    /** When to look, from the first sample on. */
    readonly at: string;
    /** Labels of the alert, but for its name and severity. */
    readonly labels: Readonly<Record<string, string>>;
    /** How the texts of the alert show the value; absent where they do not. */
    readonly value?: string;
  };
  /** Near misses: the same metrics, and no reason to wake anybody. */
  readonly silent: readonly { readonly when: string; readonly series: Series; readonly at: string }[];
}

/** A value that stays. */
export const steady = (value: number, minutes = 120): string => `${value}+0x${minutes}`;
/** A counter that grows by so much a minute. */
export const growing = (byMinute: number, minutes = 120): string => `0+${byMinute}x${minutes}`;
/** One value for some minutes, then another. */
export const then = (first: number, minutes: number, second: number, more = 120): string =>
  `${first}+0x${minutes - 1} ${second}+0x${more}`;
