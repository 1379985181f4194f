/** What keeps the copy of a datastore: another machine, or a bucket. */

/** What `hosts/backup` has made on the source. */
export interface Made {
  /** Name of the copy, without an ending. */
  readonly name: string;
  /** Where it lies on the source. */
  readonly path: string;
  /** Of the whole archive, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface Keeper {
  /** How messages call it. */
  readonly place: string;
  /**
   * Finds out, before the source begins, whether a copy can be kept: the source may have to stop K3s for a moment.
   * @throws SshError | ToolError
   */
  readonly open: (name: string) => Promise<void>;
  /**
   * Keeps the archive.
   * @param archive Ends with an error where it is not what the source has made; nothing is kept then.
   * @returns Where it lies, and the SHA-256 of what lies there.
   * @throws SshError | ToolError
   */
  readonly keep: (archive: AsyncIterable<Buffer>, made: Made) => Promise<{ path: string; sha256: string }>;
  /** Says how to go back with the copy: lines for a person, the commands indented. */
  readonly restore: (made: Made, source: string) => readonly string[];
}
