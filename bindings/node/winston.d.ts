import type { Writable } from 'node:stream';

import type { AxonPush, LogSinkOptions } from './index.js';

/** The options of the sink, and those that winston's transports have in common. */
export interface WinstonTransportOptions extends LogSinkOptions {
  /** The least severe level to publish. Default: the logger's. */
  level?: string;
  /** A format for this transport, of `winston.format`. */
  format?: { transform(info: any, options?: any): any; options?: any };
  /** Publishes nothing. */
  silent?: boolean;
  /** Publishes uncaught exceptions, too. */
  handleExceptions?: boolean;
  /** Publishes unhandled rejections, too. */
  handleRejections?: boolean;
}

/**
 * A transport for winston: `createLogger({ transports: [new AxonPushTransport(client)] })`. Lines are published in the
 * background, in the trace that is current where they are written. It never throws. Closing the client is up to you.
 */
export declare const AxonPushTransport: new (client: AxonPush, options?: WinstonTransportOptions) => AxonPushTransport;
export interface AxonPushTransport extends Writable {
  level?: string;
  format?: WinstonTransportOptions['format'];
  silent?: boolean;
  handleExceptions?: boolean;
  handleRejections?: boolean;
  /** The number of lines that could not be enqueued. */
  readonly lost: number;
  log(info: any, next: () => void): void;
}
