import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { WebNames } from '../authority/init.ts';
import { certifiableName } from './host-names.ts';
import type { ManagerConfig } from './schema.ts';

/**
 * Names for the manager's HTTPS certificate: those of the configuration, the host of its URL, this machine's own
 * name, and loopback for the command line.
 */
export function webNamesOf(config: ManagerConfig): WebNames {
  const fromUrl =
    config.server.url === undefined ? [] : [new URL(config.server.url).hostname.replace(/^\[(.*)\]$/, '$1')];
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter((one) => !one.internal).map((one) => one.address),
  );
  const bound =
    isIP(config.server.bind) && !['0.0.0.0', '::'].includes(config.server.bind) ? [config.server.bind] : own;
  // What this machine calls itself may be no name at all; then it is not one of the manager's either.
  const itself = certifiableName(hostname());
  const names = [
    ...fromUrl,
    ...config.server.names,
    ...(itself === undefined ? [] : [itself]),
    'localhost',
    '127.0.0.1',
    ...bound.filter((one) => !one.startsWith('fe80')),
  ];
  const distinct = [...new Set(names.map((name) => name.toLowerCase()))];
  return {
    dnsNames: distinct.filter((name) => isIP(name) === 0),
    ipAddresses: distinct.filter((name) => isIP(name) !== 0),
  };
}
