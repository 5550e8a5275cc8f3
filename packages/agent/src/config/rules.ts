import { BlockList, isIP } from 'node:net';
import type { ConfigurationRule } from '@linux-patch/runtime/configuration';
import type { AgentConfig } from './schema.ts';

/** Whether an address never leaves the host; IPv4 written as IPv6 counts as IPv4. */
function isLoopback(address: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return isIP(address) !== 0 && loopback.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** Whether the manager runs on this host: a loopback address, or a name that means one (RFC 6761 §6.3). */
function isOnThisHost(managerUrl: string | undefined): boolean {
  if (managerUrl === undefined) return false;
  const host = new URL(managerUrl).hostname.replace(/^\[|\]$/g, '');
  return isLoopback(host) || /^(?:.+\.)?localhost\.?$/.test(host);
}

/** Conditions over several keys of the agent's configuration. */
export const AGENT_CONFIG_RULES: readonly ConfigurationRule<AgentConfig>[] = [
  {
    reads: ['tls.port', 'server.port'],
    check: ({ tls, server }, given) =>
      tls.port !== undefined && given('server.port') && tls.port !== server.port
        ? {
            path: 'tls.port',
            message: `is ${tls.port} while server.port is ${server.port}; it is an older name of the same port: remove it`,
          }
        : undefined,
  },
  {
    reads: ['logging.syslog_enabled', 'logging.syslog_server'],
    check: ({ logging }) =>
      logging.syslog_enabled && logging.syslog_server === undefined
        ? {
            path: 'logging.syslog_enabled',
            message:
              'needs logging.syslog_server (HOST or HOST:PORT); the local log is reached through the journal',
          }
        : undefined,
  },
  {
    reads: ['enrollment.manager_url', 'enrollment.allow_plain_http'],
    check: ({ enrollment }) =>
      enrollment.manager_url?.startsWith('http:') && !enrollment.allow_plain_http
        ? {
            path: 'enrollment.manager_url',
            kind: 'plain_http',
            message:
              'must be https; plain http can be read and changed on the way (enrollment.allow_plain_http: true accepts that)',
          }
        : undefined,
  },
  {
    reads: ['enrollment.report_ip', 'enrollment.manager_url'],
    check: ({ enrollment }) =>
      enrollment.report_ip !== undefined &&
      isLoopback(enrollment.report_ip) &&
      !isOnThisHost(enrollment.manager_url)
        ? {
            path: 'enrollment.report_ip',
            message:
              'must be an address that the manager can reach; a loopback address is reached by this host only, ' +
              'so it needs an enrollment.manager_url on this host',
          }
        : undefined,
  },
];
