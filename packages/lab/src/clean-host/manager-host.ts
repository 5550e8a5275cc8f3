import type { LabHost } from '../hosts/host.ts';
import type { Flavour } from '../hosts/images.ts';
import { installPackage } from './install.ts';
import { untilActive } from './unit.ts';

const UNIT = 'linux-patch-manager.service';

/** A manager on a host of its own, installed from its package. */
export interface ManagerHost {
  readonly host: LabHost;
  readonly url: string;
  /** Runs a command of the manager's program on its host and returns its JSON. */
  json(...args: string[]): Promise<unknown>;
}

/** Installs the manager, makes its CA and starts it, as the deployment guide says. */
export async function installManager(host: LabHost, flavour: Flavour): Promise<ManagerHost> {
  await installPackage(host, flavour, { name: 'linux-patch-manager' });
  const name = `${host.name}.lab.example`;
  const url = `https://${name}:8443`;
  await host.must('linux-patch-manager', ['init', '--url', url, '--name', name]);
  await host.must('systemctl', ['start', UNIT]);
  await untilActive(host, ['active'], UNIT);
  return {
    host,
    url,
    json: async (...args) =>
      JSON.parse(await host.must('linux-patch-manager', [...args, '--json'])) as unknown,
  };
}
