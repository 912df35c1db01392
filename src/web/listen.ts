import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VisavisError } from '../core/platform/errors.ts';

/** Waits until the server listens. @returns the port @throws VisavisError `port_in_use` */
export async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new VisavisError(
          'port_in_use',
          `port ${port} is taken by another program; choose another one with PORT=…`,
          { cause: error },
        ),
      );
    });
  });
  return (server.address() as AddressInfo).port;
}
