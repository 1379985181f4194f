/** A tar archive (POSIX ustar) that is the same, byte for byte, whenever its entries are: no clock, no owner, no order of a folder. */

/** One entry. Folders end in a slash. */
export interface TarEntry {
  /** Relative path, at most 100 characters. */
  readonly path: string;
  /** Content of a file; absent for a folder or a link. */
  readonly content?: Buffer;
  /** Permission bits. @default 0o755 for folders and 0o644 for files */
  readonly mode?: number;
  /** What a symbolic link points to. */
  readonly link?: string;
}

const BLOCK = 512;

/** The bytes of an archive with these entries, in this order. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  const folder = entry.path.endsWith("/");
  const block = Buffer.alloc(BLOCK);
  const text = (value: string, offset: number, length: number) => {
    if (Buffer.byteLength(value) > length)
      throw new Error(`tar: "${value}" is longer than the ${length} bytes that ustar has for it; use a shorter name`);
    block.write(value, offset, "utf8");
  };
  const octal = (value: number, offset: number, length: number) =>
    text(value.toString(8).padStart(length - 1, "0"), offset, length);
  text(entry.path, 0, 100);
  octal(entry.mode ?? (folder ? 0o755 : entry.link === undefined ? 0o644 : 0o777), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  text(folder ? "5" : entry.link === undefined ? "0" : "2", 156, 1);
  text(entry.link ?? "", 157, 100);
  text("ustar\u000000", 257, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}
