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
  /** What pino knows a destination by. */
  readonly writable: true;
  write(line: string): void;
  /** Lines that could not be handed over. */
  readonly lost: number;
};
