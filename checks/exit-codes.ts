/**
 * The exit codes of every command of this project that judges something (decision 9 in docs/decisions.md).
 *
 * 0 clean or go; 1 failed or no-go; 2 could not look; 7 drift. Drift beats "could not look" (the gaps are listed in
 * the report), because a difference that was seen is a fact whatever else could not be read. A failure beats both:
 * what is broken must be mended before anybody compares it with what is declared.
 */
export const EXIT = { clean: 0, failed: 1, couldNotLook: 2, drift: 7 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command that a signal stopped: 128 + SIGINT, as shells count. */
export const EXIT_INTERRUPTED = 130;
