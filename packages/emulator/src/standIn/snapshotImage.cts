/*
 * Makes INIT run as it ran when the function's one snapshot was taken: all environments that are restored from an image
 * have drawn the same random bytes in it and read the same time. After the restore the platform's own randomness and clock
 * are back; what memory holds of before is the same in all: the state of `Math.random`, and the bytes that Node keeps for
 * further calls of `randomUUID` and `randomInt`
 * (https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html; nodejs/node, lib/internal/crypto/random.js).
 * One block, because a CommonJS file without exports would share its names globally.
 */
{
  const crypto = require('node:crypto') as typeof import('node:crypto');
  const fs = require('node:fs') as typeof import('node:fs');
  const nodeModule = require('node:module') as typeof import('node:module');

  type Draw = (...args: never[]) => unknown;
  type Callback = (error: null, value: unknown) => void;
  interface Image {
    readonly seed: number;
    readonly createdUnixMs: number;
    /** A file that is there once this environment has been restored. */
    readonly restoredPath: string;
    /** What the emulator has put before the function's own options. */
    readonly nodeOption: string;
  }

  /** As many of each Node draws at a time and keeps. */
  const KEPT_UUIDS = 128;
  const KEPT_INTS = 1024;

  type Fill = <T extends ArrayBufferView>(view: T, offset?: number, size?: number) => T;
  interface Generator {
    readonly draw: () => number;
    readonly fill: Fill;
    readonly uuid: () => string;
  }

  /** Makes the source of all that the image draws: mulberry32, 32 bits at a time. */
  const createGenerator = (seed: number): Generator => {
    let state = seed;
    const draw = (): number => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (mixed ^ (mixed >>> 14)) >>> 0;
    };
    const fill: Fill = (view, offset = 0, size = view.byteLength - offset) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, size);
      for (let at = 0; at < size; at++) bytes[at] = draw();
      return view;
    };
    const uuid = (): string => {
      const bytes = fill(Buffer.alloc(16));
      bytes[6] = (bytes[6]! & 0x0f) | 0x40;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    };
    return { draw, fill, uuid };
  };

  const imitateCrypto = ({ draw, fill, uuid }: Generator, isImage: () => boolean): void => {
    /** Has `replacement` called in the place of a function, until the restore and for as many calls more as Node has kept. */
    const replace = (owner: object, name: string, replacement: Draw, kept = 0): void => {
      const record = owner as Record<string, (...args: readonly unknown[]) => unknown>;
      const original = record[name]!;
      let left = 0;
      record[name] = function replaced(this: unknown, ...args: readonly unknown[]): unknown {
        if (!isImage() && left === 0) return original.apply(this, [...args]);
        left = Math.max(0, (left || kept) - 1);
        return replacement(...(args as never[]));
      };
    };
    const answer = (value: unknown, callback?: Callback): unknown => {
      if (!callback) return value;
      process.nextTick(callback, null, value);
      return undefined;
    };
    const drawBytes = (size: number, callback?: Callback): unknown =>
      answer(fill(Buffer.alloc(size)), callback);
    const fillLater = (view: ArrayBufferView, ...rest: unknown[]): void => {
      const [offset, size] = rest.slice(0, -1) as number[];
      answer(fill(view, offset, size), rest.at(-1) as Callback);
    };
    const drawInt = (...args: unknown[]): unknown => {
      const callback = typeof args.at(-1) === 'function' ? (args.pop() as Callback) : undefined;
      const [least, most] = (args.length > 1 ? args : [0, args[0]]) as [number, number];
      return answer(least + (draw() % (most - least)), callback);
    };
    replace(crypto, 'randomBytes', drawBytes);
    replace(crypto, 'randomFillSync', fill);
    replace(crypto, 'randomFill', fillLater);
    replace(crypto, 'randomInt', drawInt, KEPT_INTS);
    replace(crypto, 'randomUUID', uuid, KEPT_UUIDS);
    // What `node:crypto` has of the same names leads there.
    const webCrypto = Object.getPrototypeOf(crypto.webcrypto) as object;
    replace(webCrypto, 'getRandomValues', (view: ArrayBufferView) => fill(view));
    replace(webCrypto, 'randomUUID', uuid, KEPT_UUIDS);
    Math.random = () => draw() / 2 ** 32;
  };

  /** Has the kernel's random devices, as far as files are read synchronously, give what the image draws. */
  const imitateDevices = ({ fill }: Generator, isImage: () => boolean): void => {
    const { openSync, readSync, closeSync } = fs;
    const devices = new Set<number>();
    fs.openSync = (path, ...rest) => {
      const file = openSync(path, ...rest);
      if (path === '/dev/urandom' || path === '/dev/random') devices.add(file);
      return file;
    };
    fs.readSync = ((file: number, view: NodeJS.ArrayBufferView, ...rest: [number?, number?]) => {
      const read = readSync(file, view, ...(rest as []));
      const offset = typeof rest[0] === 'number' ? rest[0] : 0;
      if (devices.has(file) && isImage()) fill(view, offset, read);
      return read;
    }) as typeof readSync;
    fs.closeSync = (file) => {
      devices.delete(file);
      closeSync(file);
    };
  };

  /** Has INIT begin when the image's did. */
  const imitateClock = (createdUnixMs: number, isImage: () => boolean): void => {
    const NativeDate = Date;
    const lateMs = NativeDate.now() - createdUnixMs;
    const now = (): number => NativeDate.now() - (isImage() ? lateMs : 0);
    globalThis.Date = new Proxy(NativeDate, {
      construct: (target, args: [], newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
      apply: () => new NativeDate(now()).toString(),
      get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
    });
    // Whoever reaches `Date` by way of a date finds the same one.
    NativeDate.prototype.constructor = Date;
  };

  const text = process.env['CLICKSPAN_SNAPSHOT_IMAGE'];
  delete process.env['CLICKSPAN_SNAPSHOT_IMAGE'];
  if (text !== undefined) {
    const { seed, createdUnixMs, restoredPath, nodeOption } = JSON.parse(text) as Image;
    const options = process.env['NODE_OPTIONS']?.replace(nodeOption, '').trim();
    if (options) process.env['NODE_OPTIONS'] = options;
    else delete process.env['NODE_OPTIONS'];
    const { existsSync } = fs;
    let restored = existsSync(restoredPath);
    const isImage = (): boolean => !(restored ||= existsSync(restoredPath));
    // A process that is started after the restore, or again, is part of no image.
    if (!restored) {
      const generator = createGenerator(seed);
      imitateCrypto(generator, isImage);
      imitateDevices(generator, isImage);
      nodeModule.syncBuiltinESMExports();
      imitateClock(createdUnixMs, isImage);
    }
  }
}
