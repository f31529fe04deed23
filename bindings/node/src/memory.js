import koffi from 'koffi';

import { invalidArgument } from './error.js';
import { convert } from './layout.js';

/** @import { Member, Struct } from './layout.js' */

/**
 * Members and their values in turn. The list is flat because pairs would be most of the garbage that enqueue() produces.
 * @typedef {string | number | bigint} Value
 * @typedef {(Member | Value)[]} Values
 */

const RESULTS = 16;

/**
 * Memory that C reads and writes during one call: two result slots, followed by structs and strings.
 *
 * The structs are written here, byte by byte, and C is passed plain addresses. Having koffi convert objects costs five times as
 * much. An ArrayBuffer of this size lies outside the JavaScript heap and does not move. Whoever passes an address keeps the
 * `Memory` referenced until the call has returned.
 */
export class Memory {
  #bytes;
  #words;
  #longs;
  #end = RESULTS;

  /** @param {number} capacity */
  constructor(capacity) {
    const buffer = new ArrayBuffer(Math.max(4096, Math.ceil(capacity / 8) * 8));
    this.capacity = buffer.byteLength;
    this.#bytes = Buffer.from(buffer);
    this.#words = new Uint32Array(buffer);
    this.#longs = new BigUint64Array(buffer);
    this.address = Number(koffi.address(this.#bytes));
  }

  /** Empties the memory. */
  clear() {
    this.#end = RESULTS;
    this.#longs[0] = 0n;
    this.#longs[1] = 0n;
    return this;
  }

  /** Where the call writes its error, or its only result. */
  get errorSlot() {
    return this.address;
  }
  get responseSlot() {
    return this.address + 8;
  }
  get error() {
    return this.#longs[0];
  }
  get response() {
    return this.#longs[1];
  }

  /**
   * Adds a string and returns its address. The caller has made sure that it fits (see {@link room}).
   * @param {string} string
   */
  string(string) {
    const start = this.#end;
    this.#end = start + this.#bytes.write(string, start) + 1;
    this.#bytes[this.#end - 1] = 0;
    return this.address + start;
  }

  /**
   * Adds a struct with values that convert() returned, and returns its address.
   * @param {Struct} struct
   * @param {Values} values
   */
  struct(struct, values) {
    const start = (this.#end + 7) & ~7;
    this.#end = start + struct.size;
    this.#words.fill(0, start >> 2, this.#end >> 2);
    this.#words[start >> 2] = struct.size;
    for (let n = 0; n < values.length; n += 2) {
      const member = /** @type {Member} */ (values[n]);
      const value = /** @type {Value} */ (values[n + 1]);
      const at = start + member.offset;
      if (typeof value === 'string') {
        const before = this.#end;
        this.#pointer(at, this.string(value));
        if (member.kind === 'json') this.#words[(at >> 2) + 2] = this.#end - before - 1;
      } else if (member.kind === 'u64' || member.kind === 'struct') {
        this.#longs[at >> 3] = BigInt(value);
      } else {
        this.#words[at >> 2] = Number(value);
      }
    }
    return this.address + start;
  }

  /**
   * Reads the numbers of a struct that C has filled in.
   * @param {Struct} struct
   * @param {number} address
   */
  numbers(struct, address) {
    /** @type {Record<string, any>} */
    const numbers = {};
    const start = address - this.address;
    for (const [name, member] of struct.members) numbers[name] = Number(this.#longs[(start + member.offset) >> 3]);
    return numbers;
  }

  /**
   * @param {number} at
   * @param {number} address
   */
  #pointer(at, address) {
    this.#words[at >> 2] = address >>> 0;
    this.#words[(at >> 2) + 1] = Math.floor(address / 2 ** 32);
  }
}

/**
 * The largest number of bytes that a struct and its strings can take.
 * @param {Struct} struct
 * @param {Values} values
 */
export function room(struct, values) {
  let bytes = RESULTS + struct.size + 8;
  for (let n = 1; n < values.length; n += 2) {
    const value = values[n];
    if (typeof value === 'string') bytes += stringRoom(value);
  }
  return bytes;
}

/** @param {string | null} string */
export function stringRoom(string) {
  return string === null ? 0 : string.length * 3 + 1;
}

/**
 * Converts the values of an object, so that they can be written. Null and undefined values are left out.
 * @param {Struct} struct
 * @param {object | null | undefined} object
 * @param {string} what the object's name, for error messages
 */
export function valuesOf(struct, object, what) {
  /** @type {Values} */
  const values = [];
  if (object === undefined || object === null) return values;
  if (typeof object !== 'object') throw invalidArgument(`${what}: expected an object, got ${typeof object}`);
  for (const name in object) {
    const member = struct.members.get(name);
    if (member === undefined) throw invalidArgument(`${what}.${name}: there is no such member`);
    const value = /** @type {Record<string, unknown>} */ (object)[name];
    if (value !== undefined && value !== null) values.push(member, convert(member, name, value));
  }
  return values;
}

/** Shared by all calls that C has finished with when they return. The strings of ordinary events fit. */
const shared = new Memory(256 * 1024);

/**
 * Returns memory for a call that C has finished with when it returns.
 * @param {number} bytes
 */
export function shortLived(bytes) {
  return bytes <= shared.capacity ? shared.clear() : new Memory(bytes);
}

