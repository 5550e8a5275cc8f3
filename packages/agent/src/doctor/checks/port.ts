import { isIP } from 'node:net';
import { hasAddress } from '@linux-patch/runtime';
import { askPortHolder } from '../../worker-link/port-holder.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'root' | 'files' | 'network' | 'commands' | 'paths'>;
type Known = Pick<DoctorHost, 'config' | 'inspection' | 'enrollment' | 'agents'>;

/** Who listens on the agent's port, and whether there are two agents. */
export async function checkPort(at: At, host: Known): Promise<Finding[]> {
  const { files, root, commands } = at;
  const { agents, config } = host;
  const findings: Finding[] = [];
  // Without TLS no port is bound.
  const holder = config.tls.enabled
    ? await askPortHolder(
        { root, files, commands, configFile: at.paths.configFile, backend: config.package_manager.backend },
        config.server.port,
      )
    : undefined;
  const serving = agents.find((agent) => agent.pid === holder?.pid);
  const [first, ...more] = agents.toSorted((a, b) => Number(b === serving) - Number(a === serving));
  const second = more.at(-1);
  if (first !== undefined && second !== undefined) {
    const pids = agents.map((agent) => agent.pid).join(' and ');
    findings.push({
      code: 'SECOND_AGENT',
      detail: `Agents with the folders below ${root}: process ${pids}.`,
      words: { pid: second.pid },
    });
  }
  if (holder !== undefined && serving === undefined) {
    findings.push({
      code: 'PORT_TAKEN',
      detail: `${holder.program} (process ${holder.pid}) listens on port ${config.server.port}.`,
      words: { pid: holder.pid },
    });
  }
  return [...findings, ...checkAddress(at, host), ...checkReach(host)];
}

function checkAddress({ network }: At, { config }: Known): Finding[] {
  const { bind } = config.server;
  const own = network.addresses().map(({ address }) => address);
  if (!config.tls.enabled || hasAddress(own, bind)) return [];
  return [{ code: 'BIND_ADDRESS_MISSING', detail: `server.bind is ${bind}.` }];
}

const LOOPBACK = /^(?:127\..*|::1)$/;

/** Whether who calls the reported address meets the listener. A listener at one address may be behind NAT; nobody knows. */
function checkReach({ config, inspection, enrollment }: Known): Finding[] {
  const { bind } = config.server;
  const told = enrollment.pending?.ip_address ?? inspection.meta.reported_address;
  if (!config.tls.enabled || told === undefined) return [];
  const isOtherFamily = bind === '0.0.0.0' && isIP(told) === 6;
  const isOnlyLocal = LOOPBACK.test(bind) && !LOOPBACK.test(told);
  if (!isOtherFamily && !isOnlyLocal) return [];
  return [
    {
      code: 'BIND_MISSES_ADDRESS',
      detail: `server.bind is ${bind}, and the address that the manager was told is ${told}.`,
    },
  ];
}
