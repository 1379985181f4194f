/** Smaller PNGs of pages: 256 colours are enough for letters and boxes, and a browser packs in haste. Pure. */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");
/** Colour types of the PNG specification (third edition, table 12). */
const RGB = 2;
const PALETTE = 3;
const COLORS = 256;

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly data: Uint8Array;
}

function chunksOf(png: Buffer): { readonly type: string; readonly data: Buffer }[] {
  const chunks: { readonly type: string; readonly data: Buffer }[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/** What a filter adds to a byte, from the bytes left of it, above, and above left (section 9.2). */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  if (filter !== 4) return 0;
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** @throws Error for another form than a browser's: 8 bits, RGB, not interlaced. */
export function readPng(png: Buffer): Pixels {
  const chunks = chunksOf(png);
  const head = chunks.find(({ type }) => type === "IHDR")?.data ?? Buffer.alloc(13);
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  if (head[8] !== 8 || head[9] !== RGB || head[12] !== 0) {
    throw new Error(`a PNG of ${head[8]} bits and colour type ${head[9]}; only 8 bits RGB, not interlaced, is read`);
  }
  const raw = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)));
  const line = width * 3;
  const data = new Uint8Array(line * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (line + 1)] ?? 0;
    for (let x = 0; x < line; x += 1) {
      const at = y * line + x;
      const left = x < 3 ? 0 : (data[at - 3] ?? 0);
      const above = y === 0 ? 0 : (data[at - line] ?? 0);
      const corner = x < 3 || y === 0 ? 0 : (data[at - line - 3] ?? 0);
      data[at] = (raw[y * (line + 1) + 1 + x] ?? 0) + predicted(filter, left, above, corner);
    }
  }
  return { width, height, data };
}

const channels = (color: number): readonly [number, number, number] => [color >> 16, (color >> 8) & 255, color & 255];

/** The most frequent colours, and the nearest of them for every other one. */
function paletteOf({ data }: Pixels): { readonly colors: readonly number[]; readonly index: Map<number, number> } {
  const counts = new Map<number, number>();
  for (let at = 0; at < data.length; at += 3) {
    const color = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const ordered = [...counts].sort((left, right) => right[1] - left[1] || left[0] - right[0]).map(([color]) => color);
  const colors = ordered.slice(0, COLORS);
  const distance = (left: number, right: number): number => {
    const other = channels(right);
    return channels(left).reduce((sum, value, channel) => sum + (value - (other[channel] ?? 0)) ** 2, 0);
  };
  const index = new Map(colors.map((color, place) => [color, place]));
  for (const color of ordered.slice(COLORS)) {
    const place = colors.reduce(
      (best, one, at) => (distance(one, color) < distance(colors[best] ?? 0, color) ? at : best),
      0,
    );
    index.set(color, place);
  }
  return { colors, index };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** The same picture with at most 256 colours, packed as well as zlib can. */
export function smallerPng(png: Buffer): Buffer {
  const pixels = readPng(png);
  const { width, height, data } = pixels;
  const { colors, index } = paletteOf(pixels);
  const lines = Buffer.alloc((width + 1) * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const at = pixel * 3;
    const color = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
    lines[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] = index.get(color) ?? 0;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, PALETTE, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(colors.flatMap(channels))),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
