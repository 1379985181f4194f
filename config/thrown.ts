/** What was thrown: nothing says that it is an Error. */

/** The text of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** An Error that was thrown, or one that tells of what was thrown instead. */
export const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
