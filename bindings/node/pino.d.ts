import type { AxonPush, LogSinkOptions } from './index.js';

export interface PinoDestinationOptions extends LogSinkOptions {
  /** As in pino's options. Default `msg`. */
  messageKey?: string;
  /** As in pino's options. Default `err`. */
  errorKey?: string;
}

/**
 * A destination for pino: `pino(pinoDestination(client))`, or beside others `pino({}, pino.multistream([…]))`. (As its only argument,
 * pino would take a multistream for options and not write to it.) Lines are published in the background, in the trace that is current
 * where they are written. It never throws. Closing the client is up to you.
 */
export declare function pinoDestination(
  client: AxonPush,
  options?: PinoDestinationOptions,
): {
  /** By this member pino tells a destination from an options object. */
  readonly writable: true;
  write(line: string): void;
  /** The number of lines that could not be enqueued. */
  readonly lost: number;
};
