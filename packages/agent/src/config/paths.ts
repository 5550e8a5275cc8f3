import { join, resolve } from 'node:path';
import { type PinPlace, pinPlace } from '@linux-patch/worker';

/** Where the agent finds and keeps its things unless the configuration moves them. */
export interface AgentPaths {
  readonly configFile: string;
  readonly allowListFile: string;
  /** What the host's own administrator allows. */
  readonly policyFile: string;
  /** Where a join string is found without being configured. */
  readonly joinFile: string;
  readonly certificatesFolder: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly crl: string;
  readonly dataFolder: string;
  /** The addresses of the manager, as the agent learned them. */
  readonly learnedAddresses: string;
  /** Which key signs the changes that this host does. */
  readonly jobKey: PinPlace;
  /** Where an agent without TLS listens. */
  readonly apiSocket: string;
  readonly jobsFolder: string;
  readonly auditLog: string;
}

/** The default paths under a root folder; `/` on a real host. */
export function agentPaths(root: string): AgentPaths {
  const under = (path: string): string => join(resolve(root), path);
  const certificatesFolder = under('/etc/linux_patch_api/certs');
  const dataFolder = under('/var/lib/linux_patch_api');
  return {
    configFile: under('/etc/linux_patch_api/config.yaml'),
    policyFile: under('/etc/linux_patch_api/policy.yaml'),
    joinFile: under('/etc/linux_patch_api/join'),
    allowListFile: under('/etc/linux_patch_api/whitelist.yaml'),
    certificatesFolder,
    ca: join(certificatesFolder, 'ca.pem'),
    certificate: join(certificatesFolder, 'server.pem'),
    key: join(certificatesFolder, 'server.key.pem'),
    crl: join(certificatesFolder, 'crl.pem'),
    dataFolder,
    learnedAddresses: join(dataFolder, 'state/manager-addresses.json'),
    jobKey: pinPlace(resolve(root)),
    apiSocket: join(dataFolder, 'api.sock'),
    jobsFolder: join(dataFolder, 'jobs'),
    auditLog: under('/var/log/linux_patch_api/audit.log'),
  };
}
