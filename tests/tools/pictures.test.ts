import { crc32, deflateSync } from "node:zlib";
import { findBrowser } from "../../tools/pictures/browser";
import { readPng, smallerPng } from "../../tools/pictures/png";

/** A PNG as a browser writes it, each line with another filter. */
function browserPng(width: number, height: number, color: (x: number, y: number) => readonly number[]): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32BE(data.length);
    numbers.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
  };
  const at = (x: number, y: number, channel: number) => (x < 0 || y < 0 ? 0 : (color(x, y)[channel] ?? 0));
  const lines = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const filter = y % 3;
    lines[y * (width * 3 + 1)] = filter;
    for (let x = 0; x < width; x += 1) {
      for (const channel of [0, 1, 2]) {
        const before = filter === 1 ? at(x - 1, y, channel) : filter === 2 ? at(x, y - 1, channel) : 0;
        lines[y * (width * 3 + 1) + 1 + x * 3 + channel] = at(x, y, channel) - before;
      }
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(lines, { level: 0 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test("a picture is read, whatever filters its lines have", () => {
  const color = (x: number, y: number) => [x * 20, y * 30, (x + y) * 10];
  const { width, height, data } = readPng(browserPng(5, 4, color));
  expect([width, height]).toEqual([5, 4]);
  const wanted = Array.from({ length: 20 }, (_, pixel) => color(pixel % 5, Math.floor(pixel / 5))).flat();
  expect([...data]).toEqual(wanted);
});

test("a smaller one has its colours in a palette and is smaller", () => {
  const png = browserPng(64, 32, (x) => (x % 2 === 0 ? [255, 255, 255] : [20, 30, 40]));
  const small = smallerPng(png);
  expect(small.length).toBeLessThan(png.length / 4);
  expect(small.subarray(0, 8)).toEqual(png.subarray(0, 8));
  // Width, height, 8 bits, palette; then the two colours, the first one first.
  expect(small.subarray(16, 26).toString("hex")).toBe("00000040000000200803");
  expect(small.toString("latin1")).toContain(`PLTE${Buffer.from([20, 30, 40, 255, 255, 255]).toString("latin1")}`);
});

test("with more than 256 colours the rare ones become their nearest neighbours", () => {
  const small = smallerPng(browserPng(40, 40, (x, y) => [x, y, 0]));
  const palette = small.indexOf("PLTE");
  expect(small.readUInt32BE(palette - 4)).toBe(256 * 3);
});

test("another form is refused", () => {
  const png = browserPng(2, 2, () => [0, 0, 0]);
  png[25] = 6;
  expect(() => readPng(png)).toThrow("a PNG of 8 bits and colour type 6; only 8 bits RGB, not interlaced, is read");
});

test("a browser is looked for on PATH alone", () => {
  expect(findBrowser({ PATH: "/nonexistent" })).toBeUndefined();
  expect(findBrowser({})).toBeUndefined();
});
