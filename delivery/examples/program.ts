/** Which version the examples say that they are of: they are the same at every commit. */
export const PROGRAM = "1.2.3+0123456789ab";
