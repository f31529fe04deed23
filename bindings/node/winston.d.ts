import Transport from 'winston-transport';

import type { AxonPush, LogSinkOptions } from './index.js';

export interface WinstonTransportOptions extends LogSinkOptions, Transport.TransportStreamOptions {}

/**
 * A transport for winston: `createLogger({ transports: [new AxonPushTransport(client)] })`. Lines are published in the
 * background, in the trace that is current where they are written. It never throws; close the client yourself.
 */
export declare class AxonPushTransport extends Transport {
  constructor(client: AxonPush, options?: WinstonTransportOptions);
  /** The number of lines that could not be enqueued. */
  get lost(): number;
  log(info: any, next: () => void): void;
}
