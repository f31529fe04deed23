import type { AxonPush, LogSinkOptions } from './index.js';

export interface PinoDestinationOptions extends LogSinkOptions {
  /** As in pino's options. Default `msg`. */
  messageKey?: string;
  /** As in pino's options. Default `err`. */
  errorKey?: string;
}

/**
 * A destination for pino: `pino(pinoDestination(client))`, or beside others with `pino.multistream`. Lines are published in the
 * background, in the trace that is current where they are written. It never throws; close the client yourself.
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
