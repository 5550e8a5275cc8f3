import type { Finding } from '../finding.ts';
import type { Probe } from '../probe-manager.ts';

function proxyFinding(probe: Extract<Probe, { step: 'proxy' }>): Finding {
  const { status, message: detail } = probe;
  const words = { proxy: probe.shown };
  if (status === null) return { code: 'PROXY_UNREACHABLE', detail, words };
  if (status === 407) return { code: 'PROXY_WANTS_PASSWORD', detail, words };
  return { code: status >= 500 ? 'PROXY_CANNOT_REACH' : 'PROXY_REFUSES', detail, words };
}

/** What the way to the manager means; nothing when the way is free. */
export function networkFinding(probe: Probe): Finding | undefined {
  switch (probe.step) {
    case 'proxy_invalid':
      return { code: 'PROXY_INVALID', detail: probe.message };
    case 'proxy':
      return proxyFinding(probe);
    case 'dns':
      return { code: 'DNS_FAILED', detail: probe.message };
    case 'connect':
      return {
        code: probe.code === 'ECONNREFUSED' ? 'MANAGER_PORT_CLOSED' : 'MANAGER_UNREACHABLE',
        detail: probe.message,
      };
    case 'pin':
    case 'exchange':
    case 'answer':
      return undefined;
  }
}
